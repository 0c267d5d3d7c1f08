// What came of a call: the verdict, what was agreed, who promised what, and the words that show it.

import { h, icon } from "../lib/dom.js";
import { clockText, plain, verdictBadge, words } from "../lib/format.js";

const NEXT_STEPS = {
  done: "Nothing more to do.",
  retry: "OpenDeep will try again.",
  follow_up: "OpenDeep will follow up.",
  ask_user: "OpenDeep asks you how to go on.",
  give_up: "OpenDeep gives up on this one.",
};

/** Show an analysis; "point(seq)" brings a transcript line into view. */
export function outcome(analysis, { point = null } = {}) {
  return h(
    "section",
    { class: "outcome", "aria-label": "Outcome" },
    h("p", { class: "verdict" }, verdictBadge(analysis.verdict), h("span", {}, analysis.summary)),
    pairs("Agreed", analysis.agreed),
    learned(analysis.facts ?? [], point),
    promises(analysis.promises ?? [], point),
    evidence(analysis.evidence ?? [], point),
    h("p", { class: "muted" }, icon("next"), NEXT_STEPS[analysis.next_step] ?? words(analysis.next_step)),
  );
}

/** Show names and values as a list; null where there are none. */
export function pairs(title, values) {
  const entries = Object.entries(values ?? {});
  if (entries.length === 0) return null;
  const rows = entries.map(([name, value]) => [h("dt", {}, words(name)), h("dd", {}, plain(value))]);
  return h("div", {}, title && h("h4", {}, title), h("dl", { class: "facts" }, rows));
}

function learned(facts, point) {
  const said = facts.filter((fact) => !fact.agreed);
  if (said.length === 0) return null;
  const items = said.map(({ name, value, seq, start_ms: start }) =>
    h("li", {}, `${words(name)}: ${value}`, stamp(seq, start, point)));
  return h("div", {}, h("h4", {}, "Also said"), h("ul", {}, items));
}

function stamp(seq, start, point) {
  return point && seq && h("button", { type: "button", class: "stamp", onclick: () => point(seq) }, clockText(start / 1000));
}

function promises(list, point) {
  if (list.length === 0) return null;
  const items = list.map(({ what, due, seq, start_ms: start }) =>
    h("li", {}, what, due && h("span", { class: "muted" }, ` (by ${due})`), stamp(seq, start, point)));
  return h("div", {}, h("h4", {}, "Promised"), h("ul", {}, items));
}

function evidence(list, point) {
  if (list.length === 0) return null;
  const items = list.map(({ claim, quote, seq, start_ms: start }) =>
    h("li", {},
      h("span", { class: "claim" }, claim),
      h("q", {}, quote),
      stamp(seq, start, point)));
  return h("div", {}, h("h4", {}, "What shows it"), h("ul", { class: "evidence" }, items));
}
