"""A report in the format asked for.

What callees and models said is data in each: it is escaped for the format, so that no word can
become a link, a script, or a formula in somebody's spreadsheet.
"""

from typing import Literal, assert_never

from opendeep.campaign_summarizer_service.campaign_report import CampaignReport
from opendeep.campaign_summarizer_service.report_csv import render_csv
from opendeep.campaign_summarizer_service.report_html import render_html
from opendeep.campaign_summarizer_service.report_markdown import render_markdown
from opendeep.campaign_summarizer_service.report_pdf import render_pdf

ReportFormat = Literal["md", "json", "csv", "html", "pdf"]
"""What a report can be had as."""


def render(report: CampaignReport, as_format: ReportFormat) -> bytes:
    """Return the whole document; texts are UTF-8. A PDF of a large campaign takes a second."""
    match as_format:
        case "md":
            return render_markdown(report).encode()
        case "json":
            return report.model_dump_json(indent=2).encode()
        case "csv":
            return render_csv(report).encode()
        case "html":
            return render_html(report).encode()
        case "pdf":
            return render_pdf(report)
        case _:
            assert_never(as_format)
