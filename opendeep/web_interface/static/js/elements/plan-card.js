// A campaign plan that the user may change before confirming it. What is confirmed is what is
// sent: the server takes exactly this plan, once.

import { act, button, field, fill, growing, h, icon } from "../lib/dom.js";
import { fromLocalInput, phoneText, plain, toLocalInput, words } from "../lib/format.js";
import { ApiError, api } from "../lib/api.js";
import { planPreview } from "./plan-preview.js";

const EDITED = { from: "user", reference: "Changed by the user in the plan" };
const SOURCES = { user: "you", places: "the business directory", search: "a web search" };

const VOICEMAIL = {
  hang_up: "Hang up without a message", leave_message: "Leave a message", go_on: "Go on talking",
};

export class PlanCard extends HTMLElement {
  #plan = null;
  #key = null;
  #controls = new Map();

  /**
   * Offer "plan"; "confirmed(campaign)" is told of the campaign that was made. With "campaignId"
   * the plan is shown as confirmed.
   */
  show(plan, { sessionId = null, campaignId = null, confirmed = null } = {}) {
    this.className = "card plan-card";
    this.dataset.testid = "plan-card";
    this.#plan = structuredClone(plan);
    this.#key = crypto.randomUUID();
    if (campaignId === null) this.#edit(sessionId, confirmed);
    else this.#settled(campaignId);
  }

  #edit(sessionId, confirmed) {
    const faults = h("ul", { class: "faults", role: "alert", hidden: true });
    const send = button("Confirm and Schedule Campaign", { kind: "primary big", type: "submit" });
    send.dataset.testid = "confirm-plan";
    const look = button("Preview", { kind: "quiet big" });
    look.dataset.testid = "preview-plan";
    const preview = h("div", {});
    look.addEventListener("click", () => {
      this.#clearFaults(faults);
      act(look, () => this.#told(faults, async () => {
        fill(preview, planPreview(await api.post("/api/preview_plan", { campaign_plan: this.#plan })));
      }));
    });
    const form = h(
      "form",
      { novalidate: true },
      h("p", { class: "eyebrow" }, icon("plan"), "Your plan: change whatever is not right"),
      this.#bound("Title", "title", this.#plan, h("input", { class: "title-input" })),
      this.#bound("Goal", "goal", this.#plan, growing(h("textarea", { rows: 2 }))),
      this.#plan.tasks.map((task, index) => this.#task(task, index)),
      this.#plan.tasks.length > 1
        && this.#bound("When one call meets its goal", "when_goal_met", this.#plan, goalChoice(this.#plan)),
      faults,
      preview,
      h("div", { class: "actions" }, look, send),
      h("p", { class: "hint" }, "Nothing is dialled before you confirm."),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#clearFaults(faults);
      act(send, () => this.#confirm(sessionId, confirmed, faults));
    });
    form.addEventListener("input", () => {
      this.#key = crypto.randomUUID();
      preview.replaceChildren();
    });
    this.replaceChildren(form);
  }

  async #confirm(sessionId, confirmed, faults) {
    const body = { campaign_plan: this.#plan, session_id: sessionId };
    await this.#told(faults, async () => {
      const made = await api.post("/api/execute_campaign", body, { "Idempotency-Key": this.#key });
      this.#settled(made.campaign_id);
      confirmed({ ...made, plan: this.#plan });
    });
  }

  /** Do something with the plan; its faults are shown where they are. */
  async #told(faults, work) {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof ApiError) || error.details.length === 0) throw error;
      this.#showFaults(faults, error.details);
    }
  }

  #task(task, index) {
    const path = `tasks[${index}]`;
    const phone = h("input", { type: "tel", autocomplete: "off" });
    phone.dataset.testid = `plan-phone-${index}`;
    const source = h("p", { class: "source" });
    const tellSource = () => source.replaceChildren(...sourceText(task));
    phone.addEventListener("input", () => {
      task.sources = (task.sources ?? []).filter(({ field: name }) => name !== "phone_number");
      task.sources.push({ field: "phone_number", ...EDITED });
      tellSource();
    });
    tellSource();
    return h(
      "fieldset",
      { class: "plan-task" },
      h("legend", {}, `Call ${index + 1}`),
      this.#bound("What", `${path}.title`, task, h("input", {})),
      h("div", { class: "columns" },
        this.#bound("Number", `${path}.phone_number`, task, phone),
        this.#bound("Business", `${path}.business_name`, task, h("input", {}))),
      source,
      this.#bound("Goal of the call", `${path}.goal`, task, growing(h("textarea", { rows: 2 }))),
      this.#facts(task),
      h("div", { class: "columns" },
        this.#time("Not before", `${path}.earliest`, task), this.#time("Not after", `${path}.latest`, task)),
      this.#more(task, path),
    );
  }

  #more(task, path) {
    const attempts = h("input", { type: "number", min: 1, max: 20 });
    return h(
      "details",
      { class: "more" },
      h("summary", {}, "More about this call"),
      this.#bound("Ask for", `${path}.contact_name`, task, h("input", {})),
      this.#bound("It is a success if", `${path}.success_criteria`, task, growing(h("textarea", { rows: 2 }))),
      this.#bound("Instructions to the assistant", `${path}.instructions`, task, growing(h("textarea", { rows: 2 }))),
      h("div", { class: "columns" },
        this.#bound("Attempts at most", `${path}.max_attempts`, task, attempts),
        this.#bound("Time zone there", `${path}.time_zone`, task, h("input", { placeholder: "America/New_York" }))),
      this.#numbers("Other numbers of theirs", `${path}.alternative_numbers`, task),
      this.#bound("If an answering machine answers", `${path}.voicemail`, task, voicemailChoice(task)),
    );
  }

  #facts(task) {
    task.facts ??= {};
    const rows = Object.entries(task.facts).map(([name, value]) => {
      const input = h("input", { value: plain(value), "aria-label": words(name) });
      input.addEventListener("input", () => { task.facts[name] = input.value; });
      return h("div", { class: "fact" }, h("span", {}, words(name)), input);
    });
    if (rows.length === 0) return null;
    return h("div", { class: "field" }, h("p", { class: "label" }, "What the assistant may say"), rows);
  }

  #numbers(label, path, task) {
    const input = h("input", { value: (task.alternative_numbers ?? []).join(", "), autocomplete: "off" });
    input.addEventListener("input", () => {
      task.alternative_numbers = input.value.split(",").map((text) => text.trim()).filter(Boolean);
    });
    const hint = "tried in this order when the first is busy, unanswered or wrong; separated by commas";
    return this.#placed(path, field(label, input, { hint }), input);
  }

  #time(label, path, task) {
    const name = path.split(".").at(-1);
    const input = h("input", { type: "datetime-local", value: toLocalInput(task[name]) });
    input.addEventListener("input", () => { task[name] = fromLocalInput(input.value); });
    return this.#placed(path, field(label, input, { hint: "your time" }), input);
  }

  #bound(label, path, target, control) {
    const name = path.split(".").at(-1);
    const isNumber = control.type === "number";
    control.value = target[name] ?? "";
    control.addEventListener("input", () => {
      const text = control.value.trim();
      target[name] = isNumber ? Number(text) : text || null;
      if (!text && isRequired(name)) target[name] = "";
    });
    return this.#placed(path, field(label, control), control);
  }

  #placed(path, element, control) {
    this.#controls.set(path, control);
    return element;
  }

  #showFaults(list, details) {
    for (const { path, message } of details) {
      const control = this.#controls.get(path);
      control?.setAttribute("aria-invalid", "true");
      const more = control?.closest("details");
      if (more) more.open = true;
      list.append(h("li", {}, message));
    }
    list.hidden = false;
    (this.querySelector("[aria-invalid]") ?? list).focus();
  }

  #clearFaults(list) {
    list.replaceChildren();
    list.hidden = true;
    for (const control of this.#controls.values()) control.removeAttribute("aria-invalid");
  }

  #settled(campaignId) {
    const calls = this.#plan.tasks.map((task) =>
      h("li", {}, h("strong", {}, task.business_name || task.contact_name || task.title),
        h("span", { class: "muted" }, ` ${phoneText(task.phone_number)}`)));
    this.classList.add("settled");
    this.replaceChildren(
      h("p", { class: "eyebrow good" }, icon("check"), "Confirmed and scheduled"),
      h("h3", {}, this.#plan.title),
      h("p", {}, this.#plan.goal),
      h("ul", { class: "plain-list" }, calls),
      h("a", { href: `#/campaigns/${campaignId}` }, "Open the campaign"),
    );
  }
}

function voicemailChoice(task) {
  task.voicemail ??= "hang_up";
  const choices = Object.entries(VOICEMAIL).map(([value, label]) => h("option", { value }, label));
  return h("select", {}, choices);
}

function goalChoice(plan) {
  plan.when_goal_met ??= "go_on";
  const choices = {
    go_on: "Call all of them",
    stop_others: "Stop once one call meets its goal",
    hang_up_others: "Stop then, and hang up calls that run",
  };
  return h("select", {}, Object.entries(choices).map(([value, label]) => h("option", { value }, label)));
}

const isRequired = (name) => ["title", "goal", "phone_number", "success_criteria"].includes(name);

function sourceText(task) {
  const source = (task.sources ?? []).find(({ field: name }) => name.endsWith("phone_number"));
  if (!source) return [icon("info"), "Nobody said where this number comes from."];
  const text = `The number comes from ${SOURCES[source.from] ?? source.from}.`;
  return [icon("info"), text, h("span", { class: "muted" }, ` ${source.reference}`)];
}

customElements.define("od-plan-card", PlanCard);
