"""``opendeep practice``: what it prints and how it exits."""

import json
from collections.abc import Callable, Sequence

import pytest
from click.testing import CliRunner

from opendeep import bootstrap
from opendeep.bootstrap.rehearsal import RehearsalResult
from opendeep.cli.root import cli
from opendeep.config.app_config import AppConfig


def result(callee: str, *faults: str) -> RehearsalResult:
    """Make a result of one callee."""
    return RehearsalResult(
        callee=callee,
        task_status="completed",
        cause="completed",
        seconds=61.24,
        transcript=[{"seq": 1, "speaker": "ai", "text": "Hello.", "start_ms": 0, "end_ms": 9}],
        faults=list(faults),
    )


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """Rehearse nothing; callee 13 goes wrong. Return which callees were asked for."""
    seen: list[tuple[str, ...]] = []

    async def rehearse(
        goal: str,
        callees: Sequence[str],
        answers: Sequence[str],
        *,
        tell: Callable[[str], None],
        like: AppConfig,
    ) -> list[RehearsalResult]:
        seen.append(tuple(callees))
        tell(f"{goal} {list(answers)} {like.voice_provider}")
        return [
            result(dd, *(["the callee booked nothing"] if dd == "13" else [])) for dd in callees
        ]

    monkeypatch.setattr(bootstrap, "rehearse", rehearse)
    return seen


def test_json_is_one_list_and_the_story_goes_to_stderr(asked: list[tuple[str, ...]]):
    """With --json stdout is the list of CONTRACT §2 and exit 0 means all went as expected."""
    done = CliRunner().invoke(cli, ["practice", "--callee", "00", "--callee", "00", "--json"])

    assert asked == [("00",)]
    assert done.exit_code == 0
    (item,) = json.loads(done.stdout)
    assert {"callee", "task_status", "cause", "seconds", "transcript"} <= item.keys()
    assert item["seconds"] == 61.2
    assert "Bright Smile" in done.stderr


def test_the_configured_voice_is_practised_with(
    asked: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
):
    """VOICE_PROVIDER=local reaches the practice run."""
    monkeypatch.setenv("VOICE_PROVIDER", "local")

    done = CliRunner().invoke(cli, ["practice"])

    assert asked == [("00",)]
    assert done.stdout.splitlines()[0].endswith("local")


def test_a_fault_is_told_and_exits_with_1(asked: list[tuple[str, ...]]):
    """One callee that does not end as it must makes the whole command fail, and says why."""
    done = CliRunner().invoke(cli, ["practice", "--callee", "all"])

    assert asked == [tuple(f"{number:02d}" for number in range(18))]
    assert done.exit_code == 1
    assert "00: completed (completed) after 61 s, as expected" in done.stdout
    assert "13: completed (completed) after 61 s, NOT as expected: the callee booked" in done.stdout
