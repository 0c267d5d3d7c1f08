// The chat: the user says what they want, the assistant asks, looks up and proposes a plan.

import { chatTurn } from "../lib/api.js";
import { button, growing, h, icon, toast } from "../lib/dom.js";
import { words } from "../lib/format.js";
import { remember, remembered, session, setUsername, username } from "../lib/session.js";
import { askToNotify } from "../elements/question-dialog.js";
import "../elements/campaign-progress.js";
import "../elements/form-card.js";
import "../elements/plan-card.js";

const IDEAS = [
  "Book me a dental cleaning at Bright Smile Dental next week, afternoons",
  "Ask the hardware store whether they have a left-handed screwdriver in stock",
  "Reserve a table for four on Friday evening at the Italian place on Main Street",
];
const TOOL_ICONS = {
  get_authoritative_business_info: "place",
  search_internet: "search",
  ask_user: "form",
  propose_campaign_plan: "plan",
};

class ChatView extends HTMLElement {
  #log = h("div", { class: "chat-log", role: "log", "aria-live": "polite", "aria-label": "Conversation" });
  #input = growing(h("textarea", {
    id: "chat-input", rows: 1, maxlength: 8000, "aria-label": "Your message", enterkeyhint: "send",
  }));
  #send = button("", { id: "chat-send", kind: "primary send", symbol: "send", type: "submit", "aria-label": "Send" });
  #who = h("div", { class: "who-am-i" });
  #place = null;
  #entries = [];
  #sessionId = null;
  #busy = false;

  connectedCallback() {
    if (this.firstChild) return; // the conversation stays while other views are looked at
    this.className = "chat";
    const composer = h("form", { class: "composer" }, this.#input, this.#send);
    composer.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#say();
    });
    this.#input.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        this.#say();
      }
    });
    this.#place = h("div", { class: "composer-place" }, composer);
    this.append(this.#log, this.#place);
    session.addEventListener("change", () => this.#restore());
    this.#restore();
  }

  /** Show what this tab remembers of the conversation, or the beginning of one. */
  #restore() {
    const kept = remembered("chat") ?? { sessionId: null, entries: [] };
    this.#sessionId = kept.sessionId;
    this.#entries = kept.entries;
    this.#log.replaceChildren();
    if (this.#entries.length === 0) this.#log.append(this.#welcome());
    this.#entries.forEach((entry) => this.#show(entry));
    this.#showWho();
  }

  #welcome() {
    const ideas = IDEAS.map((idea) =>
      button(idea, { kind: "idea", onclick: () => {
        this.#input.value = idea;
        this.#input.dispatchEvent(new Event("input"));
        this.#input.focus();
      } }));
    return h(
      "section", { class: "welcome" },
      h("h1", { tabindex: -1 }, "What should I call about?"),
      h("p", { class: "lead" }, "Say what you want done. OpenDeep looks up the number, shows you a plan, and calls only when you confirm it."),
      h("div", { class: "ideas" }, ideas));
  }

  #showWho() {
    const begun = this.#entries.length > 0;
    this.#input.placeholder = begun ? "Write a message" : "What should I call about?";
    if (begun) {
      this.prepend(this.#who);
      const anew = button("New conversation", { symbol: "plus", onclick: () => this.#beginAnew() });
      this.#who.replaceChildren(h("span", { class: "muted" }, "You are ", h("strong", {}, username())), anew);
      return;
    }
    this.#place.append(this.#who);
    const name = h("input", { id: "chat-username", value: username(), maxlength: 64, size: 16, autocomplete: "username", spellcheck: "false" });
    name.addEventListener("change", () => {
      setUsername(name.value);
      name.value = username();
    });
    this.#who.replaceChildren(h("label", { for: "chat-username", class: "muted" }, "You are"), name);
  }

  #beginAnew() {
    if (this.#busy) return;
    remember("chat", null);
    this.#restore();
    this.#input.focus();
  }

  async #say() {
    const message = this.#input.value.trim();
    if (!message || this.#busy) return;
    this.#input.value = "";
    this.#input.dispatchEvent(new Event("input"));
    if (!(await this.#turn({ message }, { kind: "user", text: message }))) this.#input.value ||= message;
  }

  /** Send one turn; returns whether it went well. */
  async #turn(body, entry = null) {
    const isFirst = this.#entries.length === 0;
    if (isFirst) this.#log.replaceChildren();
    if (entry) this.#add(entry);
    this.#setBusy(true);
    const answer = this.#answering();
    try {
      const request = { ...body, username: username() };
      if (this.#sessionId) request.session_id = this.#sessionId;
      const turn = await chatTurn(request, (name, data) => answer.hear(name, data));
      this.#sessionId = turn.session_id;
      answer.element.remove();
      this.#add({ kind: "assistant", turn });
      this.#showFromItsTop(this.#log.lastElementChild);
      return true;
    } catch (error) {
      answer.element.remove();
      this.#goOnIn(error.details?.find((detail) => detail.session_id)?.session_id);
      toast(error.message, { kind: "error" });
      return false;
    } finally {
      this.#setBusy(false);
    }
  }

  /** A first message that was not answered is kept in a session all the same: stay in it. */
  #goOnIn(sessionId) {
    if (!sessionId) return;
    this.#sessionId = sessionId;
    this.#keep();
  }

  #setBusy(busy) {
    this.#busy = busy;
    this.#send.disabled = busy;
    this.#log.setAttribute("aria-busy", String(busy));
    if (busy) return;
    const question = this.#log.lastElementChild?.querySelector("od-form-card form :is(input, select, textarea)");
    (question ?? this.#input).focus({ preventScroll: true });
  }

  /** The assistant's turn while it comes. */
  #answering() {
    const tools = h("div", { class: "tools" });
    const text = h("p", { class: "reply" });
    const dots = h("p", { class: "thinking", role: "status" }, h("span", { class: "visually-hidden" }, "The assistant is thinking"),
      h("i", {}), h("i", {}), h("i", {}));
    const element = h("div", { class: "turn assistant" }, tools, text, dots);
    this.#log.append(element);
    this.#toEnd();
    const hear = (name, data) => {
      if (name === "tool") tools.append(toolLine(data));
      if (name === "delta") text.textContent += data.text;
      this.#toEnd();
    };
    return { element, hear };
  }

  #add(entry) {
    this.#entries.push(entry);
    this.#keep();
    this.#show(entry);
    this.#showWho();
    this.#toEnd();
  }

  #keep() {
    remember("chat", { sessionId: this.#sessionId, entries: this.#entries });
  }

  #show(entry) {
    if (entry.kind === "user") this.#log.append(h("div", { class: "turn user" }, h("p", {}, entry.text)));
    else this.#showTurn(entry);
  }

  #showTurn(entry) {
    const { turn } = entry;
    const element = h("div", { class: "turn assistant" });
    if (turn.tool_activity.length) element.append(h("div", { class: "tools" }, turn.tool_activity.map(toolLine)));
    if (turn.reply) element.append(h("p", { class: "reply" }, turn.reply));
    this.#log.append(element);
    if (turn.form) element.append(this.#form(entry));
    if (turn.campaign_plan) element.append(this.#plan(entry));
    if (entry.campaignId) this.#log.append(h("od-campaign-progress", { "campaign-id": entry.campaignId }));
  }

  #form(entry) {
    const card = document.createElement("od-form-card");
    const { form } = entry.turn;
    const submit = async (answers) => {
      entry.answers = answers;
      if (await this.#turn({ form_answers: answers })) return;
      delete entry.answers;
      this.#keep();
      card.show(form, { submit });
    };
    card.show(form, { submit, answers: entry.answers });
    return card;
  }

  #plan(entry) {
    const card = document.createElement("od-plan-card");
    card.show(entry.turn.campaign_plan, {
      sessionId: this.#sessionId,
      campaignId: entry.campaignId,
      confirmed: ({ campaign_id: campaignId, plan }) => {
        askToNotify();
        entry.campaignId = campaignId;
        entry.turn = { ...entry.turn, campaign_plan: plan };
        this.#keep();
        this.#log.append(h("od-campaign-progress", { "campaign-id": campaignId }));
        this.#toEnd();
      },
    });
    return card;
  }

  /** A turn that is higher than the screen is read from its top. */
  #showFromItsTop(turn) {
    if (turn.offsetHeight < window.innerHeight * 0.6) return;
    requestAnimationFrame(() => turn.scrollIntoView({ block: "start", behavior: "smooth" }));
  }

  #toEnd() {
    requestAnimationFrame(() => window.scrollTo({ top: document.body.scrollHeight, behavior: "smooth" }));
  }
}

function toolLine({ tool, summary, ok }) {
  return h(
    "p", { class: `tool ${ok ? "ok" : "failed"}`, dataset: { testid: "tool-activity" } },
    icon(TOOL_ICONS[tool] ?? "tool"),
    h("span", {}, summary || words(tool)),
    icon(ok ? "check" : "warn"));
}

customElements.define("od-chat-view", ChatView);
