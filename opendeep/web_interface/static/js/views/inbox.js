// Everything that waits for the user: live calls first, then check-ins and calls to review.

import { api, readAll } from "../lib/api.js";
import { fill, h, icon } from "../lib/dom.js";
import { when } from "../lib/format.js";
import { questions } from "../lib/questions.js";
import { answerForm, chooseByKey, isTyping } from "../elements/answer-form.js";
import { outcome } from "../elements/outcome.js";
import { View } from "./view.js";

const LATEST = 20;

class InboxView extends View {
  #timers = new Map();

  async show(signal) {
    const list = h("div", { class: "inbox", role: "list" });
    const past = h("ul", { class: "card rows" });
    const cards = new Map();
    const update = () => {
      const waiting = questions.waiting.sort(byUrgency);
      for (const [id, card] of cards) {
        if (questions.has(id)) continue;
        clearInterval(this.#timers.get(id));
        const next = card.contains(document.activeElement) && (card.nextElementSibling ?? card.previousElementSibling ?? title);
        card.remove();
        cards.delete(id);
        if (next) next.focus();
      }
      waiting.forEach((question, place) => {
        if (!cards.has(question.id)) cards.set(question.id, this.#card(question));
        const card = cards.get(question.id);
        if (list.children[place] !== card) list.insertBefore(card, list.children[place] ?? null);
      });
      empty.hidden = waiting.length > 0;
      showPast(past).catch(() => {});
    };
    const empty = h("p", { class: "empty" }, "Nothing waits for you.");
    const title = h("h1", { tabindex: -1 }, "Questions");
    list.addEventListener("keydown", moveByKey);
    questions.addEventListener("change", update, { signal });
    signal.addEventListener("abort", () => this.#timers.forEach((timer) => clearInterval(timer)));
    await questions.load();
    this.replaceChildren(
      title,
      h("p", { class: "lead" }, "What only you can decide: for calls that wait on the line, between calls, and where it is not clear what a call came to."),
      h("p", { class: "keys small muted" }, h("kbd", {}, "↑"), h("kbd", {}, "↓"), " to another question, ",
        h("kbd", {}, "1"), " to ", h("kbd", {}, "9"), " to answer, ", h("kbd", {}, "Enter"), " to write, ", h("kbd", {}, "Esc"), " to leave the text"),
      list, empty, h("h2", {}, "Lately"), past);
    update();
  }

  #card(question) {
    const live = question.kind === "live_call";
    const kind = live ? "A call waits on the line" : question.is_review ? "Please judge this call" : "Between calls";
    const card = h("article", { class: "card question", role: "listitem", tabindex: 0, "aria-label": question.question, dataset: { kind: question.kind, testid: "inbox-card" } },
      h("p", { class: "eyebrow" }, icon("question"), kind, ` · ${question.task_title}`),
      h("h2", {}, question.question),
      answerForm(question, (timer) => this.#timers.set(question.id, timer)),
      question.call_id && h("p", {}, h("a", { href: `#/calls/${question.call_id}` }, live ? "Listen to the call" : "Read the call")));
    chooseByKey(card);
    if (question.is_review && question.call_id) showEvidence(card, question.call_id);
    return card;
  }
}

/** Go through the cards with the arrow keys; Enter goes into a card, Escape back to it. */
function moveByKey(event) {
  const card = event.target.closest("[role=listitem]");
  if (card === null || event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.key === "Escape" && event.target !== card) return card.focus();
  if (isTyping(event.target)) return;
  const onto = {
    ArrowDown: card.nextElementSibling,
    ArrowUp: card.previousElementSibling,
    Enter: event.target === card ? card.querySelector("input, .option") : null,
  }[event.key];
  if (!onto) return;
  event.preventDefault();
  onto.focus();
}

function byUrgency(one, other) {
  const live = ({ kind }) => (kind === "live_call" ? 0 : 1);
  return live(one) - live(other) || one.id - other.id;
}

/** Put what the call's analysis found before the answers of a card. */
async function showEvidence(card, callId) {
  const call = await api.get(`/api/calls/${callId}`).catch(() => null);
  if (call?.analysis) card.querySelector("h2").after(outcome(call.analysis));
}

async function showPast(past) {
  const all = await readAll("/api/feedback_requests");
  const done = all.filter(({ status }) => status !== "pending").slice(-LATEST).reverse();
  const items = done.map(({ question, answer, status, created_at: at }) =>
    h("li", {}, h("div", {}, h("strong", {}, question),
      h("p", { class: "muted small" }, [answer ?? (status === "expired" ? "No answer in time" : "Not needed any more"), when(at)].join(" · ")))));
  fill(past, items.length ? items : h("li", { class: "muted" }, "No question yet."));
}

customElements.define("od-inbox-view", InboxView);
