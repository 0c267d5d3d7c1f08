// One call, while it lasts and after it.

import { api } from "../lib/api.js";
import { h, icon } from "../lib/dom.js";
import "../elements/live-call.js";
import { View } from "./view.js";

class CallView extends View {
  async show() {
    const id = this.getAttribute("key");
    const call = await api.get(`/api/calls/${encodeURIComponent(id)}`);
    const back = call.campaign_id ? `#/campaigns/${call.campaign_id}` : "#/campaigns";
    this.replaceChildren(
      h("a", { class: "back", href: back }, icon("back"), "Campaign"),
      h("h1", { tabindex: -1, class: "visually-hidden" }, `Call: ${call.task_title}`),
      h("od-live-call", { "call-id": id, class: "whole" }));
  }
}

customElements.define("od-call-view", CallView);
