// The practice phone: number 99 rings here, and the user is the callee.

import { act, button, fill, h, icon } from "../lib/dom.js";
import { phoneLine } from "../audio/phone-line.js";
import { View } from "./view.js";

const STATES = {
  off: ["The phone is off", "Switch it on, and calls to a practice number that ends in 99 ring here."],
  ready: ["The phone is on", "It rings when OpenDeep calls a practice number that ends in 99, for example +1 202 555 0199."],
  ringing: ["It rings", "OpenDeep is calling. Pick up and be the other side."],
  talking: ["You are on the phone", "Speak as the person who was called. A headset keeps echo away."],
};

class PhoneView extends View {
  async show(signal) {
    const panel = h("section", { class: "card phone", "aria-live": "polite" });
    phoneLine.addEventListener("change", () => fill(panel, face()), { signal });
    phoneLine.addEventListener("level", () => showLevel(panel), { signal });
    fill(panel, face());
    this.replaceChildren(
      h("h1", { tabindex: -1 }, "Practice phone"),
      h("p", { class: "lead" }, "Take the other side of a practice call, with this browser's microphone and speaker."),
      panel);
  }
}

function face() {
  const [title, text] = STATES[phoneLine.state];
  return [
    h("div", { class: `handset ${phoneLine.state}` }, icon("phone")),
    h("h2", { dataset: { testid: "phone-state", state: phoneLine.state } }, title),
    h("p", { class: "muted" }, text),
    h("meter", { class: "level", min: 0, max: 1, value: 0, "aria-label": "Microphone level", hidden: phoneLine.state !== "talking" }),
    h("div", { class: "toolbar center" }, phoneButtons()),
  ];
}

function showLevel(panel) {
  const meter = panel.querySelector("meter");
  if (meter) meter.value = phoneLine.level;
}

/** What can be done with the phone as it is now. */
export function phoneButtons() {
  const press = (testid, label, kind, symbol, work) => {
    const control = button(label, { kind, symbol, dataset: { testid } });
    control.addEventListener("click", () => act(control, async () => work()));
    return control;
  };
  switch (phoneLine.state) {
    case "off":
      return [press("phone-on", "Switch on", "primary", "phone", () => phoneLine.turnOn())];
    case "ringing":
      return [
        press("phone-answer", "Pick up", "good", "phone", () => phoneLine.answer()),
        press("phone-hangup", "Decline", "danger", "phone-off", () => phoneLine.hangUp()),
      ];
    case "talking":
      return [press("phone-hangup", "Hang up", "danger", "phone-off", () => phoneLine.hangUp())];
    default:
      return [press("phone-off", "Switch off", "quiet", null, () => phoneLine.turnOff())];
  }
}

customElements.define("od-phone-view", PhoneView);
