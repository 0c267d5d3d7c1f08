"""The way through a phone menu: followed where it is known, noted where it is found.

Each menu is known by the print of its first 1.6 s, so keys are pressed only into the very recording
they were found for: whoever else answers is met as always. A way that does not fit any more is
dropped. Menus that are heard again and again are counted. Pure; times are ms since the answer.
"""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from opendeep.audio_processing_service import pcm, sound_print
from opendeep.audio_processing_service.back_channels import words_of
from opendeep.common.ports import MenuStep

HEARD_MS: Final = 1600
STEPS_MOST: Final = 8
_HEARD_BYTES: Final = HEARD_MS * pcm.MULAW_BYTES_PER_MS
_KEY_QUIET_MS: Final = 400
_SAME_WORDS: Final = 0.7


@dataclass(frozen=True, slots=True, kw_only=True)
class _Menu:
    """A menu that was heard: its words, its print, and the keys that were pressed into it."""

    words: frozenset[str]
    sound: bytes
    keys: str


class MenuTrail:
    """One call's menus.

    Args:
        known: the way that an earlier call found, or nothing.

    Attributes:
        stale: the known way did not fit what was heard.
    """

    def __init__(self, known: Sequence[MenuStep]) -> None:
        self.stale = False
        self._left = list(known)
        self._heard = bytearray()
        self._sound = b""  # the print of it, once enough was heard
        self._deaf_until_ms = 0
        self._listens = True
        self._words: frozenset[str] = frozenset()
        self._counts: dict[frozenset[str], int] = {}
        self._menus: list[_Menu] = []

    @property
    def followed(self) -> bool:
        """Whether keys of the known way are still to be pressed."""
        return bool(self._left)

    @property
    def found(self) -> tuple[MenuStep, ...]:
        """The way that was found in this call, if each of its menus would be known again."""
        if not self._menus or not all(menu.sound for menu in self._menus):
            return ()
        return tuple(
            MenuStep(keys=menu.keys, sound=base64.b64encode(menu.sound).decode())
            for menu in self._menus
        )

    def stop(self) -> None:
        """Listen no more: a person is there."""
        self._listens = False
        self._heard.clear()
        self._sound = b""
        self._left.clear()

    def look(self, mulaw: bytes, now_ms: int, *, loud: bool) -> str:
        """Take what came since the last look; return keys that are to be pressed now."""
        if not self._listens or self._sound or now_ms < self._deaf_until_ms:
            return ""
        if not loud and not self._heard:
            return ""
        self._heard += mulaw
        if len(self._heard) < _HEARD_BYTES:
            return ""
        self._sound = sound_print.print_of(bytes(self._heard[:_HEARD_BYTES]))
        self._heard.clear()
        return self._recognise(now_ms) if self._left else ""

    def menu_said(self, text: str) -> int:
        """Take a menu's words; return how often this menu was heard so far."""
        words = frozenset(words_of(text))
        same = next((known for known in self._counts if _alike(known, words)), words)
        self._counts[same] = self._counts.get(same, 0) + 1
        self._words = same
        return self._counts[same]

    def pressed(self, keys: str, now_ms: int) -> None:
        """Note keys that the AI pressed after the last menu's words.

        A menu that comes back was not left by the keys before: only its last keys are kept.
        """
        sound = self._sound
        for index, menu in enumerate(self._menus):
            if self._words and _alike(menu.words, self._words):
                del self._menus[index:]
                sound = menu.sound
                break
        if len(self._menus) < STEPS_MOST:
            self._menus.append(_Menu(words=self._words, sound=sound, keys=keys))
        self._rearm(now_ms)

    def _recognise(self, now_ms: int) -> str:
        step = self._left.pop(0)
        sound = self._sound
        if not sound_print.alike(sound, _decoded(step.sound)):
            self.stale = True
            self._left.clear()
            return ""
        self._menus.append(_Menu(words=frozenset(), sound=sound, keys=step.keys))
        self._rearm(now_ms)
        return step.keys

    def _rearm(self, now_ms: int) -> None:
        self._heard.clear()
        self._sound = b""
        self._deaf_until_ms = now_ms + _KEY_QUIET_MS


def _decoded(sound: str) -> bytes:
    try:
        return base64.b64decode(sound, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _alike(one: frozenset[str], other: frozenset[str]) -> bool:
    return bool(one | other) and len(one & other) / len(one | other) >= _SAME_WORDS
