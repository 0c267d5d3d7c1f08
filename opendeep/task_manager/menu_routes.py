"""The way through a phone menu as a row's JSON."""

from collections.abc import Sequence
from typing import Any

from opendeep.common.ports import MenuStep


def route_of(steps: Sequence[MenuStep]) -> dict[str, Any]:
    """Return steps as JSON."""
    return {"steps": [{"keys": step.keys, "sound": step.sound} for step in steps]}


def steps_of(route: dict[str, Any]) -> tuple[MenuStep, ...]:
    """Read steps; a route with anything else in it is none."""
    listed = route.get("steps")
    if not isinstance(listed, list):
        return ()
    steps = tuple(
        MenuStep(keys=step["keys"], sound=step["sound"])
        for step in listed
        if isinstance(step, dict)
        and isinstance(step.get("keys"), str)
        and isinstance(step.get("sound"), str)
    )
    return steps if len(steps) == len(listed) else ()
