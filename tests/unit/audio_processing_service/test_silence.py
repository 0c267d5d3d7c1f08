"""The silence rule: music and voices hold it off, the callee begins it anew."""

from opendeep.audio_processing_service.silence import LineState, SilenceAction, SilenceRule

QUIET = LineState(ai_busy=False, callee_speaks=False, level_dbfs=-70)
LOUD = LineState(ai_busy=False, callee_speaks=False, level_dbfs=-20)
CALLEE = LineState(ai_busy=False, callee_speaks=True, level_dbfs=-20)
AI = LineState(ai_busy=True, callee_speaks=False, level_dbfs=-70)


def actions(rule: SilenceRule, line: LineState, until_ms: int, start_ms: int = 0) -> list[str]:
    """Return what the rule wants in this stretch, with its time in seconds."""
    found = []
    for now_ms in range(start_ms, until_ms, 100):
        action = rule.observe(line, now_ms)
        if action is not SilenceAction.NONE:
            found.append(f"{action.name} {now_ms / 1000:g}")
    return found


def test_ask_then_give_up() -> None:
    """Six seconds of silence ask, six more give up."""
    assert actions(SilenceRule(), QUIET, 12_300) == ["ASK 6", "GIVE_UP 12.1"]


def test_noise_and_talk_are_not_silence() -> None:
    """Music, the AI's own words and the callee's hold the rule off."""
    for line in (LOUD, AI, CALLEE):
        assert actions(SilenceRule(), line, 60_000) == []


def test_the_callee_begins_it_anew() -> None:
    """After the callee spoke, silence leads to a question again and not to the end."""
    rule = SilenceRule()
    assert actions(rule, QUIET, 7000) == ["ASK 6"]
    rule.observe(CALLEE, 7000)
    assert actions(rule, QUIET, 14_000, start_ms=7100) == ["ASK 13.1"]


def test_continuation_comes_once() -> None:
    """After the disclosure the AI goes on after two seconds, unless the callee speaks first."""
    rule = SilenceRule()
    rule.expect_continuation()
    assert actions(rule, QUIET, 5000) == ["CONTINUE 2"]
    rule.expect_continuation()
    rule.observe(CALLEE, 5000)
    assert actions(rule, QUIET, 10_000, start_ms=5100) == []
