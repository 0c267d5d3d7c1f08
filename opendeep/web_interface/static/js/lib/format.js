// How states, times and money read.

import { h } from "./dom.js";

const TASK_STATES = {
  pending: ["Waiting to be called", "idle"],
  queued_for_call: ["About to call", "busy"],
  in_progress: ["On the phone", "live"],
  awaiting_analysis: ["Looking at the call", "busy"],
  retry_scheduled: ["Will try again", "idle"],
  on_hold: ["On hold", "idle"],
  awaiting_user: ["Needs your answer", "warn"],
  completed: ["Done", "good"],
  failed: ["Did not work out", "bad"],
  unresolved: ["Outcome unknown", "warn"],
  cancelled: ["Cancelled", "off"],
  cancelled_dnd: ["Not called: on the do-not-call list", "off"],
};
const CALL_STATES = {
  initiating: ["Starting", "busy"],
  originating: ["Dialling", "busy"],
  ringing: ["Ringing", "busy"],
  in_progress: ["On the phone", "live"],
  ended: ["Ended", "off"],
  lost: ["Lost", "warn"],
};
const CAMPAIGN_STATES = {
  active: ["Active", "live"],
  paused: ["Paused", "idle"],
  finished: ["Finished", "good"],
  cancelled: ["Cancelled", "off"],
};
const CAUSES = {
  completed: "The goal was reached",
  callee_hung_up: "The other side hung up",
  ai_hung_up: "The assistant ended the call",
  user_hung_up: "You ended the call",
  busy: "The line was busy",
  no_answer: "Nobody answered",
  rejected: "The call was rejected",
  unallocated: "The number does not exist",
  congestion: "The network was congested",
  voicemail: "Voicemail answered",
  screened: "Call screening answered",
  fax: "A fax machine answered",
  silence: "The line stayed silent",
  time_limit: "The longest call time was reached",
  ai_failed: "The voice AI failed",
  audio_failed: "The sound connection failed",
  exchange_failed: "The telephone exchange failed",
  cancelled: "Cancelled",
  lost: "What happened is unknown",
};
const VERDICTS = {
  success: ["Success", "good"],
  partial: ["Partly", "warn"],
  failure: ["Not reached", "bad"],
  unresolved: ["Unclear", "warn"],
};
const FINAL = new Set(["completed", "failed", "unresolved", "cancelled", "cancelled_dnd"]);
const LIVE = new Set(["initiating", "originating", "ringing", "in_progress"]);

export const isFinalTask = (status) => FINAL.has(status);
export const isLiveCall = (status) => LIVE.has(status);
export const causeText = (cause) => CAUSES[cause] ?? words(cause);
export const taskText = (status) => TASK_STATES[status]?.[0] ?? words(status);
export const taskTone = (status) => TASK_STATES[status]?.[1] ?? "idle";
export const taskStates = Object.keys(TASK_STATES);

export const taskBadge = (status) => badge(TASK_STATES[status] ?? [words(status), "idle"], status);
export const callBadge = (status) => badge(CALL_STATES[status] ?? [words(status), "idle"], status);
export const campaignBadge = (status) =>
  badge(CAMPAIGN_STATES[status] ?? [words(status), "idle"], status);
export const verdictBadge = (verdict) =>
  badge(VERDICTS[verdict] ?? [words(verdict), "idle"], verdict);

function badge([text, tone], status) {
  return h("span", { class: `badge ${tone}`, dataset: { status } }, text);
}

/** Make "preferred_days" read "Preferred days". */
export function words(name) {
  const text = String(name ?? "").replaceAll("_", " ").trim();
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Show a JSON value as people read it. */
export function plain(value) {
  if (value === null || value === undefined) return "–";
  if (value === true) return "Yes";
  if (value === false) return "No";
  if (Array.isArray(value)) return value.map(plain).join(", ");
  if (typeof value === "object") {
    return Object.entries(value).map(([name, inner]) => `${words(name)}: ${plain(inner)}`).join(", ");
  }
  return String(value);
}

export function when(iso) {
  if (!iso) return "–";
  const date = new Date(iso);
  const today = new Date().toDateString() === date.toDateString();
  const time = date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  if (today) return `today, ${time}`;
  const day = date.toLocaleDateString([], { weekday: "short", day: "numeric", month: "short" });
  return `${day}, ${time}`;
}

export function clockText(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/** How long a call lasted, from the answer; "" where it was not answered. */
export function talkTime({ answered_at: answered, ended_at: ended }) {
  if (!answered) return "";
  return clockText(((ended ? new Date(ended) : new Date()) - new Date(answered)) / 1000);
}

export function money(usd) {
  if (!usd) return "$0.00";
  return usd < 0.01 ? "under $0.01" : `$${usd.toFixed(2)}`;
}

/** Show "+12025550100" as "+1 202 555 0100", on one line; other numbers stay as they are. */
export function phoneText(number) {
  const parts = /^\+1(\d{3})(\d{3})(\d{4})$/.exec(number ?? "");
  return parts ? `+1\u00a0${parts[1]}\u00a0${parts[2]}\u00a0${parts[3]}` : (number ?? "");
}

/** ISO to the value of a datetime-local input, in this browser's zone; and back. */
export function toLocalInput(iso) {
  if (!iso) return "";
  const date = new Date(iso);
  if (Number.isNaN(date.valueOf())) return "";
  const shifted = new Date(date.valueOf() - date.getTimezoneOffset() * 60000);
  return shifted.toISOString().slice(0, 16);
}

export function fromLocalInput(text) {
  return text ? new Date(text).toISOString() : null;
}
