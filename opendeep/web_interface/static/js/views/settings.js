// What the assistant may know of the user, and what this page may do.

import { api } from "../lib/api.js";
import { act, button, field, fill, h, toast } from "../lib/dom.js";
import { plain } from "../lib/format.js";
import { setUsername, username } from "../lib/session.js";
import { listen } from "../lib/events.js";
import { outcomes } from "../elements/outcome-targets.js";
import { View } from "./view.js";

class SettingsView extends View {
  async show(signal) {
    listen(["resync"], () => this.reload(), signal);
    const profile = await api.get("/api/profile");
    this.replaceChildren(
      h("h1", { tabindex: -1 }, "Settings"),
      account(),
      profileForm(profile),
      await outcomes(),
      notifications(),
      await health());
  }
}

function account() {
  const name = h("input", { value: username(), maxlength: 64, autocomplete: "username", required: true });
  const change = button("Switch", { type: "submit" });
  const form = h("form", { class: "card inline-form" }, field("You are", name, { hint: "Another name has its own campaigns." }), change);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    setUsername(name.value);
  });
  return form;
}

function profileForm(profile) {
  const name = h("input", { value: profile.display_name, maxlength: 200, autocomplete: "name" });
  const zones = h("datalist", { id: "time-zones" }, (Intl.supportedValuesOf?.("timeZone") ?? []).map((zone) => h("option", { value: zone })));
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const zone = h("input", { value: profile.time_zone ?? "", list: "time-zones", placeholder: own, autocomplete: "off" });
  const language = h("input", { value: profile.language ?? "", maxlength: 35, placeholder: "en", autocomplete: "off" });
  const rows = h("div", { class: "fact-rows" }, Object.entries(profile.facts).map(([key, value]) => factRow(key, plain(value))));
  const more = button("Add a fact", { symbol: "plus", onclick: () => {
    const row = factRow("", "");
    rows.append(row);
    row.querySelector("input").focus();
  } });
  const save = button("Save", { kind: "primary", type: "submit" });
  const form = h(
    "form", { class: "card" },
    h("h2", {}, "About you"),
    h("p", { class: "muted" }, "The assistant uses this so that it need not ask twice."),
    h("div", { class: "columns" }, field("Name to call on behalf of", name), field("Language", language)),
    field("Time zone", zone), zones,
    h("h3", {}, "Facts"), rows, more,
    h("div", { class: "actions" }, save));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    act(save, async () => {
      await api.put("/api/profile", {
        display_name: name.value, time_zone: zone.value || null, language: language.value || null, facts: factsOf(rows),
      });
      toast("Saved.");
    });
  });
  return form;
}

function factRow(key, value) {
  const row = h("div", { class: "fact-row" },
    h("input", { value: key, maxlength: 100, "aria-label": "Name of the fact", placeholder: "insurance" }),
    h("input", { value, maxlength: 2000, "aria-label": "Value of the fact", placeholder: "Blue Cross" }));
  row.append(button("", { symbol: "close", "aria-label": "Remove this fact", onclick: () => row.remove() }));
  return row;
}

function factsOf(rows) {
  const pairs = [...rows.children].map((row) => [...row.querySelectorAll("input")].map((input) => input.value.trim()));
  return Object.fromEntries(pairs.filter(([key]) => key));
}

function notifications() {
  if (!("Notification" in window)) return "";
  const text = h("p", { class: "muted" });
  const allow = button("Allow notifications");
  const show = () => {
    const state = Notification.permission;
    allow.hidden = state !== "default";
    text.textContent = {
      granted: "Questions from a call also appear on your desktop.",
      denied: "Your browser does not allow notifications from this page.",
      default: "Let questions from a call appear on your desktop, too.",
    }[state];
  };
  allow.addEventListener("click", () => Notification.requestPermission().then(show));
  show();
  return h("section", { class: "card" }, h("h2", {}, "Notifications"), text, allow);
}

async function health() {
  const state = await fetch("/readyz").then((response) => response.json()).catch(() => ({ parts: [] }));
  const rows = state.parts.map(({ name, ok, detail }) =>
    h("li", {}, h("div", {}, h("strong", {}, name), h("p", { class: "muted small" }, detail)),
      h("span", { class: `badge ${ok ? "good" : "bad"}` }, ok ? "Up" : "Down")));
  const version = document.body.dataset.version;
  return fill(h("section", { class: "card" }), h("h2", {}, "What OpenDeep runs on"),
    rows.length > 0 && h("ul", { class: "rows" }, rows), h("p", { class: "muted small" }, `Version ${version}`));
}

customElements.define("od-settings-view", SettingsView);
