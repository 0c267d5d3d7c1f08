"""What people and programs may meet by name is explained under ``docs/`` or in the README."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from typing import get_args

import click
import pytest

from opendeep.cli.root import cli
from opendeep.common import errors, messages
from opendeep.common.data_models import CallCause, TaskStatus
from opendeep.config import prompt_config
from opendeep.config.app_config import AppConfig
from tests.architecture.measures import ROOT, sources

_EVENT_CALLS = {"tell", "append"}


@cache
def documents() -> str:
    """Return all documents in one text."""
    files = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return "\n".join(file.read_text(encoding="utf-8") for file in files if file.exists())


def missing(names: Iterator[str] | list[str]) -> list[str]:
    """Return the names that no document holds as a whole word."""
    found = set(re.findall(r"[A-Za-z_][A-Za-z0-9_]*", documents()))
    return sorted(set(names) - found)


def test_every_setting_is_documented() -> None:
    """Each setting is named as its environment variable."""
    assert missing([name.upper() for name in AppConfig.model_fields]) == []


def test_every_message_is_documented() -> None:
    """Each message of the bus is named by its ``type``, and each kind of wake-up."""
    union = get_args(messages.Message)[0]
    types = [kind.model_fields["type"].default for kind in get_args(union)]
    wakeups = get_args(messages.Wakeup.model_fields["work"].annotation)
    assert len(types) >= 9
    assert missing([*types, *wakeups]) == []


def test_every_channel_is_documented() -> None:
    """Each channel of the bus is named."""
    channels = ("call_commands", "voice_commands", "call_events", "call_audio", "user_events")
    assert all(callable(getattr(messages, name)) for name in channels)
    assert missing([*channels, messages.WAKEUPS]) == []


def test_every_prompt_is_documented() -> None:
    """Each prompt is named by its constant."""
    prompts = [name for name in vars(prompt_config) if name.endswith(("_PROMPT", "_INSTRUCTIONS"))]
    assert len(prompts) >= 6
    assert missing(prompts) == []


def _commands(group: click.Group, path: str) -> Iterator[str]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        whole = f"{path} {name}"
        if isinstance(command, click.Group):
            yield from _commands(command, whole)
        else:
            yield whole


def test_every_command_is_documented() -> None:
    """Each command is named in full, as one types it."""
    commands = list(_commands(cli, "opendeep"))
    assert "opendeep serve" in commands
    assert [command for command in commands if command not in documents()] == []


def _errors(root: type[errors.OpenDeepError]) -> Iterator[type[errors.OpenDeepError]]:
    yield root
    for child in root.__subclasses__():
        yield from _errors(child)


def test_every_error_is_documented() -> None:
    """Each kind of error and each code of ``errors.py`` is named."""
    ours = [one for one in _errors(errors.OpenDeepError) if one.__module__ == errors.__name__]
    assert missing([*errors.ErrorKind, *(one.code for one in ours)]) == []


@pytest.mark.parametrize("states", [TaskStatus, CallCause])
def test_every_state_is_documented(states: type[TaskStatus | CallCause]) -> None:
    """Each state of a task and each cause of a call's end is named."""
    assert missing([state.value for state in states]) == []


def _events_told() -> Iterator[str]:
    """Yield the names in ``tell("name", subject_id=…)``: what users' pages hear."""
    for file in sources("opendeep"):
        for node in ast.walk(file.tree):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            keywords = {keyword.arg for keyword in node.keywords}
            if node.func.attr in _EVENT_CALLS and "subject_id" in keywords and node.args:
                name = node.args[0]
                if isinstance(name, ast.Constant) and isinstance(name.value, str):
                    yield name.value


def test_every_user_event_is_documented() -> None:
    """Each event that a user's pages are told is named."""
    told = list(_events_told())
    assert "task_changed" in told
    assert missing(told) == []
