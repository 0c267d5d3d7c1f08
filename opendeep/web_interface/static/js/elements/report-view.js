// A campaign's report: what was achieved, the figures, and for each task what shows it.

import { api } from "../lib/api.js";
import { fill, h, icon, svg } from "../lib/dom.js";
import { listen } from "../lib/events.js";
import {
  campaignBadge, causeText, clockText, money, phoneText, taskBadge, taskText, taskTone, verdictBadge, when,
} from "../lib/format.js";
import { pairs } from "./outcome.js";

const FORMATS = [["md", "Markdown"], ["json", "JSON"], ["html", "Web page"], ["pdf", "PDF"], ["csv", "CSV"]];
const RADIUS = 42;
const AROUND = 2 * Math.PI * RADIUS;

class ReportView extends HTMLElement {
  #life = null;
  #soon = null;

  connectedCallback() {
    this.className = "report card";
    this.dataset.testid = "report";
    this.#life = new AbortController();
    const mine = (campaign) => campaign.id === this.campaignId && this.reload();
    listen(["campaign_changed", "campaign_finished"], mine, this.#life.signal);
    listen(["resync"], () => this.reload(), this.#life.signal);
    listen(["task_changed"], (task) => task.campaign_id === this.campaignId && this.#reloadSoon(), this.#life.signal);
    this.reload();
  }

  disconnectedCallback() {
    this.#life.abort();
  }

  get campaignId() {
    return Number(this.getAttribute("campaign-id"));
  }

  /** Many tasks may change at once: one reload tells of all. */
  #reloadSoon() {
    this.#soon ??= setTimeout(() => {
      this.#soon = null;
      if (this.isConnected) this.reload();
    }, 1000);
  }

  async reload() {
    try {
      this.#show(await api.get(`/api/campaigns/${this.campaignId}/report?format=json`));
    } catch (error) {
      if (!this.firstChild) fill(this, h("p", { class: "muted" }, error.message));
    }
  }

  #show(report) {
    const { narrative } = report;
    const final = report.final ? "Report" : "Report so far";
    const links = FORMATS.map(([format, label]) =>
      h("a", { href: `/api/campaigns/${this.campaignId}/report?format=${format}`, target: "_blank", rel: "noopener" }, label));
    fill(
      this,
      h("p", { class: "eyebrow" }, icon("report"), final, campaignBadge(report.status)),
      h("h2", {}, narrative.headline),
      h("p", { class: "summary" }, narrative.summary),
      narrative.next_steps.length > 0 && h("div", {}, h("h3", {}, "What to do now"), h("ul", {}, narrative.next_steps.map((step) => h("li", {}, step)))),
      h("div", { class: "figures" }, chart(report.figures), numbers(report.figures)),
      h("div", { class: "report-tasks" }, report.tasks.map(taskSection)),
      h("p", { class: "exports" }, icon("download"), links),
      h("p", { class: "small muted" }, `Made ${when(report.generated_at)}`));
  }
}

/** A ring of tasks by state, with its legend. */
function chart({ counts, tasks: total }) {
  const entries = Object.entries(counts);
  const label = entries.map(([status, count]) => `${count} × ${taskText(status)}`).join(", ");
  let turned = 0;
  const arcs = entries.map(([status, count]) => {
    const length = (count / total) * AROUND;
    const arc = svg("circle", {
      cx: 50, cy: 50, r: RADIUS, class: `arc tone-${taskTone(status)}`,
      "stroke-dasharray": `${length} ${AROUND - length}`, "stroke-dashoffset": -turned,
    });
    turned += length;
    return arc;
  });
  const legend = entries.map(([status, count]) =>
    h("li", {}, svg("svg", { viewBox: "0 0 10 10", "aria-hidden": "true" }, svg("circle", { cx: 5, cy: 5, r: 5, class: `tone-${taskTone(status)}` })),
      `${count} ${taskText(status)}`));
  return h("figure", { class: "ring" },
    svg("svg", { viewBox: "0 0 100 100", role: "img", "aria-label": label },
      ...arcs,
      svg("text", { x: 50, y: 50, class: "ring-number" }, String(total)),
      svg("text", { x: 50, y: 64, class: "ring-label" }, total === 1 ? "task" : "tasks")),
    h("figcaption", {}, h("ul", {}, legend)));
}

function numbers(figures) {
  const rows = [
    ["Calls", String(figures.calls)],
    ["Answered", String(figures.answered_calls)],
    ["Time talked", clockText(figures.seconds)],
    ["Cost", money(figures.cost_usd)],
  ];
  return h("dl", { class: "numbers" }, rows.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
}

function taskSection(task) {
  return h(
    "section", { class: "report-task", "aria-label": task.title },
    h("div", { class: "task-head" },
      h("div", {}, h("h3", {}, task.title),
        h("p", { class: "muted" }, [task.business_name ?? task.contact_name, phoneText(task.phone_number)].filter(Boolean).join(" · "))),
      taskBadge(task.status)),
    task.summary && h("p", {}, task.verdict && [verdictBadge(task.verdict), " "], task.summary),
    task.status_reason && task.status_reason !== task.summary && h("p", { class: "muted" }, task.status_reason),
    pairs(null, task.agreed),
    promises(task.promises),
    evidence(task.evidence),
    attempts(task.attempts));
}

function promises(list) {
  if (list.length === 0) return null;
  const items = list.map(({ what, due }) => h("li", {}, what, due && h("span", { class: "muted" }, ` (by ${due})`)));
  return h("div", {}, h("h4", {}, "Promised"), h("ul", {}, items));
}

function evidence(list) {
  if (list.length === 0) return null;
  const items = list.map(({ claim, quote, call_id: call, start_ms: start }) =>
    h("li", {}, h("span", { class: "claim" }, claim), h("q", {}, quote),
      h("a", { class: "stamp", href: `#/calls/${call}` }, `at ${clockText(start / 1000)}`)));
  return h("ul", { class: "evidence" }, items);
}

function attempts(list) {
  const items = list.map((attempt) =>
    h("li", {}, h("a", { href: `#/calls/${attempt.call_id}` }, `Attempt ${attempt.attempt_number}`),
      h("span", { class: "muted" }, [attempt.cause && causeText(attempt.cause), attempt.seconds > 0 && clockText(attempt.seconds), money(attempt.cost_usd)].filter(Boolean).join(" · "))));
  return items.length > 0 && h("ul", { class: "attempts small" }, items);
}

customElements.define("od-report", ReportView);
