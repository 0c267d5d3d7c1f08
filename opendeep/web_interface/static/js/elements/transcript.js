// What both sides of a call say, as chat bubbles; with a recording, in step with its sound.

import { h } from "../lib/dom.js";
import { clockText } from "../lib/format.js";

const NAMES = { ai: "Assistant", callee: "Other side", system: "OpenDeep" };
const NEAR_END_PX = 80;

export class Transcript extends HTMLElement {
  #lines = new Map();
  #seek = null;
  #empty = null;

  /** Begin empty. "seek(ms)" makes lines clickable, for a recording. */
  begin({ live, seek = null, empty = "Nobody has spoken yet." }) {
    this.#lines.clear();
    this.#seek = seek;
    this.className = "transcript";
    this.setAttribute("role", "log");
    this.setAttribute("aria-label", "Transcript");
    this.setAttribute("aria-live", live ? "polite" : "off");
    this.tabIndex = 0;
    this.#empty = h("p", { class: "muted empty" }, empty);
    this.replaceChildren(this.#empty);
  }

  /** Add a line, or put a newer version of it in its place. */
  put(line) {
    this.#empty?.remove();
    const atEnd = this.scrollHeight - this.scrollTop - this.clientHeight < NEAR_END_PX;
    const bubble = this.#bubble(line);
    const present = this.#lines.get(line.seq);
    if (present) present.element.replaceWith(bubble);
    else this.insertBefore(bubble, this.#after(line.seq));
    this.#lines.set(line.seq, { element: bubble, line });
    if (atEnd) this.scrollTop = this.scrollHeight;
  }

  #after(seq) {
    const later = [...this.#lines.keys()].filter((other) => other > seq);
    return later.length ? this.#lines.get(Math.min(...later)).element : null;
  }

  #bubble(line) {
    const time = clockText(line.start_ms / 1000);
    const stamp = this.#seek
      ? h("button", { type: "button", class: "stamp", onclick: () => this.#seek(line.start_ms),
        "aria-label": `Play from ${time}` }, time)
      : h("span", { class: "stamp" }, time);
    const bubble = h(
      "div",
      { class: `line ${line.speaker}`, dataset: { speaker: line.speaker, seq: line.seq } },
      h("p", { class: "who" }, NAMES[line.speaker] ?? line.speaker, " ", stamp),
      h("p", { class: "said" }, line.text),
    );
    bubble.dataset.testid = "transcript-line";
    return bubble;
  }

  /** Mark the line that is spoken at this time of the recording. */
  mark(ms) {
    for (const { element, line } of this.#lines.values()) {
      element.classList.toggle("now", line.start_ms <= ms && ms < Math.max(line.end_ms, line.start_ms + 400));
    }
    this.querySelector(".line.now")?.scrollIntoView({ block: "nearest" });
  }

  /** Bring a line into view and point at it. */
  show(seq) {
    const found = this.#lines.get(seq)?.element;
    found?.scrollIntoView({ block: "center", behavior: "smooth" });
    found?.classList.add("pointed");
    setTimeout(() => found?.classList.remove("pointed"), 2000);
  }
}

customElements.define("od-transcript", Transcript);
