"""The way through phone menus: followed, found, dropped, and never walked in circles."""

import pytest

from opendeep.audio_processing_service.menu_trail import MenuTrail
from opendeep.common.ports import MenuStep
from opendeep.practice.exchange_sounds import load_clips

CLIPS = load_clips()
MENU = CLIPS["sarah/menu"]
BLOCK = 800
MENU_WORDS = "For our opening hours, press one. To book an appointment, press two."
OTHER_WORDS = "For dental care press four. For eye care press five."


class Line:
    """Plays recordings to a trail, a tenth of a second at a time."""

    def __init__(self, known: tuple[MenuStep, ...] = ()) -> None:
        self.trail = MenuTrail(known)
        self.ms = 0
        self.pressed: list[tuple[int, str]] = []

    def play(self, mulaw: bytes, *, loud: bool = True) -> None:
        """Play a recording, noting what is to be pressed and when."""
        for start in range(0, len(mulaw) - BLOCK + 1, BLOCK):
            self.ms += 100
            keys = self.trail.look(mulaw[start : start + BLOCK], self.ms, loud=loud)
            if keys:
                self.pressed.append((self.ms, keys))

    def pause(self, ms: int) -> None:
        """Let the line be quiet."""
        self.play(b"\xff" * 8 * ms, loud=False)


@pytest.fixture
def way() -> tuple[MenuStep, ...]:
    """Return the way that a first call found: 2 into the one menu."""
    line = Line()
    line.pause(700)
    line.play(MENU.mulaw)
    assert line.trail.menu_said(MENU_WORDS) == 1
    line.trail.pressed("2", line.ms)
    assert line.pressed == []
    return line.trail.found


def test_a_known_menu_is_not_listened_to(way: tuple[MenuStep, ...]) -> None:
    """The keys are to be pressed 1.6 s after the menu's first sound, once."""
    line = Line(way)
    assert line.trail.followed
    line.pause(300)
    line.play(MENU.mulaw)
    assert line.pressed == [(1900, "2")]
    assert not line.trail.followed
    assert [step.keys for step in line.trail.found] == ["2"]


def test_whoever_else_answers_is_not_pressed_at(way: tuple[MenuStep, ...]) -> None:
    """A person's greeting is no menu: nothing is pressed, and the way is stale."""
    line = Line(way)
    line.play(CLIPS["bella/greeting"].mulaw)
    line.play(MENU.mulaw)
    assert line.pressed == []
    assert line.trail.stale


def test_two_menus_in_a_row() -> None:
    """Each menu is known by its own sound."""
    first = Line()
    first.play(MENU.mulaw)
    first.trail.menu_said(MENU_WORDS)
    first.trail.pressed("2", first.ms)
    first.pause(500)
    first.play(CLIPS["george/screen"].mulaw)
    first.trail.menu_said(OTHER_WORDS)
    first.trail.pressed("5", first.ms)
    assert [step.keys for step in first.trail.found] == ["2", "5"]
    second = Line(first.trail.found)
    second.play(MENU.mulaw[: 1700 * 8])
    second.pause(600)
    second.play(CLIPS["george/screen"].mulaw)
    assert [keys for _, keys in second.pressed] == ["2", "5"]


def test_a_wrong_choice_is_not_remembered() -> None:
    """A menu that comes back was not left by the keys before; only the last ones are kept."""
    line = Line()
    line.play(MENU.mulaw)
    line.trail.menu_said(MENU_WORDS)
    line.trail.pressed("1", line.ms)
    line.pause(500)
    line.play(CLIPS["sarah/menu_wrong"].mulaw)
    assert line.trail.menu_said(MENU_WORDS.upper()) == 2
    line.trail.pressed("2", line.ms)
    assert [step.keys for step in line.trail.found] == ["2"]


def test_what_was_hardly_heard_is_not_remembered() -> None:
    """Keys that were pressed into a menu's first second lead nowhere the next time."""
    line = Line()
    line.play(MENU.mulaw[:8000])
    line.trail.menu_said(MENU_WORDS)
    line.trail.pressed("2", line.ms)
    assert line.trail.found == ()


def test_a_stored_way_that_is_junk(way: tuple[MenuStep, ...]) -> None:
    """A print that cannot be read is like nothing."""
    line = Line((MenuStep(keys=way[0].keys, sound="no base64!"),))
    line.play(MENU.mulaw)
    assert line.pressed == []
    assert line.trail.stale


def test_once_a_person_is_there_nothing_is_pressed(way: tuple[MenuStep, ...]) -> None:
    """After stop() the known recording is only a recording."""
    line = Line(way)
    line.trail.stop()
    line.play(MENU.mulaw)
    assert line.pressed == []
