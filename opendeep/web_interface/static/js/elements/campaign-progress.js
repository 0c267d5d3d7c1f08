// How a campaign goes on, right in the chat: its calls as they come, and the report at its end.

import { api } from "../lib/api.js";
import { button, h } from "../lib/dom.js";
import { listen } from "../lib/events.js";
import { campaignBadge, isFinalTask, isLiveCall } from "../lib/format.js";
import { taskRow } from "./task-row.js";
import "./live-call.js";
import "./report-view.js";

class CampaignProgress extends HTMLElement {
  #life = null;
  #tasks = new Map();
  #heading = h("div", { class: "progress-head" });
  #list = h("div", { class: "task-list", role: "list" });
  #calls = h("div", { class: "live-calls" });
  #end = h("div", {});

  connectedCallback() {
    this.className = "progress";
    this.dataset.testid = "campaign-progress";
    this.#life = new AbortController();
    const { signal } = this.#life;
    const id = this.campaignId;
    listen(["task_changed"], (task) => task.campaign_id === id && this.#showTask(task), signal);
    listen(["call_changed"], (call) => call.campaign_id === id && this.#showCall(call), signal);
    listen(["campaign_changed", "campaign_finished"], (campaign) => campaign.id === id && this.#showCampaign(campaign), signal);
    listen(["resync", "online"], () => this.#load(), signal);
    this.replaceChildren(
      h("div", { class: "card" }, this.#heading, this.#list), this.#calls, this.#end);
    this.#load();
  }

  disconnectedCallback() {
    this.#life.abort();
  }

  get campaignId() {
    return Number(this.getAttribute("campaign-id"));
  }

  async #load() {
    const [campaign, tasks] = await Promise.all([
      api.get(`/api/campaigns/${this.campaignId}`),
      api.get(`/api/tasks?campaign_id=${this.campaignId}&limit=100`),
    ]).catch(() => [null, null]);
    if (!campaign) return;
    tasks.items.forEach((task) => this.#showTask(task));
    this.#showCampaign(campaign);
  }

  #showTask(task) {
    const row = taskRow(task);
    const present = this.#tasks.get(task.id);
    if (present) present.replaceWith(row);
    else this.#list.append(row);
    this.#tasks.set(task.id, row);
    const latest = task.calls.at(-1);
    if (latest && (isLiveCall(latest.status) || this.#tasks.size === 1)) this.#ensureCall(latest.id);
    if (isFinalTask(task.status) && this.#everyTaskIsFinal()) this.#showReport();
  }

  #everyTaskIsFinal() {
    return [...this.#tasks.values()].every((row) => isFinalTask(row.dataset.status));
  }

  #showCall(call) {
    if (isLiveCall(call.status)) this.#ensureCall(call.id);
  }

  /** Show one panel a call; panels of earlier calls give way. */
  #ensureCall(callId) {
    if (this.#calls.querySelector(`[call-id="${CSS.escape(callId)}"]`)) return;
    for (const panel of [...this.#calls.children]) {
      if (["ended", "lost"].includes(panel.dataset.state)) panel.remove();
    }
    const panel = h("od-live-call", { "call-id": callId });
    this.#calls.append(panel);
    requestAnimationFrame(() => panel.scrollIntoView({ block: "center", behavior: "smooth" }));
  }

  #showCampaign(campaign) {
    this.#heading.replaceChildren(
      h("h3", {}, h("a", { href: `#/campaigns/${campaign.id}` }, campaign.title)),
      campaignBadge(campaign.status),
    );
    if (campaign.status === "finished") this.#showReport();
  }

  #showReport() {
    if (this.#end.firstChild) {
      this.#end.firstChild.reload();
      return;
    }
    const report = h("od-report", { "campaign-id": this.campaignId });
    this.#end.append(report);
    const show = () => report.scrollIntoView({ block: "start", behavior: "smooth" });
    this.#list.after(button("See the report", { kind: "primary", symbol: "report", onclick: show }));
  }
}

customElements.define("od-campaign-progress", CampaignProgress);
