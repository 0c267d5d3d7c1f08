"""Campaigns by command: import, list, show, report, pause, resume, cancel; stop and resume."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from opendeep.cli.root import cli

PLAN = {
    "title": "Survey",
    "goal": "Ask everybody",
    "tasks": [
        {
            "title": "Ask {name}",
            "phone_number": "{phone}",
            "goal": "Ask {name}",
            "success_criteria": "An answer",
        }
    ],
}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Offer the command line over an empty data directory."""
    monkeypatch.setenv("OPENDEEP_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plan.json").write_text(json.dumps(PLAN))
    (tmp_path / "people.csv").write_text("name,phone\nAnn,+12025550100\nBob,911\n")

    def invoke(*words: str) -> Result:
        return CliRunner().invoke(cli, list(words))

    return invoke


def test_a_campaign_is_imported_and_steered(run) -> None:
    """The faulty line is told and costs exit 1; the campaign is paused, resumed and cancelled."""
    imported = run("campaign", "import", "people.csv", "--plan", "plan.json")
    assert (imported.exit_code, imported.stdout) == (
        1,
        "Campaign 1: 1 accepted, 1 rejected.\n",
    )
    assert imported.stderr.startswith("opendeep: line 3: Emergency")
    assert run("campaign", "list").stdout == "1  active  Survey  (1 pending)\n"
    assert "+12025550100  pending" in run("campaign", "show", "1").stdout
    assert run("campaign", "report", "1").stdout.startswith("# ")
    assert run("campaign", "pause", "1").stdout.startswith("1  paused")
    assert run("campaign", "resume", "1").stdout.startswith("1  active")
    assert "(1 cancelled)" in run("campaign", "cancel", "1").stdout
    assert run("campaign", "cancel", "1").exception is not None
    assert run("campaign", "list", "--user", "bob").stdout == "There is no campaign.\n"


def test_everything_is_stopped_and_resumed(run) -> None:
    """The reason is told, with the way back."""
    assert "Stopped: Wrong script." in run("stop", "--reason", "Wrong script.").stdout
    assert run("resume").stdout == "Dialling goes on.\n"


def test_files_that_are_none_are_refused(run, tmp_path: Path) -> None:
    """A plan that is no JSON or no text makes no campaign."""
    for content in (b"{", b"\xff"):
        (tmp_path / "plan.json").write_bytes(content)
        assert run("campaign", "import", "people.csv", "--plan", "plan.json").exit_code == 1
