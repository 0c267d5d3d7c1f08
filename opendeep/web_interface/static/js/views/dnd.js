// The do-not-call list: numbers that OpenDeep never calls for this user.

import { api, readAll } from "../lib/api.js";
import { act, button, field, fill, h, toast } from "../lib/dom.js";
import { phoneText, when } from "../lib/format.js";
import { listen } from "../lib/events.js";
import { View } from "./view.js";

class DndView extends View {
  async show(signal) {
    const list = h("ul", { class: "card rows" });
    const refresh = async () => {
      const entries = await readAll("/api/dnd_list");
      fill(list, entries.length ? entries.map((entry) => row(entry, refresh)) : h("li", { class: "muted" }, "No number is on the list."));
    };
    await refresh();
    listen(["resync", "task_changed"], () => refresh().catch(() => {}), signal);
    this.replaceChildren(
      h("h1", { tabindex: -1 }, "Do not call"),
      h("p", { class: "lead" }, "OpenDeep never calls these numbers for you. Whoever asks not to be called again is put here at once."),
      addForm(refresh),
      fileForm(refresh),
      list,
      await audit());
  }
}

function addForm(refresh) {
  const number = h("input", { type: "tel", required: true, maxlength: 40, placeholder: "+1 202 555 0100", autocomplete: "off" });
  const reason = h("input", { maxlength: 500, autocomplete: "off" });
  const add = button("Add", { kind: "primary", type: "submit" });
  const form = h("form", { class: "card inline-form" }, field("Number", number), field("Reason (optional)", reason), add);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    act(add, async () => {
      await api.post("/api/dnd_list", { phone_number: number.value, reason: reason.value });
      form.reset();
      await refresh();
    });
  });
  return form;
}

function fileForm(refresh) {
  const file = h("input", { type: "file", accept: ".csv,text/csv", required: true });
  const send = button("Import", { type: "submit" });
  const save = button("Export", {});
  save.addEventListener("click", () => act(save, () => api.download("/api/dnd_list/export", "do-not-call.csv")));
  const form = h("form", { class: "card inline-form" }, field("CSV file with a column phone_number", file), send, save);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    act(send, async () => {
      const body = new FormData();
      body.append("file", file.files[0]);
      const { added, known, faults } = await api.upload("/api/dnd_list/import", body);
      form.reset();
      const wrong = faults.map(({ line, reason }) => ` Line ${line}: ${reason}`).join("");
      toast(`${added} listed, ${known} were listed already.${wrong}`, { kind: wrong ? "error" : "info" });
      await refresh();
    });
  });
  return form;
}

const DONE = { dnd_added: "listed", dnd_removed: "taken off" };

async function audit() {
  const { items: entries } = await api.get("/api/dnd_list/audit?limit=200");
  const lines = entries.map(({ at, action, detail }) => {
    const entry = detail.entry ?? detail;
    const why = [DONE[action], entry.added_by && `by ${entry.added_by}`, detail.reason].filter(Boolean).join(", ");
    return h("li", {}, h("strong", {}, phoneText(entry.phone_number)), ` ${why} `, h("span", { class: "muted small" }, when(at)));
  });
  return h("details", { class: "card" }, h("summary", {}, "Who changed the list"), h("ul", { class: "plain-list" }, lines.length ? lines : h("li", { class: "muted" }, "Nobody yet.")));
}

function row(entry, refresh) {
  const remove = button("Remove", { "aria-label": `Remove ${entry.phone_number}` });
  remove.addEventListener("click", () => act(remove, async () => {
    await api.delete(`/api/dnd_list?phone_number=${encodeURIComponent(entry.phone_number)}`);
    await refresh();
  }));
  return h("li", {},
    h("div", {}, h("strong", {}, phoneText(entry.phone_number)),
      h("p", { class: "muted small" }, [entry.reason, `by ${entry.added_by}`, when(entry.created_at)].filter(Boolean).join(" · "))),
    remove);
}

customElements.define("od-dnd-view", DndView);
