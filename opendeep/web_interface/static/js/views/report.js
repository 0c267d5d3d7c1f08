// A campaign's report as a page.

import { h, icon } from "../lib/dom.js";
import "../elements/report-view.js";
import { View } from "./view.js";

class ReportPage extends View {
  async show() {
    const id = this.getAttribute("key");
    this.replaceChildren(
      h("a", { class: "back", href: `#/campaigns/${id}` }, icon("back"), "Campaign"),
      h("h1", { tabindex: -1, class: "visually-hidden" }, "Report"),
      h("od-report", { "campaign-id": id }));
  }
}

customElements.define("od-report-page", ReportPage);
