// What a plan would do before it is confirmed: who is called when, who is not and why, the cost.

import { h } from "../lib/dom.js";
import { money, phoneText, when } from "../lib/format.js";

const SHOWN_MOST = 50;

/** Show a preview as the server returns it. */
export function planPreview(preview) {
  const { calls, planned, skipped } = preview;
  const summary = [
    `${planned} ${planned === 1 ? "call" : "calls"}`,
    skipped && `${skipped} left out`,
    preview.first_at && `from ${when(preview.first_at)}`,
    preview.ends_at && `done about ${when(preview.ends_at)}`,
    `about ${money(preview.cost_usd)}, at most ${money(preview.cost_at_most_usd)} with every retry`,
  ].filter(Boolean).join(" · ");
  return h("section", { class: "plan-preview", role: "status", "aria-label": "Preview", dataset: { testid: "plan-preview" } },
    h("p", {}, h("strong", {}, summary)),
    h("ul", { class: "plain-list" }, calls.slice(0, SHOWN_MOST).map(line)),
    calls.length > SHOWN_MOST && h("p", { class: "muted small" }, `and ${calls.length - SHOWN_MOST} more`),
    h("p", { class: "muted small" }, "As if you confirmed now, and everybody answered at once."));
}

function line(call) {
  const time = call.at ? when(call.at) : "Not called";
  return h("li", { class: call.at ? "" : "left-out" },
    h("strong", {}, time), ` ${call.title} `, h("span", { class: "muted" }, phoneText(call.phone_number)),
    call.reason && h("p", { class: "muted small" }, call.reason));
}
