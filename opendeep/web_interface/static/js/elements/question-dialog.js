// Questions that only the user can answer, from a live call or between calls. They come one after
// the other in a dialog, and as a desktop notification while the page is not looked at.

import { api, readAll } from "../lib/api.js";
import { act, button, fill, h, icon } from "../lib/dom.js";
import { events } from "../lib/events.js";

class QuestionDialog extends HTMLElement {
  #waiting = new Map();
  #shown = null;
  #later = new Set();
  #dialog = h("dialog", { class: "question", "aria-labelledby": "question-text" });
  #pill = button("", { kind: "primary pill", symbol: "question", "aria-label": "Open the question" });
  #timer = null;

  connectedCallback() {
    this.#dialog.dataset.testid = "question-dialog";
    this.#pill.hidden = true;
    this.#pill.addEventListener("click", () => this.#openAgain());
    this.#dialog.addEventListener("cancel", () => this.#postpone());
    this.replaceChildren(this.#pill, this.#dialog);
    for (const type of ["feedback_requested", "check_in", "feedback_answered", "feedback_expired"]) {
      events.addEventListener(type, ({ detail }) => this.#take(detail));
    }
    for (const type of ["resync", "online"]) events.addEventListener(type, () => this.#load());
    this.#load();
  }

  async #load() {
    try {
      const pending = await readAll("/api/feedback_requests?status=pending");
      this.#waiting.clear();
      pending.forEach((question) => this.#waiting.set(question.id, question));
    } catch {
      return; // the page says at its top that the server is away
    }
    this.#showNext();
  }

  #take(question) {
    if (question.status === "pending") {
      if (!this.#waiting.has(question.id)) notify(question);
      this.#waiting.set(question.id, question);
    } else {
      this.#waiting.delete(question.id);
    }
    this.#showNext();
  }

  #showNext() {
    if (this.#shown !== null && this.#waiting.has(this.#shown)) return;
    this.#close();
    const next = [...this.#waiting.values()].find(({ id }) => !this.#later.has(id));
    if (next) this.#open(next);
    this.#showPill();
  }

  #showPill() {
    const count = this.#waiting.size;
    this.#pill.hidden = count === 0 || this.#shown !== null;
    const text = count === 1 ? "1 question waits for you" : `${count} questions wait for you`;
    this.#pill.replaceChildren(icon("question"), h("span", {}, text));
    this.#pill.setAttribute("aria-label", text);
  }

  #openAgain() {
    this.#later.clear();
    this.#showNext();
  }

  #postpone() {
    this.#later.add(this.#shown);
    this.#shown = null;
    this.#showNext();
  }

  #close() {
    clearInterval(this.#timer);
    this.#shown = null;
    if (this.#dialog.open) this.#dialog.close();
  }

  #open(question) {
    this.#shown = question.id;
    const live = question.kind === "live_call";
    const options = question.options.map((option) => this.#option(question, option));
    fill(
      this.#dialog,
      h("p", { class: "eyebrow" }, icon("question"), live ? "The call waits for your answer" : "A question between calls"),
      h("h2", { id: "question-text" }, question.question),
      options.length > 0 && h("div", { class: "options" }, options),
      this.#freeAnswer(question, options.length > 0),
      live && this.#countdown(question),
      button("Later", { kind: "quiet later", onclick: () => { this.#dialog.close(); this.#postpone(); } }),
    );
    this.#dialog.showModal();
  }

  #option(question, option) {
    const choose = button(option, { kind: "option" });
    choose.dataset.testid = "question-option";
    choose.addEventListener("click", () => act(choose, () => this.#answer(question, option)));
    return choose;
  }

  #freeAnswer(question, hasOptions) {
    const label = hasOptions ? "Or in your own words" : "Your answer";
    const input = h("input", { id: "question-answer", maxlength: 1000, autocomplete: "off", required: true });
    const send = button("Send", { kind: "primary", symbol: "send", type: "submit" });
    send.dataset.testid = "question-send";
    const form = h("form", {}, h("label", { for: "question-answer" }, label),
      h("div", { class: "row" }, input, send));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      act(send, () => this.#answer(question, input.value.trim()));
    });
    return form;
  }

  #countdown({ expires_at: expires, created_at: created }) {
    if (!expires) return null;
    const left = h("span", {});
    const bar = h("progress", { max: Math.max(1, new Date(expires) - new Date(created)), "aria-hidden": "true" });
    const show = () => {
      const ms = Math.max(0, new Date(expires) - Date.now());
      bar.value = ms;
      left.textContent = `${Math.ceil(ms / 1000)} s left`;
    };
    show();
    this.#timer = setInterval(show, 500);
    return h("div", { class: "countdown" }, bar, left);
  }

  async #answer(question, answer) {
    try {
      this.#take(await api.post(`/api/feedback_requests/${question.id}/answer`, { answer }));
    } catch (error) {
      if (error.status !== 409) throw error;
      this.#waiting.delete(question.id);
      this.#showNext();
      throw error;
    }
  }
}

/** Tell the desktop, where the user allowed it and does not look at the page. */
function notify({ id, question }) {
  if (!("Notification" in window) || Notification.permission !== "granted" || document.hasFocus()) return;
  const note = new Notification("OpenDeep asks", { body: question, tag: `question-${id}` });
  note.addEventListener("click", () => window.focus());
}

/** Ask for desktop notifications; call it from something the user clicked. */
export function askToNotify() {
  if ("Notification" in window && Notification.permission === "default") {
    Notification.requestPermission();
  }
}

customElements.define("od-question-dialog", QuestionDialog);
