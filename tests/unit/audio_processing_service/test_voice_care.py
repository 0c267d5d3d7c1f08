"""What is done while an answer does not come."""

from opendeep.audio_processing_service.voice_care import QUIET_MS, CareAction, VoiceCare, VoiceState


def test_speech_that_comes_as_fast_as_it_is_played_is_no_gap() -> None:
    """Nothing is said in the place of speech that never waits; once it stops, something is."""
    care = VoiceCare()
    told = []
    for look in range(120):
        state = VoiceState(
            owed=True,
            lost=False,
            progress=look,
            sounds=min(look, 60),
            talking=False,
            callee_speaks=False,
            level_dbfs=-70,
        )
        told.append(care.look(state, 100 * look))
    fills = [100 * look for look, action in enumerate(told) if action is CareAction.FILL]
    assert fills[0] == 100 * 60 + QUIET_MS
