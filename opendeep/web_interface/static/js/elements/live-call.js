// One call: while it lasts, its state, its running transcript and what the user can do; after it,
// the recording in step with the transcript, and what came of it.

import { ApiError, api } from "../lib/api.js";
import { act, button, freshId, h, icon } from "../lib/dom.js";
import { listen } from "../lib/events.js";
import { callBadge, causeText, isLiveCall, phoneText, talkTime } from "../lib/format.js";
import { CallListener } from "../audio/listener.js";
import { outcome } from "./outcome.js";
import { transfer } from "./transfer-dialog.js";
import "./transcript.js";

const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"];

export class LiveCall extends HTMLElement {
  #call = null;
  #life = null;
  #listener = null;
  #transcript = document.createElement("od-transcript");
  #head = h("header", { class: "call-head" });
  #foot = h("div", { class: "call-foot" });

  connectedCallback() {
    this.className = "card live-call";
    this.dataset.testid = "live-call";
    this.#life = new AbortController();
    const { signal } = this.#life;
    listen(["call_changed"], (call) => call.id === this.callId && this.#update(call), signal);
    listen(["transcript_line"], (line) => line.call_id === this.callId && this.#transcript.put(line), signal);
    listen(["resync", "online"], () => this.#load(), signal);
    const timer = setInterval(() => this.#tick(), 1000);
    signal.addEventListener("abort", () => clearInterval(timer));
    this.replaceChildren(this.#head, this.#transcript, this.#foot);
    this.#load();
  }

  disconnectedCallback() {
    this.#life.abort();
    this.#listener?.stop();
    this.#listener = null;
    this.#call = null;
  }

  get callId() {
    return this.getAttribute("call-id");
  }

  async #load() {
    try {
      this.#update(await api.get(`/api/calls/${encodeURIComponent(this.callId)}`));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (!this.#call) this.replaceChildren(h("p", { class: "muted" }, error.message));
    }
  }

  #update(call) {
    const before = this.#call;
    const changed = !before || before.status !== call.status;
    const analysed = !before?.analysis && call.analysis;
    this.#call = call;
    this.dataset.state = call.status;
    this.#showHead();
    if (!before || (changed && !isLiveCall(call.status))) this.#beginTranscript();
    call.transcript.forEach((line) => this.#transcript.put(line));
    if (changed || analysed) this.#showFoot();
  }

  #beginTranscript() {
    const live = isLiveCall(this.#call.status);
    const player = !live && this.#call.has_recording ? this.#player() : null;
    this.querySelector("audio")?.remove();
    if (player) this.#head.after(player);
    const seek = player && ((ms) => { player.currentTime = ms / 1000; player.play(); });
    const empty = live ? "Nobody has spoken yet." : "Nobody spoke in this call.";
    this.#transcript.begin({ live, seek, empty });
  }

  #player() {
    const address = `/api/calls/${encodeURIComponent(this.callId)}/recording`;
    const player = h("audio", { controls: true, preload: "metadata", src: address, "aria-label": "Recording" });
    player.addEventListener("timeupdate", () => this.#transcript.mark(player.currentTime * 1000));
    return player;
  }

  #showHead() {
    const call = this.#call;
    this.#head.replaceChildren(
      h("div", {},
        h("h3", {}, call.task_title),
        h("p", { class: "muted" }, phoneText(call.phone_number), ` · attempt ${call.attempt_number}`)),
      h("div", { class: "call-state", "aria-live": "polite" },
        callBadge(call.status), h("span", { class: "timer" }, talkTime(call))),
    );
  }

  #tick() {
    if (!this.#call || !isLiveCall(this.#call.status)) return;
    this.querySelector(".timer").textContent = talkTime(this.#call);
  }

  #showFoot() {
    const live = isLiveCall(this.#call.status);
    if (!live) {
      this.#listener?.stop();
      this.#foot.replaceChildren(...this.#after());
    } else {
      const talking = this.#call.status === "in_progress";
      this.#foot.replaceChildren(...(talking ? this.#controls() : [this.#toolbar(false)]));
    }
  }

  #after() {
    const { cause, analysis } = this.#call;
    const ended = h("p", { class: "cause" }, icon("phone-off"), causeText(cause ?? "lost"), ".");
    if (!analysis) return [ended, h("p", { class: "muted", role: "status" }, "The call is being looked at …")];
    return [ended, outcome(analysis, { point: (seq) => this.#transcript.show(seq) })];
  }

  #controls() {
    const input = h("input", {
      id: freshId("hint"), maxlength: 1000, autocomplete: "off", "aria-label": "Hint to the assistant",
      placeholder: "Tell the assistant something; the other side does not hear it",
    });
    input.dataset.testid = "hint-input";
    const give = button("Send hint", { symbol: "send", type: "submit" });
    const hint = h("form", { class: "hint-box" }, input, give);
    hint.addEventListener("submit", (event) => {
      event.preventDefault();
      if (!input.value.trim()) return;
      act(give, async () => {
        await this.#command({ type: "hint", text: input.value.trim() });
        input.value = "";
      });
    });
    const pad = h("div", { class: "pad", hidden: true, role: "group", "aria-label": "Keypad" }, KEYS.map((key) => {
      const press = button(key, { kind: "key", "aria-label": `Key ${key}` });
      press.addEventListener("click", () => act(press, () => this.#command({ type: "dtmf", digits: key })));
      return press;
    }));
    return [hint, this.#toolbar(true, pad), pad];
  }

  #toolbar(talking, pad = null) {
    const hangUp = button("Hang up", { kind: "danger", symbol: "phone-off" });
    hangUp.dataset.testid = "hang-up";
    hangUp.addEventListener("click", () => act(hangUp, () => this.#command({ type: "hangup" })));
    const { open, dialog } = transfer((order) => this.#command({ type: "transfer", ...order }));
    const tools = talking && [this.#listenButton(), padButton(pad), open, dialog];
    return h("div", { class: "toolbar" }, tools, hangUp);
  }

  #listenButton() {
    const listening = this.#listener !== null;
    const label = h("span", {}, listening ? "Stop listening" : "Listen in");
    const toggle = h("button", { type: "button", class: "button quiet", "aria-pressed": String(listening) },
      icon("ear"), label);
    toggle.dataset.testid = "listen-in";
    const showState = (on) => {
      toggle.setAttribute("aria-pressed", String(on));
      label.textContent = on ? "Stop listening" : "Listen in";
    };
    toggle.addEventListener("click", () => act(toggle, async () => {
      if (this.#listener) {
        this.#listener.stop();
        return;
      }
      this.#listener = new CallListener(this.callId, () => {
        this.#listener = null;
        showState(false);
      });
      await this.#listener.start();
      showState(true);
    }));
    return toggle;
  }

  #command(body) {
    return api.post(`/api/calls/${encodeURIComponent(this.callId)}/commands`, body);
  }
}

function padButton(pad) {
  const toggle = button("Keypad", { symbol: "keypad", "aria-expanded": "false" });
  toggle.dataset.testid = "keypad";
  toggle.addEventListener("click", () => {
    pad.hidden = !pad.hidden;
    toggle.setAttribute("aria-expanded", String(!pad.hidden));
  });
  return toggle;
}

customElements.define("od-live-call", LiveCall);
