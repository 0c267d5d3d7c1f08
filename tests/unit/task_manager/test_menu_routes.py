"""The way through a phone menu as JSON."""

from typing import Any

import pytest

from opendeep.common.ports import MenuStep
from opendeep.task_manager.menu_routes import route_of, steps_of

STEPS = (MenuStep(keys="2", sound="AAAA"), MenuStep(keys="1#", sound="BBBB"))


def test_there_and_back() -> None:
    """Steps are what they were after a way through JSON."""
    assert steps_of(route_of(STEPS)) == STEPS


@pytest.mark.parametrize(
    "route", [{}, {"steps": 1}, {"steps": [1]}, {"steps": [{"keys": "1"}]}, {"steps": [{}]}]
)
def test_junk_is_no_way(route: dict[str, Any]) -> None:
    """What was changed by hand into something else is no way."""
    assert steps_of(route) == ()
