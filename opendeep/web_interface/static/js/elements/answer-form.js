// The ways to answer one question: its options, what was answered before, own words, and the time.

import { act, button, freshId, h } from "../lib/dom.js";
import { questions } from "../lib/questions.js";

/** Make the parts of a question's answer; "onTimer(id)" gets the interval that must be cleared. */
export function answerForm(question, onTimer = () => {}) {
  const parts = [];
  if (question.options.length > 0) {
    parts.push(h("div", { class: "options" }, question.options.map((text, place) => option(question, text, place + 1))));
  }
  if (!question.is_review && question.remembered?.length > 0) parts.push(remembered(question));
  if (!question.is_review) parts.push(freeAnswer(question));
  if (question.kind === "live_call" && question.expires_at) parts.push(countdown(question, onTimer));
  return parts;
}

/** Let the keys 1 to 9 choose an option of the question in "host", but not while something is typed. */
export function chooseByKey(host) {
  host.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || isTyping(event.target)) return;
    const chosen = host.querySelector(`[aria-keyshortcuts="${CSS.escape(event.key)}"]`);
    if (chosen === null) return;
    event.preventDefault();
    chosen.click();
  });
}

/** Say whether a key that is pressed here is meant for a text. */
export function isTyping(target) {
  return target.matches("input, textarea, select");
}

function option(question, text, number) {
  const choose = button(text, { kind: "option" });
  if (number < 10) {
    choose.setAttribute("aria-keyshortcuts", String(number));
    choose.append(h("kbd", { "aria-hidden": "true" }, String(number)));
  }
  choose.dataset.testid = "question-option";
  choose.addEventListener("click", () => act(choose, () => questions.answer(question, text)));
  return choose;
}

function remembered(question) {
  const items = question.remembered.map((before) => {
    const use = button(before.answer, { kind: "option remembered" });
    use.addEventListener("click", () => act(use, () => questions.answer(question, before.answer)));
    return h("li", {}, h("span", { class: "muted small" }, before.question), use);
  });
  return h("details", { class: "remembered" },
    h("summary", {}, "Your answers in this campaign"), h("ul", {}, items));
}

function freeAnswer(question) {
  const id = freshId("answer");
  const label = question.options.length > 0 ? "Or in your own words" : "Your answer";
  const input = h("input", { id, maxlength: 1000, autocomplete: "off", required: true });
  input.dataset.testid = "question-answer";
  const send = button("Send", { kind: "primary", symbol: "send", type: "submit" });
  send.dataset.testid = "question-send";
  const form = h("form", {}, h("label", { for: id }, label), h("div", { class: "row" }, input, send));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    act(send, () => questions.answer(question, input.value.trim()));
  });
  return form;
}

function countdown({ expires_at: expires, created_at: created }, onTimer) {
  const left = h("span", {});
  const bar = h("progress", { max: Math.max(1, new Date(expires) - new Date(created)), "aria-hidden": "true" });
  const show = () => {
    const ms = Math.max(0, new Date(expires) - Date.now());
    bar.value = ms;
    left.textContent = `${Math.ceil(ms / 1000)} s left`;
  };
  show();
  onTimer(setInterval(show, 500));
  return h("div", { class: "countdown" }, bar, left);
}
