// What OpenDeep did to a task by itself and why, with a way back; and what it proposes.

import { api } from "../lib/api.js";
import { act, button, fill, h } from "../lib/dom.js";
import { listen } from "../lib/events.js";
import { when, words } from "../lib/format.js";

const KINDS = {
  set_priority: "Changed the priority",
  hold: "Put it off",
  set_next_time: "Moved the next call",
  revise_instructions: "Told the next call more",
  split: "Proposes to split it",
  propose_task: "Proposes another task",
  check_in: "Asked you",
  close_unresolved: "Closed it as unresolved",
  new_phase: "Allowed more attempts",
  remember: "Noted what it learned",
};
const CLOSED = { undone: "You undid this.", accepted: "You took it up.", dismissed: "You turned it down." };

class TaskHistory extends HTMLElement {
  #life = null;

  connectedCallback() {
    this.#life = new AbortController();
    listen(["task_changed"], (task) => task.id === this.taskId && this.reload(), this.#life.signal);
    this.reload();
  }

  disconnectedCallback() {
    this.#life.abort();
  }

  get taskId() {
    return Number(this.getAttribute("task-id"));
  }

  async reload() {
    const { items } = await api.get(`/api/tasks/${this.taskId}/actions?limit=20`);
    if (items.length === 0) return this.replaceChildren();
    fill(this, h("h4", {}, "What OpenDeep did by itself"),
      h("ul", { class: "history", dataset: { testid: "task-history" } }, items.map((item) => this.#row(item))));
  }

  #row(item) {
    const change = changed(item);
    const choices = { done: [["undo", "Undo"]], proposed: [["accept", "Do that"], ["dismiss", "No"]] }[item.status] ?? [];
    const presses = choices.map(([choice, label]) => {
      const press = button(label, { kind: choice === "accept" ? "primary" : "quiet" });
      press.addEventListener("click", () => act(press, async () => {
        await api.post(`/api/task_actions/${item.id}/${choice}`);
        await this.reload();
      }));
      return press;
    });
    return h("li", { dataset: { status: item.status } },
      h("div", {},
        h("strong", {}, KINDS[item.kind] ?? words(item.kind)),
        h("span", { class: "muted small" }, ` ${when(item.created_at)}`),
        h("p", {}, item.reason),
        change && h("p", { class: "muted small" }, change),
        (item.after.parts ?? []).map((part) => h("p", {}, h("strong", {}, part.title), ` ${part.goal}`)),
        CLOSED[item.status] && h("p", { class: "muted small" }, CLOSED[item.status])),
      presses.length > 0 && h("div", { class: "toolbar" }, presses));
  }
}

/** Say what changed, from what to what, where that fits a line. */
function changed({ before, after }) {
  const parts = [];
  if ("priority" in after) parts.push(`Priority ${before.priority} → ${after.priority}`);
  if (after.next_action_time) parts.push(`Next call ${before.next_action_time ? when(before.next_action_time) : "open"} → ${when(after.next_action_time)}`);
  if ("max_attempts" in after) parts.push(`At most ${before.max_attempts} → ${after.max_attempts} attempts`);
  if ("instructions" in after) parts.push(after.instructions.split("From earlier calls: ").pop());
  return parts.join(" · ");
}

customElements.define("od-task-history", TaskHistory);
