"""The command line: help, usage, and errors of one line."""

import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from opendeep import main as entry
from opendeep.cli import main
from opendeep.cli.root import cli


def test_help_names_every_command():
    """The help lists each command without importing it."""
    done = CliRunner().invoke(cli, ["--help"])

    assert done.exit_code == 0
    for name in ("serve", "practice", "practice-network", "doctor", "dnd", "policy", "db"):
        assert f"\n  {name} " in done.output


@pytest.mark.parametrize(
    "arguments",
    [
        ["nothing"],
        ["serve", "--port", "70000"],
        ["serve", "--role", "calls"],
        ["serve", "--workers", "2"],
        ["serve", "--role", "web", "--workers", "2"],
        ["practice", "--callee", "18"],
        ["practice", "--answer", "y" * 1001],
        ["practice", "--answer", " "],
        ["db", "drop"],
    ],
)
def test_wrong_usage_exits_with_2(arguments: list[str], monkeypatch: pytest.MonkeyPatch):
    """What cannot be meant is refused with exit code 2 and no traceback."""
    monkeypatch.delenv("WEB_HOST", raising=False)
    done = CliRunner().invoke(cli, arguments)

    assert done.exit_code == 2
    assert "Traceback" not in done.output


def test_database_commands_tell_what_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A fresh database does not fit, an upgraded one does, and the schema is SQL."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENDEEP_DATA_DIR", str(tmp_path / "data"))
    (tmp_path / "data").mkdir()
    runner = CliRunner()

    before = runner.invoke(cli, ["db", "check"])
    assert (before.exit_code, "opendeep db upgrade" in before.output) == (1, True)
    assert "revision" in runner.invoke(cli, ["db", "upgrade"]).output
    assert runner.invoke(cli, ["db", "check"]).exit_code == 0
    assert "CREATE TABLE tasks" in runner.invoke(cli, ["db", "schema"]).output


@pytest.mark.parametrize("run", [main, entry.main], ids=["command", "entry point"])
def test_a_failure_is_one_line_with_the_remedy(
    run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """A setting that cannot be used ends with exit code 1 and one line on stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RING_SECONDS", "3")
    arguments = ["opendeep", "serve"] if run is main else ["opendeep"]
    monkeypatch.setattr(sys, "argv", arguments)

    with pytest.raises(SystemExit) as ended:
        run()

    assert ended.value.code == 1
    error = capsys.readouterr().err
    assert error.startswith("opendeep: RING_SECONDS")
    assert error.count("\n") == 1


def test_what_the_system_refuses_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """A full disk, or whatever else the system refuses, is no traceback either."""

    def refuse() -> None:
        raise OSError(28, "No space left on device", "opendeep.db")

    monkeypatch.setattr("opendeep.cli.root.cli", refuse)

    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == 1
    told = capsys.readouterr().err
    assert told == "opendeep: The system refuses: No space left on device (opendeep.db).\n"
