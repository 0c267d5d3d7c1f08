"""What ``session.update`` accepts, and how each fault is told."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opendeep.practice.realtime_config import EventFaultError, default_session, updated

Json = dict[str, Any]
PCMU = {"type": "audio/pcmu"}
PCM = {"type": "audio/pcm", "rate": 24_000}


def fresh(model: str = "gpt-realtime-2.1") -> Json:
    """Return a session as it is created."""
    return default_session(session_id="sess_1", model=model, expires_at=1)


def test_an_update_changes_what_it_names() -> None:
    """Only the keys that are present change, also below ``audio``."""
    session = updated(
        fresh(),
        {"type": "realtime", "instructions": "x", "audio": {"input": {"format": PCMU}}},
        has_spoken=False,
    )
    assert session["instructions"] == "x"
    assert session["audio"]["input"]["format"] == PCMU
    assert session["audio"]["output"]["format"] == PCM
    assert session["audio"]["input"]["turn_detection"]["silence_duration_ms"] == 500
    other = updated(
        session,
        {
            "type": "realtime",
            "audio": {"input": {"turn_detection": {"type": "server_vad", "threshold": 0.7}}},
        },
        has_spoken=True,
    )
    assert other["audio"]["input"]["turn_detection"]["threshold"] == 0.7
    assert other["audio"]["input"]["turn_detection"]["create_response"] is True
    assert session["audio"]["input"]["turn_detection"]["threshold"] == 0.5


def test_detection_can_be_cleared_or_semantic() -> None:
    """Null turns detection off; the semantic kind keeps its own keys."""
    off = {"type": "realtime", "audio": {"input": {"turn_detection": None}}}
    assert updated(fresh(), off, has_spoken=False)["audio"]["input"]["turn_detection"] is None
    semantic = {"type": "semantic_vad", "eagerness": "low"}
    update = {"type": "realtime", "audio": {"input": {"turn_detection": semantic}}}
    session = updated(fresh(), update, has_spoken=False)
    assert session["audio"]["input"]["turn_detection"] == semantic


def test_everything_at_once() -> None:
    """All documented keys are accepted together."""
    update = {
        "type": "realtime",
        "model": "gpt-realtime-2.1",
        "output_modalities": ["text"],
        "tools": [{"type": "function", "name": "f", "description": "d", "parameters": {}}],
        "tool_choice": {"type": "function", "name": "f"},
        "max_output_tokens": 100,
        "tracing": "auto",
        "truncation": {"type": "retention_ratio", "retention_ratio": 0.5},
        "prompt": None,
        "include": ["item.input_audio_transcription.logprobs"],
        "reasoning": {"effort": "low"},
        "parallel_tool_calls": True,
        "audio": {
            "input": {"noise_reduction": {"type": "far_field"}, "transcription": None},
            "output": {"format": PCMU, "voice": {"id": "voice_1"}, "speed": 1.2},
        },
    }
    assert updated(fresh(), update, has_spoken=False)["tool_choice"] == update["tool_choice"]


def test_pcm_by_force() -> None:
    """The switch answers in PCM whatever was asked for, and says so."""
    update = {"type": "realtime", "audio": {"output": {"format": PCMU}}}
    session = updated(fresh(), update, has_spoken=False, force_pcm=True)
    assert session["audio"]["output"]["format"] == PCM


@pytest.mark.parametrize(
    ("update", "code", "param"),
    [
        ({}, "missing_required_parameter", "session.type"),
        ({"type": "transcription"}, "invalid_value", "session.type"),
        ({"zebra": 1}, "unknown_parameter", "session.zebra"),
        ({"output_modalities": ["audio", "text"]}, "invalid_value", "session.output_modalities"),
        ({"instructions": 3}, "invalid_value", "session.instructions"),
        ({"audio": 3}, "invalid_value", "session.audio"),
        (
            {"audio": {"output": {"format": {"type": "audio/pcm"}}}},
            "missing_required_parameter",
            "session.audio.output.format.rate",
        ),
        (
            {"audio": {"output": {"format": {"type": "audio/pcmu", "rate": 24_000}}}},
            "unknown_parameter",
            "session.audio.output.format.rate",
        ),
        (
            {"audio": {"output": {"format": {"type": "audio/pcm", "rate": 8_000}}}},
            "invalid_value",
            "session.audio.output.format.rate",
        ),
        (
            {"audio": {"input": {"format": {"type": "g711_ulaw"}}}},
            "invalid_value",
            "session.audio.input.format.type",
        ),
        ({"audio": {"output": {"voice": "onyx"}}}, "invalid_value", "session.audio.output.voice"),
        ({"audio": {"output": {"speed": 9}}}, "invalid_value", "session.audio.output.speed"),
        ({"audio": {"output": {"speed": True}}}, "invalid_value", "session.audio.output.speed"),
        ({"tools": 3}, "invalid_value", "session.tools"),
        ({"tools": [{"type": "function"}]}, "missing_required_parameter", "session.tools[0].name"),
        (
            {"tools": [{"type": "function", "name": "f", "strict": True}]},
            "unknown_parameter",
            "session.tools[0].strict",
        ),
        ({"tool_choice": "maybe"}, "invalid_value", "session.tool_choice"),
        ({"max_output_tokens": 0}, "invalid_value", "session.max_output_tokens"),
        ({"parallel_tool_calls": 1}, "invalid_value", "session.parallel_tool_calls"),
        ({"model": "other"}, "invalid_value", "session.model"),
    ],
)
def test_faults(update: Json, code: str, param: str) -> None:
    """The first fault refuses everything and names its key."""
    session = fresh()
    before = fresh()
    given = update if update.get("type") or not update else {"type": "realtime", **update}
    with pytest.raises(EventFaultError) as caught:
        updated(session, given, has_spoken=False)
    assert (caught.value.code, caught.value.param) == (code, param)
    assert session == before


def test_unlimited_output() -> None:
    """The output may be unlimited."""
    update = {"type": "realtime", "max_output_tokens": "inf"}
    assert updated(fresh(), update, has_spoken=False)["max_output_tokens"] == "inf"


def test_reasoning_needs_its_model() -> None:
    """Keys of the second generation are refused by an older model."""
    with pytest.raises(EventFaultError, match="Unsupported option"):
        updated(
            fresh("gpt-realtime-1.5"),
            {"type": "realtime", "reasoning": {"effort": "low"}},
            has_spoken=False,
        )


def test_the_voice_is_fixed_after_speech() -> None:
    """Once audio went out the voice cannot change; the same voice may be repeated."""
    update = {"type": "realtime", "audio": {"output": {"voice": "cedar"}}}
    assert updated(fresh(), update, has_spoken=False)["audio"]["output"]["voice"] == "cedar"
    with pytest.raises(EventFaultError, match="voice"):
        updated(fresh(), update, has_spoken=True)


@given(
    update=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["type", "audio", "input", "output", "format", "voice", "tools", "x"]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_any_update_is_answered(update: object) -> None:
    """Whatever is sent either holds or is refused with a fault."""
    with contextlib.suppress(EventFaultError):
        assert updated(fresh(), update, has_spoken=False)["type"] == "realtime"
