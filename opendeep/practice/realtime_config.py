"""A Realtime session's configuration: its defaults, and what ``session.update`` may change.

One table says which keys exist and what each accepts; the first fault refuses the whole update.
Source: OpenAI Realtime API (GA), ``session.update``.
"""

import copy
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

from opendeep.common.errors import InvalidInputError

Json = dict[str, Any]
Check = Callable[[str, object], None]

VOICES: Final = (
    "alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse", "marin", "cedar",
)  # fmt: skip
_REASONING_MODEL: Final = re.compile(r"^gpt-realtime-2(\.|$|-)")
_EFFORTS: Final = ("minimal", "low", "medium", "high", "xhigh")
_PCM_RATE: Final = 24_000
_MOST_TOKENS: Final = 4096
_FASTEST: Final = 1.5
_SLOWEST: Final = 0.25
_SHORTEST_IDLE_MS: Final = 5_000
_LONGEST_IDLE_MS: Final = 30_000
_MOST_METADATA: Final = 16


class EventFaultError(InvalidInputError):
    """A client event was refused; it becomes an ``error`` event and the session goes on.

    Attributes:
        param: the key at fault, as in ``session.audio.output.voice``.
    """

    def __init__(self, code: str, message: str, *, param: str | None = None) -> None:
        super().__init__(message, code=code)
        self.param = param


def invalid(path: str, value: object, supported: Collection[str] | str) -> EventFaultError:
    """Make the fault of a value that a key does not accept."""
    words = supported if isinstance(supported, str) else ", ".join(f"'{s}'" for s in supported)
    message = f"Invalid value: {value!r}. Supported values are: {words}."
    return EventFaultError("invalid_value", message, param=path)


def missing(path: str) -> EventFaultError:
    """Make the fault of a key that must be there."""
    message = f"Missing required parameter: '{path}'."
    return EventFaultError("missing_required_parameter", message, param=path)


def unknown(path: str) -> EventFaultError:
    """Make the fault of a key that does not exist."""
    return EventFaultError("unknown_parameter", f"Unknown parameter: '{path}'.", param=path)


def one_of(*supported: str) -> Check:
    """Accept one of these words."""

    def check(path: str, value: object) -> None:
        if value not in supported:
            raise invalid(path, value, supported)

    return check


def kind(types: type | tuple[type, ...], words: str) -> Check:
    """Accept values of these types; a boolean is not a number."""

    def check(path: str, value: object) -> None:
        fits = isinstance(value, types) and (isinstance(value, bool) == (types is bool))
        if not fits:
            raise invalid(path, value, words)

    return check


def between(least: float, most: float) -> Check:
    """Accept a number within these bounds."""

    def check(path: str, value: object) -> None:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not least <= float(str(value)) <= most:
            raise invalid(path, value, f"a number from {least} to {most}")

    return check


def nullable(inner: Check) -> Check:
    """Accept null, too."""

    def check(path: str, value: object) -> None:
        if value is not None:
            inner(path, value)

    return check


def table(keys: Mapping[str, Check], *, required: Collection[str] = ()) -> Check:
    """Accept an object with these keys and no others."""

    def check(path: str, value: object) -> None:
        if not isinstance(value, dict):
            raise invalid(path, value, "an object")
        for key in required:
            if key not in value:
                raise missing(f"{path}.{key}")
        for key, entry in value.items():
            if key not in keys:
                raise unknown(f"{path}.{key}")
            keys[key](f"{path}.{key}", entry)

    return check


TEXT: Final = kind(str, "a string")
FLAG: Final = kind(bool, "true, false")
ANYTHING: Final[Check] = kind((str, dict), "a string or an object")


def audio_format(path: str, value: object) -> None:
    """Accept ``{"type": "audio/pcm", "rate": 24000}`` and ``{"type": "audio/pcmu"}``."""
    table({"type": TEXT, "rate": between(_PCM_RATE, _PCM_RATE)}, required=("type",))(path, value)
    assert isinstance(value, dict)  # noqa: S101 - the table said so
    one_of("audio/pcm", "audio/pcmu")(f"{path}.type", value["type"])
    if value["type"] == "audio/pcm" and "rate" not in value:
        raise missing(f"{path}.rate")
    if value["type"] == "audio/pcmu" and "rate" in value:
        raise unknown(f"{path}.rate")


def _turn_detection(path: str, value: object) -> None:
    table(
        {
            "type": one_of("server_vad", "semantic_vad"),
            "threshold": between(0, 1),
            "prefix_padding_ms": between(0, 5_000),
            "silence_duration_ms": between(0, 10_000),
            "create_response": FLAG,
            "interrupt_response": FLAG,
            "idle_timeout_ms": nullable(between(_SHORTEST_IDLE_MS, _LONGEST_IDLE_MS)),
            "eagerness": one_of("low", "medium", "high", "auto"),
        },
        required=("type",),
    )(path, value)


def voice(path: str, value: object) -> None:
    """Accept a voice's name, or ``{"id": …}``."""
    if isinstance(value, dict):
        table({"id": TEXT}, required=("id",))(path, value)
        return
    one_of(*VOICES)(path, value)


def modalities(path: str, value: object) -> None:
    """Accept ``["audio"]`` or ``["text"]``, never both."""
    if value not in (["audio"], ["text"]):
        raise invalid(path, value, "['audio'], ['text']")


def tools(path: str, value: object) -> None:
    """Accept a list of function tools."""
    if not isinstance(value, list):
        raise invalid(path, value, "a list of tools")
    one = table(
        {
            "type": one_of("function"),
            "name": TEXT,
            "description": TEXT,
            "parameters": kind(dict, "a JSON schema"),
        },
        required=("type", "name"),
    )
    for index, entry in enumerate(value):
        one(f"{path}[{index}]", entry)


def tool_choice(path: str, value: object) -> None:
    """Accept ``auto``, ``none``, ``required`` or a named function."""
    if isinstance(value, dict):
        table({"type": one_of("function"), "name": TEXT}, required=("type", "name"))(path, value)
        return
    one_of("auto", "none", "required")(path, value)


def most_tokens(path: str, value: object) -> None:
    """Accept 1 to 4096, or ``inf``."""
    if value != "inf":
        between(1, _MOST_TOKENS)(path, value)


def metadata(path: str, value: object) -> None:
    """Accept up to 16 short pairs of text."""
    if not isinstance(value, dict) or len(value) > _MOST_METADATA:
        raise invalid(path, value, "an object with at most 16 keys")
    for key, entry in value.items():
        TEXT(f"{path}.{key}", entry)


_TRANSCRIPTION: Final = table(
    {
        "model": TEXT,
        "language": TEXT,
        "prompt": TEXT,
        "keywords": kind(list, "a list"),
        "languages": kind(list, "a list"),
        "delay": ANYTHING,
    }
)
_AUDIO: Final = table(
    {
        "input": table(
            {
                "format": audio_format,
                "noise_reduction": nullable(
                    table({"type": one_of("near_field", "far_field"), "strength": between(0, 10)})
                ),
                "transcription": nullable(_TRANSCRIPTION),
                "turn_detection": nullable(_turn_detection),
            }
        ),
        "output": table(
            {"format": audio_format, "voice": voice, "speed": between(_SLOWEST, _FASTEST)}
        ),
    }
)
_SESSION: Final[dict[str, Check]] = {
    "type": one_of("realtime"),
    "model": TEXT,
    "output_modalities": modalities,
    "instructions": TEXT,
    "audio": _AUDIO,
    "tools": tools,
    "tool_choice": tool_choice,
    "max_output_tokens": most_tokens,
    "tracing": nullable(ANYTHING),
    "truncation": ANYTHING,
    "prompt": nullable(kind(dict, "an object")),
    "include": nullable(kind(list, "a list")),
    "reasoning": table({"effort": one_of(*_EFFORTS)}),
    "parallel_tool_calls": FLAG,
}
_ONLY_REASONING_MODELS: Final = ("reasoning", "parallel_tool_calls")
_SERVER_VAD: Final[Json] = {
    "type": "server_vad",
    "threshold": 0.5,
    "prefix_padding_ms": 300,
    "silence_duration_ms": 500,
    "create_response": True,
    "interrupt_response": True,
    "idle_timeout_ms": None,
}


def default_session(*, session_id: str, model: str, expires_at: int) -> Json:
    """Return the session as ``session.created`` shows it."""
    pcm = {"type": "audio/pcm", "rate": _PCM_RATE}
    return {
        "type": "realtime",
        "object": "realtime.session",
        "id": session_id,
        "model": model,
        "output_modalities": ["audio"],
        "instructions": "",
        "tools": [],
        "tool_choice": "auto",
        "max_output_tokens": "inf",
        "tracing": None,
        "truncation": "auto",
        "prompt": None,
        "expires_at": expires_at,
        "audio": {
            "input": {
                "format": dict(pcm),
                "transcription": None,
                "noise_reduction": None,
                "turn_detection": dict(_SERVER_VAD),
            },
            "output": {"format": dict(pcm), "voice": "marin", "speed": 1.0},
        },
        "include": None,
    }


def updated(session: Json, update: object, *, has_spoken: bool, force_pcm: bool = False) -> Json:
    """Return the session after an update.

    Args:
        session: the session as it is; it is not changed.
        update: the client's ``session``.
        has_spoken: whether audio went out, after which the voice is fixed.
        force_pcm: speak PCM whatever was asked for, and say so, as a live service was seen to do.

    Raises:
        EventFaultError: the update has a fault, and nothing of it holds.
    """
    table(_SESSION, required=("type",))("session", update)
    assert isinstance(update, dict)  # noqa: S101 - the table said so
    _check_model(session, update)
    result = copy.deepcopy(session)
    audio = update.get("audio", {})
    new_voice = audio.get("output", {}).get("voice", session["audio"]["output"]["voice"])
    if has_spoken and new_voice != session["audio"]["output"]["voice"]:
        message = "Cannot update a conversation's voice if assistant audio is present."
        raise EventFaultError("cannot_update_voice", message, param="session.audio.output.voice")
    result |= {key: copy.deepcopy(value) for key, value in update.items() if key != "audio"}
    for side, values in audio.items():
        result["audio"][side] |= copy.deepcopy(values)
    turns = result["audio"]["input"]["turn_detection"]
    if turns is not None and turns["type"] == "server_vad":
        result["audio"]["input"]["turn_detection"] = _SERVER_VAD | turns
    if force_pcm:
        result["audio"]["output"]["format"] = {"type": "audio/pcm", "rate": _PCM_RATE}
    return result


def _check_model(session: Json, update: Json) -> None:
    if update.get("model", session["model"]) != session["model"]:
        message = "The model of a session cannot be changed."
        raise EventFaultError("invalid_value", message, param="session.model")
    for key in _ONLY_REASONING_MODELS:
        if key in update and _REASONING_MODEL.match(session["model"]) is None:
            message = f"Unsupported option for this model: '{key}'."
            raise EventFaultError("invalid_value", message, param=f"session.{key}")


RESPONSE: Final = table(
    {
        "instructions": TEXT,
        "output_modalities": modalities,
        "audio": table({"output": table({"format": audio_format, "voice": voice})}),
        "tools": tools,
        "tool_choice": tool_choice,
        "max_output_tokens": most_tokens,
        "metadata": nullable(metadata),
        "conversation": one_of("auto", "none"),
        "input": kind(list, "a list of items"),
        "prompt": nullable(kind(dict, "an object")),
        "reasoning": table({"effort": one_of(*_EFFORTS)}),
        "parallel_tool_calls": FLAG,
    }
)
"""What ``response.create`` accepts as its ``response``."""
