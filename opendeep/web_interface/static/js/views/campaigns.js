// All campaigns at a glance.

import { readAll } from "../lib/api.js";
import { fill, h, svg } from "../lib/dom.js";
import { listen } from "../lib/events.js";
import { campaignBadge, money, taskText, taskTone, when } from "../lib/format.js";
import { View } from "./view.js";

class CampaignsView extends View {
  async show(signal) {
    const list = h("div", { class: "campaign-list" });
    this.replaceChildren(h("h1", { tabindex: -1 }, "Campaigns"), list);
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
