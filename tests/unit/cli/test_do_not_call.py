"""``opendeep dnd`` and ``opendeep policy`` on a database of their own."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from opendeep.cli.root import cli


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Offer the command line in an empty directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENDEEP_DATA_DIR", str(tmp_path / "data"))

    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(cli, arguments)

    return invoke


def test_a_list_is_kept(run, tmp_path: Path):
    """Numbers are listed, shown, taken to another user by a file, and taken off with a reason."""
    assert run("dnd", "list").output == "No number is listed.\n"
    added = run("dnd", "add", "+1 212 555 0100", "--reason", "asked")
    assert added.output == "+12125550100 is listed (by command): asked\n"
    exported = run("dnd", "export")
    assert exported.output.startswith("phone_number,reason,added_by,source_call_id,created_at\n")
    file = tmp_path / "list.csv"
    file.write_text(exported.output + "12,too short,,,\n", encoding="utf-8")
    imported = run("dnd", "import", str(file), "--user", "eve")
    assert imported.exit_code == 1
    assert "1 listed, 0 were listed already." in imported.output
    assert "line 3" in imported.output
    assert "+12125550100,asked,import" in run("dnd", "list", "--user", "eve").output
    removed = run("dnd", "remove", "+12125550100", "--reason", "she called us")
    assert removed.exit_code == 0
    assert run("dnd", "list").output == "No number is listed.\n"


def test_wrong_usage(run, tmp_path: Path):
    """Taking a number off needs a reason; a file must be text; a number must be one."""
    assert run("dnd", "remove", "+12125550100").exit_code == 2
    assert run("dnd", "import", "nothing.csv").exit_code == 2
    (tmp_path / "bytes.csv").write_bytes(b"phone_number\n\xff\n")
    assert "not UTF-8" in str(run("dnd", "import", "bytes.csv").exception)
    assert "country code" in str(run("dnd", "add", "555").exception)


def test_replay_of_an_empty_database(run):
    """Nothing decided is nothing different."""
    done = run("policy", "replay")
    assert (done.exit_code, done.output) == (0, "0 of 0 decisions come out the same.\n")
