// One campaign: its tasks, what happens next and why, and what the user can do about it.

import { api, readAll } from "../lib/api.js";
import { act, button, fill, h, icon } from "../lib/dom.js";
import { listen } from "../lib/events.js";
import { campaignBadge, isFinalTask, isLiveCall, money, when } from "../lib/format.js";
import { outcome } from "../elements/outcome.js";
import { attempts, taskRow } from "../elements/task-row.js";
import "../elements/live-call.js";
import "../elements/task-history.js";
import { progressBar } from "./campaigns.js";
import { View } from "./view.js";

const TASK_ACTIONS = [
  ["retry", "Call now", (task) => ["retry_scheduled", "on_hold", "pending", "failed", "unresolved"].includes(task.status)],
  ["hold", "Hold", (task) => ["pending", "retry_scheduled"].includes(task.status)],
  ["resume", "Resume", (task) => task.status === "on_hold"],
  ["cancel", "Cancel", (task) => !isFinalTask(task.status)],
];

class CampaignView extends View {
  async show(signal) {
    const id = Number(this.getAttribute("key"));
    const head = h("header", { class: "view-head" });
    const list = h("div", { class: "task-list", role: "list" });
    const live = h("div", { class: "live-calls" });
    const rows = new Map();
    const put = (task) => {
      const row = this.#task(task);
      if (rows.has(task.id)) {
        row.querySelector("details").open = rows.get(task.id).querySelector("details").open;
        rows.get(task.id).replaceWith(row);
      } else {
        list.append(row);
      }
      rows.set(task.id, row);
      task.calls.filter(({ status }) => isLiveCall(status)).forEach((call) => showCall(live, call.id));
    };
    const [campaign, tasks] = await Promise.all([
      api.get(`/api/campaigns/${id}`),
      readAll(`/api/tasks?campaign_id=${id}`),
    ]);
    this.#head(head, campaign);
    tasks.forEach(put);
    this.replaceChildren(head, live, h("section", { class: "card", "aria-label": "Calls of this campaign" }, list));
    listen(["campaign_changed", "campaign_finished"], (changed) => changed.id === id && this.#head(head, changed), signal);
    listen(["task_changed"], (task) => task.campaign_id === id && put(task), signal);
    listen(["resync"], () => this.reload(), signal);
  }

  #head(head, campaign) {
    const control = (action, label, kind = "quiet") => {
      const press = button(label, { kind });
      press.addEventListener("click", () => act(press, async () => {
        this.#head(head, await api.post(`/api/campaigns/${campaign.id}/${action}`));
      }));
      return press;
    };
    fill(
      head,
      h("a", { class: "back", href: "#/campaigns" }, icon("back"), "Campaigns"),
      h("div", { class: "task-head" }, h("h1", { tabindex: -1 }, campaign.title), campaignBadge(campaign.status)),
      h("p", {}, campaign.goal),
      progressBar(campaign.counts),
      h("p", { class: "muted small" }, `Since ${when(campaign.created_at)} · ${money(campaign.cost)}`),
      h("div", { class: "toolbar" },
        h("a", { class: "button primary", href: `#/campaigns/${campaign.id}/report` }, icon("report"), "Report"),
        campaign.status === "active" && control("pause", "Pause"),
        campaign.status === "paused" && control("resume", "Resume", "primary"),
        ["active", "paused"].includes(campaign.status) && control("cancel", "Cancel campaign", "danger")));
  }

  #task(task) {
    const actions = TASK_ACTIONS.filter(([, , fits]) => fits(task)).map(([action, label]) => {
      const press = button(label, { kind: action === "cancel" ? "danger" : "quiet" });
      press.addEventListener("click", () => act(press, () => api.post(`/api/tasks/${task.id}/${action}`)));
      return press;
    });
    const history = h("div", {});
    const more = h("details", { class: "more" },
      h("summary", {}, task.calls.length === 1 ? "1 attempt" : `${task.calls.length} attempts`, ` of at most ${task.max_attempts}`),
      h("p", {}, task.goal),
      attempts(task),
      task.outcome && outcome(task.outcome),
      task.appointment_at && h("p", {}, h("a", { href: `/api/tasks/${task.id}/calendar.ics`, download: true }, icon("next"), ` Add ${when(task.appointment_at)} to a calendar`)),
      history,
      h("div", { class: "toolbar" }, actions));
    more.addEventListener("toggle", () => {
      if (more.open && !history.firstChild) history.append(h("od-task-history", { "task-id": task.id }));
    });
    return taskRow(task, more);
  }
}

function showCall(place, callId) {
  if (!place.querySelector(`[call-id="${CSS.escape(callId)}"]`)) place.append(h("od-live-call", { "call-id": callId }));
}

customElements.define("od-campaign-view", CampaignView);
