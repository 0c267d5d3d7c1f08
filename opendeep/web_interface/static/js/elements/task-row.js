// A task in one glance: where it stands, what happens next and why, and its attempts.

import { h } from "../lib/dom.js";
import { callBadge, causeText, isFinalTask, phoneText, taskBadge, when } from "../lib/format.js";

/** Make a task's row; "more" is put below it. */
export function taskRow(task, more = null) {
  return h(
    "article",
    { class: "task", role: "listitem", dataset: { status: task.status, testid: "task-row" } },
    h("div", { class: "task-head" },
      h("div", {},
        h("h4", {}, task.title),
        h("p", { class: "muted" }, [task.business_name, numbersText(task)].filter(Boolean).join(" · "))),
      taskBadge(task.status)),
    h("p", { class: "next" }, nextText(task)),
    more,
  );
}

function numbersText(task) {
  const others = task.alternative_numbers.map(phoneText).join(", ");
  return others ? `${phoneText(task.phone_number)}, then ${others}` : phoneText(task.phone_number);
}

function nextText(task) {
  const reason = task.status_reason ? ` ${task.status_reason}` : "";
  if (isFinalTask(task.status)) return task.outcome?.summary ?? reason.trim();
  if (["in_progress", "queued_for_call", "awaiting_analysis", "awaiting_user"].includes(task.status)) {
    return reason.trim();
  }
  if (!task.next_action_time) return `Waits for you.${reason}`;
  const due = new Date(task.next_action_time) <= new Date();
  return due ? `Next: as soon as a line is free.${reason}` : `Next: ${when(task.next_action_time)}.${reason}`;
}

/** List a task's attempts, each a link to its call. */
export function attempts(task) {
  if (task.calls.length === 0) return h("p", { class: "muted" }, "Not called yet.");
  const items = task.calls.map((call) =>
    h("li", {},
      h("a", { href: `#/calls/${call.id}` }, `Attempt ${call.attempt_number}`),
      callBadge(call.status),
      call.destination && call.destination !== task.phone_number && h("span", { class: "muted" }, phoneText(call.destination)),
      h("span", { class: "muted" }, [call.cause && causeText(call.cause), call.started_at && when(call.started_at)].filter(Boolean).join(" · "))));
  return h("ul", { class: "attempts" }, items);
}
