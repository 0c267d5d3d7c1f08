"""Keys of the callee become one message."""

from opendeep.audio_processing_service.keypad import PAUSE_MS, Keypad


def test_keys_are_told_together_after_a_pause() -> None:
    """Keys in a row are one message, told once, when the callee has paused."""
    keypad = Keypad()
    assert keypad.take(10_000) == ""
    keypad.press("1", 1000)
    keypad.press("2", 1300)
    assert keypad.take(1300 + PAUSE_MS - 1) == ""
    assert keypad.take(1300 + PAUSE_MS) == "12"
    assert keypad.take(9000) == ""


def test_a_leaning_elbow_is_cut_short() -> None:
    """Nobody means hundreds of keys."""
    keypad = Keypad()
    for number in range(500):
        keypad.press("5", number)
    assert len(keypad.take(10_000)) == 64
