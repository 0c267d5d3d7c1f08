// Questions of live calls and check-ins come in a dialog, one after the other, over every view, and
// as a desktop notification while the page is not looked at. Calls to review wait in the inbox.

import { button, fill, h, icon } from "../lib/dom.js";
import { questions } from "../lib/questions.js";
import { answerForm, chooseByKey } from "./answer-form.js";

class QuestionDialog extends HTMLElement {
  #shown = null;
  #later = new Set();
  #dialog = h("dialog", { class: "question", "aria-labelledby": "question-text" });
  #pill = button("", { kind: "primary pill", symbol: "question", "aria-label": "Open the question" });
  #timer = null;

  connectedCallback() {
    this.#dialog.dataset.testid = "question-dialog";
    this.#pill.hidden = true;
    this.#pill.addEventListener("click", () => this.#openAgain());
    chooseByKey(this.#dialog);
    this.#dialog.addEventListener("cancel", () => this.#postpone());
    this.replaceChildren(this.#pill, this.#dialog);
    questions.addEventListener("asked", ({ detail }) => notify(detail));
    questions.addEventListener("change", () => this.#showNext());
    window.addEventListener("hashchange", () => this.#showNext());
    questions.load();
  }

  get #urgent() {
    return questions.waiting.filter((question) => !question.is_review);
  }

  #showNext() {
    this.#showCount();
    if (location.hash === "#/inbox") this.#close(); // all of them are shown there
    if (this.#shown !== null && questions.has(this.#shown)) return;
    this.#close();
    const next = this.#urgent.find(({ id }) => !this.#later.has(id));
    if (next && location.hash !== "#/inbox") this.#open(next);
    this.#showPill();
  }

  #showCount() {
    const count = document.getElementById("inbox-count");
    count.textContent = String(questions.waiting.length);
    count.hidden = questions.waiting.length === 0;
  }

  #showPill() {
    const count = this.#urgent.length;
    this.#pill.hidden = count === 0 || this.#shown !== null || location.hash === "#/inbox";
    const text = count === 1 ? "1 question waits for you" : `${count} questions wait for you`;
    this.#pill.replaceChildren(icon("question"), h("span", {}, text));
    this.#pill.setAttribute("aria-label", text);
  }

  #openAgain() {
    this.#later.clear();
    if (this.#urgent.length > 1) location.hash = "#/inbox";
    else this.#showNext();
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
    fill(
      this.#dialog,
      h("p", { class: "eyebrow" }, icon("question"), live ? "The call waits for your answer" : "A question between calls"),
      h("h2", { id: "question-text" }, question.question),
      answerForm(question, (timer) => { this.#timer = timer; }),
      button("Later", { kind: "quiet later", onclick: () => { this.#dialog.close(); this.#postpone(); } }),
    );
    this.#dialog.showModal();
  }
}

/** Tell the desktop, where the user allowed it and does not look at the page. */
function notify({ id, question }) {
  if (!("Notification" in window) || Notification.permission !== "granted" || document.hasFocus()) return;
  const note = new Notification("OpenDeep asks", { body: question, tag: `question-${id}` });
  note.addEventListener("click", () => {
    window.focus();
    location.hash = "#/inbox";
  });
}

/** Ask for desktop notifications; call it from something the user clicked. */
export function askToNotify() {
  if ("Notification" in window && Notification.permission === "default") {
    Notification.requestPermission();
  }
}

customElements.define("od-question-dialog", QuestionDialog);
