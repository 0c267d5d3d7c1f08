// Base of the views: shown when put on the page, silent when taken off.

import { h } from "../lib/dom.js";

export class View extends HTMLElement {
  #life = null;

  connectedCallback() {
    this.classList.add("view");
    this.reload();
  }

  disconnectedCallback() {
    this.#life?.abort();
  }

  /** Show anew. "show(signal)" is the view's own; the signal ends what it listens to. */
  async reload() {
    this.#life?.abort();
    const life = new AbortController();
    this.#life = life;
    try {
      await this.show(life.signal);
    } catch (error) {
      if (life.signal.aborted) return;
      const again = h("button", { type: "button", class: "button quiet", onclick: () => this.reload() }, "Try again");
      this.replaceChildren(h("div", { class: "empty", role: "alert" }, h("p", {}, error.message), again));
    }
  }
}
