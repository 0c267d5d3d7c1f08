// The questions that wait for the user, kept in step with the server; one copy a page.
//
// "change" is told whenever the list is another; "asked" (detail: the question) when one is new.

import { api, readAll } from "./api.js";
import { events } from "./events.js";

class Questions extends EventTarget {
  #waiting = new Map();

  constructor() {
    super();
    for (const type of ["feedback_requested", "check_in", "feedback_answered", "feedback_expired"]) {
      events.addEventListener(type, ({ detail }) => this.take(detail));
    }
    for (const type of ["resync", "online"]) events.addEventListener(type, () => this.load());
  }

  get waiting() {
    return [...this.#waiting.values()];
  }

  has(id) {
    return this.#waiting.has(id);
  }

  async load() {
    try {
      const pending = await readAll("/api/feedback_requests?status=pending");
      this.#waiting = new Map(pending.map((question) => [question.id, question]));
    } catch {
      return; // the page says at its top that the server is away
    }
    this.dispatchEvent(new Event("change"));
  }

  take(question) {
    const isNew = question.status === "pending" && !this.#waiting.has(question.id);
    if (question.status === "pending") this.#waiting.set(question.id, question);
    else this.#waiting.delete(question.id);
    if (isNew) this.dispatchEvent(new CustomEvent("asked", { detail: question }));
    this.dispatchEvent(new Event("change"));
  }

  /** Answer; a question that was answered elsewhere, or too late, goes away all the same. */
  async answer(question, answer) {
    try {
      this.take(await api.post(`/api/feedback_requests/${question.id}/answer`, { answer }));
    } catch (error) {
      if (error.status === 409) {
        this.#waiting.delete(question.id);
        this.dispatchEvent(new Event("change"));
      }
      throw error;
    }
  }
}

export const questions = new Questions();
