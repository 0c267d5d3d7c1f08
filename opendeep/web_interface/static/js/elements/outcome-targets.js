// Whom outcomes are told to: webhooks and e-mail addresses, and what could not be delivered.

import { api } from "../lib/api.js";
import { act, button, field, fill, h, toast } from "../lib/dom.js";
import { when, words } from "../lib/format.js";

const KINDS = [["webhook", "Webhook"], ["email", "E-mail"]];

/** Make the section; it reloads itself after each change. */
export async function outcomes() {
  const section = h("section", { class: "card", dataset: { testid: "outcome-targets" } });
  const reload = async () => {
    const [targets, dead] = await Promise.all([
      api.get("/api/notification_targets"),
      api.get("/api/notification_deliveries?status=dead&limit=20"),
    ]);
    fill(section,
      h("h2", {}, "Tell of outcomes"),
      h("p", { class: "muted" }, "When a task ends or needs your answer, OpenDeep tells these."),
      targets.items.length > 0 && h("ul", { class: "rows" }, targets.items.map((target) => targetRow(target, reload))),
      form(reload),
      dead.items.length > 0 && h("div", {},
        h("h3", {}, "Not delivered"),
        h("ul", { class: "rows" }, dead.items.map((delivery) => deadRow(delivery, reload)))));
  };
  await reload();
  return section;
}

function targetRow(target, reload) {
  const remove = button("Remove", { kind: "danger" });
  remove.addEventListener("click", () => act(remove, async () => {
    await api.delete(`/api/notification_targets/${target.id}`);
    await reload();
  }));
  return h("li", {},
    h("div", {}, h("strong", {}, target.address), h("p", { class: "muted small" }, `${words(target.kind)} since ${when(target.created_at)}`)),
    remove);
}

function form(reload) {
  const kind = h("select", {}, KINDS.map(([value, label]) => h("option", { value }, label)));
  const address = h("input", { required: true, maxlength: 2000, autocomplete: "off", placeholder: "An address that begins with https" });
  kind.addEventListener("change", () => {
    address.placeholder = kind.value === "email" ? "you@example.com" : "An address that begins with https";
  });
  const add = button("Add", { type: "submit" });
  const made = h("form", { class: "inline-form" }, field("Kind", kind), field("Address", address), add);
  made.addEventListener("submit", (event) => {
    event.preventDefault();
    act(add, async () => {
      const target = await api.post("/api/notification_targets", { kind: kind.value, address: address.value });
      await reload();
      if (target.secret) showSecret(target);
      else toast("Added.");
    });
  });
  return made;
}

/** Show a webhook's secret, which the server does not show again. */
function showSecret(target) {
  const dialog = h("dialog", { class: "card", "aria-label": "The webhook's secret" },
    h("h2", {}, "Keep this secret"),
    h("p", {}, "It signs what is sent to ", h("strong", {}, target.address), ". It is shown this once."),
    h("p", {}, h("code", { class: "secret" }, target.secret)),
    h("div", { class: "actions" }, button("Copy", { onclick: () => navigator.clipboard.writeText(target.secret).then(() => toast("Copied.")) }),
      button("Done", { kind: "primary", onclick: () => dialog.close() })));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

function deadRow(delivery, reload) {
  const again = button("Send again");
  again.addEventListener("click", () => act(again, async () => {
    await api.post(`/api/notification_deliveries/${delivery.id}/retry`);
    await reload();
  }));
  return h("li", {},
    h("div", {}, h("strong", {}, `Task ${delivery.task_id}: ${words(delivery.event.split(".").pop())}`),
      h("p", { class: "muted small" }, `${delivery.attempts} attempts since ${when(delivery.created_at)}. ${delivery.last_error ?? ""}`)),
    again);
}
