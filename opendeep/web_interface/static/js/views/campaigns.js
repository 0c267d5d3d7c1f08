// All campaigns at a glance.

import { api, readAll } from "../lib/api.js";
import { act, button, field, fill, h, svg, toast } from "../lib/dom.js";
import { listen } from "../lib/events.js";
import { campaignBadge, money, taskText, taskTone, when } from "../lib/format.js";
import { View } from "./view.js";

class CampaignsView extends View {
  async show(signal) {
    const list = h("div", { class: "campaign-list" });
    this.replaceChildren(h("h1", { tabindex: -1 }, "Campaigns"), await stopPanel(), list, importForm());
    const cards = new Map();
    const put = (campaign, atTop = false) => {
      list.querySelector(".empty")?.remove();
      const card = campaignCard(campaign);
      if (cards.has(campaign.id)) cards.get(campaign.id).replaceWith(card);
      else if (atTop) list.prepend(card);
      else list.append(card);
      cards.set(campaign.id, card);
    };
    listen(["campaign_changed", "campaign_finished"], (campaign) => put(campaign, true), signal);
    listen(["resync"], () => this.reload(), signal);
    const campaigns = await readAll("/api/campaigns");
    campaigns.forEach((campaign) => put(campaign));
    if (campaigns.length === 0) {
      fill(list, h("div", { class: "empty" },
        h("p", {}, "Nothing here yet."), h("a", { class: "button primary", href: "#/chat" }, "Start in the chat")));
    }
  }
}

/** The stop switch, and what it says. */
async function stopPanel() {
  const panel = h("section", { class: "card inline-form", "aria-label": "Stop switch", dataset: { testid: "stop-panel" } });
  const show = (state) => {
    const press = button(state.stopped ? "Resume dialling" : "Stop all calls", { kind: state.stopped ? "primary" : "danger" });
    press.dataset.testid = "stop-switch";
    press.addEventListener("click", () => act(press, async () => show(await api.post(state.stopped ? "/api/resume" : "/api/stop"))));
    fill(panel,
      h("p", {}, state.stopped
        ? [h("strong", {}, "Everything is stopped. "), `${state.reason} Since ${when(state.since)}.`]
        : "Calls are dialled when they are due."),
      state.resting.map((trunk) => h("p", { role: "status" }, h("strong", {}, "The trunk rests. "), `${trunk.reason} Until ${when(trunk.until)}.`)),
      press);
  };
  show(await api.get("/api/stop"));
  return panel;
}

/** Contacts of a file as one campaign. */
function importForm() {
  const file = h("input", { type: "file", accept: ".csv,text/csv", required: true });
  const plan = h("textarea", { rows: 6, required: true, spellcheck: "false", placeholder: '{"title": "Survey", "goal": "…", "tasks": [{"title": "Ask {name}", "phone_number": "{phone}", "goal": "…", "success_criteria": "…"}]}' });
  const send = button("Import and schedule", { kind: "primary", type: "submit" });
  const form = h("form", { class: "stack" },
    field("CSV file with a header line", file),
    field("Plan with one template task", plan, { hint: "{column} in its texts is filled from each line." }), send);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    act(send, async () => {
      const body = new FormData();
      body.append("file", file.files[0]);
      body.append("plan", plan.value);
      const made = await api.upload("/api/campaigns/import", body);
      toast(`${made.accepted} accepted, ${made.rejected} rejected.`);
      if (made.rejected) await api.download(made.errors_url, `campaign-${made.campaign_id}-errors.csv`);
      location.hash = `#/campaigns/${made.campaign_id}`;
    });
  });
  return h("details", { class: "card" }, h("summary", {}, "Import contacts as a campaign"), form);
}

function campaignCard(campaign) {
  return h(
    "article", { class: "card campaign-card" },
    h("div", { class: "task-head" },
      h("div", {},
        h("h3", {}, h("a", { href: `#/campaigns/${campaign.id}` }, campaign.title)),
        h("p", { class: "muted" }, campaign.goal)),
      campaignBadge(campaign.status)),
    progressBar(campaign.counts),
    h("p", { class: "muted small" }, `Since ${when(campaign.created_at)} · ${money(campaign.cost)}`));
}

/** Show how many tasks are in which state, as one bar. */
export function progressBar(counts) {
  const entries = Object.entries(counts);
  const total = entries.reduce((sum, [, count]) => sum + count, 0);
  if (total === 0) return null;
  const label = entries.map(([status, count]) => `${count} × ${taskText(status)}`).join(", ");
  let left = 0;
  const pieces = entries.map(([status, count]) => {
    const width = (count / total) * 100;
    const piece = svg("rect", { x: left, y: 0, width, height: 6, class: `tone-${taskTone(status)}` });
    left += width;
    return piece;
  });
  return h("div", { class: "bar" },
    svg("svg", { viewBox: "0 0 100 6", preserveAspectRatio: "none", role: "img", "aria-label": label }, ...pieces),
    h("p", { class: "small muted" }, label));
}

customElements.define("od-campaigns-view", CampaignsView);
