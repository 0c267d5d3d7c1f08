// The assistant's questions as a form, answered with "Submit Answers".

import { button, field, growing, h, icon } from "../lib/dom.js";
import { plain } from "../lib/format.js";

const INPUT_TYPES = { date: "date", time: "time", number: "number", phone: "tel" };
const LONG_LABEL = 60;

export class FormCard extends HTMLElement {
  /** Ask "form"; "submit(answers, readable)" takes them. "answers" shows one that is answered. */
  show(form, { submit = null, answers = null } = {}) {
    this.className = "card form-card";
    this.dataset.testid = "form-card";
    const title = h("h3", {}, icon("form"), form.title);
    if (answers) this.replaceChildren(title, answered(form, answers));
    else this.replaceChildren(title, this.#form(form, submit));
  }

  #form(form, submit) {
    const send = button("Submit Answers", { kind: "primary", type: "submit" });
    send.dataset.testid = "submit-answers";
    const body = h("form", {}, form.questions.map(question), h("div", { class: "actions" }, send));
    body.addEventListener("submit", (event) => {
      event.preventDefault();
      const answers = collect(form, body);
      this.show(form, { answers });
      submit(answers);
    });
    return body;
  }
}

function question({ id, label, type, options, required }) {
  if (type === "boolean") return choice(id, label, ["Yes", "No"], required);
  if (type === "choice" && options?.length && options.length <= 5) {
    return choice(id, label, options, required);
  }
  const text = required ? label : `${label} (optional)`;
  return field(text, control({ id, label, type, options, required }));
}

function control({ id, label, type, options, required }) {
  if (type === "choice" && options?.length) {
    const none = h("option", { value: "" }, "Choose …");
    const all = options.map((option) => h("option", { value: option }, option));
    return h("select", { name: id, required }, none, all);
  }
  if (type === "text" && label.length > LONG_LABEL) {
    return growing(h("textarea", { name: id, rows: 2, required, maxlength: 2000 }));
  }
  const step = type === "number" ? "any" : null;
  const hint = type === "phone" ? "+1 202 555 0100" : null;
  const autocomplete = type === "phone" ? "tel" : "off";
  return h("input", {
    name: id, type: INPUT_TYPES[type] ?? "text", step, placeholder: hint, required, autocomplete,
    maxlength: 2000,
  });
}

function choice(id, label, options, required) {
  const answers = options.map((option) =>
    h("label", { class: "chip" },
      h("input", { type: "radio", name: id, value: option, required }), h("span", {}, option)));
  const text = required ? label : `${label} (optional)`;
  return h("fieldset", { class: "field" }, h("legend", {}, text), h("div", { class: "chips" }, answers));
}

function collect(form, body) {
  const values = new FormData(body);
  const answers = {};
  for (const { id, type } of form.questions) {
    const text = (values.get(id) ?? "").trim();
    if (text === "") continue;
    if (type === "boolean") answers[id] = text === "Yes";
    else answers[id] = type === "number" ? Number(text) : text;
  }
  return answers;
}

function answered(form, answers) {
  const rows = form.questions.map(({ id, label }) => [
    h("dt", {}, label),
    h("dd", {}, id in answers ? plain(answers[id]) : "–"),
  ]);
  return h("dl", { class: "facts" }, rows);
}

customElements.define("od-form-card", FormCard);
