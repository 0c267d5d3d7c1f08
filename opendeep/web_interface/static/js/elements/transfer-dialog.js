// Hands the other side of a live call over to a third number: a button, and the dialog it opens.

import { button, field, freshId, h, toast } from "../lib/dom.js";

const NUMBER = /^\+?[0-9]{1,15}$/;
const BAD_NUMBER = "Enter a number with its country code, such as +1\u00a0202\u00a0555\u00a00100, or an extension of your exchange.";
const MODES = [
  ["attended", "Ask them first",
    "The other side waits while the person at that number is told who calls and why. They take the call with a 1; if they do not, the assistant goes on."],
  ["blind", "Put through at once",
    "The other side hears that number ring, and the assistant leaves. If nobody answers there, the call ends."],
];

/** Make the button and its dialog; "send" takes {to, mode} and fails with what to tell. */
export function transfer(send) {
  const number = h("input", { type: "tel", autocomplete: "tel", maxlength: 40, required: true });
  number.dataset.testid = "transfer-number";
  const meaning = h("p", { class: "hint", role: "status" });
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const go = button("Transfer", { kind: "primary", symbol: "phone-forward", type: "submit" });
  go.dataset.testid = "transfer-send";
  const title = freshId("transfer");
  const modes = choice(freshId("mode"), (mode) => {
    meaning.textContent = MODES.find(([name]) => name === mode)[2];
  });
  const form = h("form", { class: "transfer-form", novalidate: true },
    h("h2", { id: title }, "Transfer the call"),
    field("To which number?", number), modes, meaning, problem,
    h("div", { class: "row end" }, button("Cancel", { onclick: () => dialog.close() }), go));
  const dialog = h("dialog", { class: "question", "aria-labelledby": title }, form);
  dialog.dataset.testid = "transfer-dialog";

  const say = (words, bad) => {
    problem.textContent = words;
    problem.hidden = !words;
    number.setAttribute("aria-invalid", String(bad));
  };
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const to = number.value.replace(/[\s\u00a0().\/-]/g, "");
    if (!NUMBER.test(to)) {
      say(BAD_NUMBER, true);
      number.focus();
      return;
    }
    go.disabled = true;
    say("", false);
    try {
      await send({ to, mode: new FormData(form).get(modes.name) });
      dialog.close();
      toast("The other number is being called. What comes of it is told in the transcript.");
    } catch (error) {
      say(error.message, false);
    } finally {
      go.disabled = false;
    }
  });

  const open = button("Transfer", { symbol: "phone-forward", "aria-haspopup": "dialog" });
  open.dataset.testid = "transfer";
  open.addEventListener("click", () => {
    say("", false);
    dialog.showModal();
    number.focus();
  });
  return { open, dialog };
}

function choice(name, chosen) {
  const answers = MODES.map(([mode, label], index) => h("label", { class: "chip" },
    h("input", { type: "radio", name, value: mode, checked: index === 0, onchange: () => chosen(mode) }),
    h("span", {}, label)));
  chosen(MODES[0][0]);
  return h("fieldset", { class: "field", name },
    h("legend", {}, "How?"), h("div", { class: "chips" }, answers));
}
