"""The examples in ``docs/examples`` are what the code writes now."""

from opendeep.campaign_summarizer_service.report_render import render
from scripts import example_report


def test_the_examples_are_rendered_from_their_json() -> None:
    """Each example reads as the stored report is rendered today."""
    report = example_report.stored()
    for report_format in example_report.FORMATS:
        path = example_report.FOLDER / f"{example_report.NAME}.{report_format}"
        assert path.read_bytes() == render(report, report_format), path.name
