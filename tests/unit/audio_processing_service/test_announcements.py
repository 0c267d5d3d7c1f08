"""Announcements that have woken the AI once."""

from opendeep.audio_processing_service.announcements import MOST, Announcements
from opendeep.practice.exchange_sounds import load_clips

CLIPS = load_clips()
HOLD, PERSON = CLIPS["sarah/hold"].mulaw, CLIPS["michael/greeting"].mulaw


def hear(announcements: Announcements, mulaw: bytes) -> bool | None:
    """Let a voice be heard to its end."""
    announcements.begin()
    for start in range(0, len(mulaw), 800):
        announcements.add(mulaw[start : start + 800])
    return announcements.is_known()


def test_a_recording_is_known_after_the_first_time() -> None:
    """The first time nothing is known; then the recording is, and a person is not."""
    announcements = Announcements()
    assert hear(announcements, HOLD) is False
    announcements.remember()
    assert hear(announcements, HOLD) is True
    assert hear(announcements, PERSON) is False


def test_a_short_voice_cannot_be_told_yet() -> None:
    """Where a recording is known, a voice of a second is neither it nor another."""
    announcements = Announcements()
    assert hear(announcements, HOLD[:8000]) is False
    announcements.remember()
    assert hear(announcements, HOLD[:8000]) is False
    hear(announcements, HOLD)
    announcements.remember()
    assert hear(announcements, HOLD[:8000]) is None


def test_a_few_are_kept() -> None:
    """A queue with many announcements costs no more than a few prints."""
    announcements = Announcements()
    for clip in list(CLIPS.values())[: 3 * MOST]:
        hear(announcements, clip.mulaw * 3)
        announcements.remember()
    assert len(announcements._prints) == MOST
