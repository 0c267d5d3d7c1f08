// The page's entry: the views by address, and what every view has around it.

import { h, fill, toast } from "./lib/dom.js";
import { connect, events } from "./lib/events.js";
import { isLiveCall } from "./lib/format.js";
import { publishCookie } from "./lib/session.js";
import { phoneLine } from "./audio/phone-line.js";
import { phoneButtons } from "./views/phone.js";
import "./elements/question-dialog.js";
import "./views/call.js";
import "./views/campaign.js";
import "./views/campaigns.js";
import "./views/chat.js";
import "./views/dnd.js";
import "./views/inbox.js";
import "./views/report.js";
import "./views/settings.js";

const ROUTES = [
  [/^#\/chat$/, "od-chat-view", "chat"],
  [/^#\/campaigns$/, "od-campaigns-view", "campaigns"],
  [/^#\/campaigns\/(\d+)$/, "od-campaign-view", "campaigns"],
  [/^#\/campaigns\/(\d+)\/report$/, "od-report-page", "campaigns"],
  [/^#\/calls\/([\w-]+)$/, "od-call-view", "campaigns"],
  [/^#\/inbox$/, "od-inbox-view", "inbox"],
  [/^#\/dnd$/, "od-dnd-view", "dnd"],
  [/^#\/phone$/, "od-phone-view", "phone"],
  [/^#\/settings$/, "od-settings-view", "settings"],
];
const HEALTH_PAUSE_MS = 15000;

const main = document.getElementById("main");
const chat = document.createElement("od-chat-view");
let first = true;

function route() {
  const address = location.hash || "#/chat";
  const match = ROUTES.map(([pattern, tag, tab]) => [pattern.exec(address), tag, tab]).find(([found]) => found);
  if (!match) {
    location.replace("#/chat");
    return;
  }
  const [[, key = null], tag, tab] = match;
  const view = tag === "od-chat-view" ? chat : h(tag, { key });
  main.replaceChildren(view);
  for (const link of document.querySelectorAll("nav a[data-tab]")) {
    if (link.dataset.tab === tab) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (!first) main.focus({ preventScroll: true });
  if (tag !== "od-chat-view") window.scrollTo({ top: 0 });
  first = false;
}

/** Say at the page's top what is down, as long as it is. */
async function watchHealth() {
  const place = document.getElementById("trouble");
  const state = await fetch("/readyz").then((response) => response.json()).catch(() => null);
  const down = state?.parts.filter(({ ok }) => !ok) ?? [];
  const lines = down.map(({ name, detail }) => h("p", {}, h("strong", {}, `${name} is down. `), detail));
  if (state === null) lines.push(h("p", {}, h("strong", {}, "OpenDeep does not answer. "), "This page tries again by itself."));
  const stop = await fetch("/api/stop").then((response) => response.json()).catch(() => null);
  if (stop?.stopped) lines.push(h("p", {}, h("strong", {}, "All calls are stopped. "), `${stop.reason} `, h("a", { href: "#/campaigns" }, "Go on")));
  stop?.resting?.forEach(({ reason }) => lines.push(h("p", {}, h("strong", {}, "The telephone trunk rests. "), reason)));
  if (place.textContent !== lines.map((line) => line.textContent).join("")) fill(place, lines);
  place.hidden = lines.length === 0;
  setTimeout(watchHealth, HEALTH_PAUSE_MS);
}

/** A way to the live call from anywhere. */
function watchLiveCall() {
  const pill = document.getElementById("live-pill");
  const live = new Map();
  const show = () => {
    const [current] = [...live.values()].slice(-1);
    pill.hidden = !current || main.querySelector(`od-live-call[call-id="${CSS.escape(current.id)}"]`) !== null;
    if (pill.hidden) return;
    pill.href = `#/calls/${current.id}`;
    pill.querySelector("span").textContent = `On the phone: ${current.task_title}`;
  };
  events.addEventListener("person_reached", ({ detail: call }) => tellThrough(call));
  events.addEventListener("call_changed", ({ detail: call }) => {
    if (isLiveCall(call.status)) live.set(call.id, call);
    else live.delete(call.id);
    show();
  });
  new MutationObserver(show).observe(main, { childList: true, subtree: true });
}

function watchConnection() {
  const mark = document.getElementById("connection");
  const show = (online) => {
    mark.dataset.online = String(online);
    mark.textContent = online ? "Connected" : "Connecting …";
  };
  events.addEventListener("online", () => show(true));
  events.addEventListener("offline", () => show(false));
}

/** Let the practice phone ring over every view. */
function watchPhone() {
  const bar = document.getElementById("ringing");
  phoneLine.addEventListener("change", () => {
    bar.hidden = phoneLine.state !== "ringing" || location.hash === "#/phone";
    fill(bar, bar.hidden ? null : [h("strong", {}, "Your practice phone rings"), phoneButtons()]);
  });
}

publishCookie();
window.addEventListener("hashchange", route);
route();
/** Say that a person is on the line, also to a desktop whose user looks elsewhere. */
function tellThrough({ id, task_title: title }) {
  const text = `A person is on the line: ${title}`;
  toast(text);
  if (!("Notification" in window) || Notification.permission !== "granted" || document.hasFocus()) return;
  new Notification("OpenDeep is through", { body: text, tag: `through-${id}` });
}

watchConnection();
watchLiveCall();
watchPhone();
connect();
watchHealth();
