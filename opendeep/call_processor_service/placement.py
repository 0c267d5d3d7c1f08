"""What comes before Originate: the briefing, the media, and the action itself."""

from opendeep.call_processor_service.ami_actions import AmiAction
from opendeep.call_processor_service.call_ports import Attempt, AttemptConfig, CallPorts
from opendeep.call_processor_service.dialing import DialTarget, dial_target
from opendeep.common.ids import channel_id
from opendeep.common.ports import Briefing, CallMediaConfig


async def prepare_originate(
    attempt: Attempt, config: AttemptConfig, ports: CallPorts
) -> tuple[DialTarget, AmiAction]:
    """Make everything ready that must be so before the callee's phone rings.

    The caller owes ``media.finish`` from now on, also after an error.

    Raises:
        InvalidInputError: the number, the dial template or the task cannot be dialled.
        UnavailableError: the media or the database are not there.
    """
    target = dial_target(attempt.task.phone_number, config.dialing)
    briefing = await ports.briefing.brief(attempt.task, attempt.user)
    call_id = attempt.call.id
    media = media_config(attempt, config, briefing)
    audiosocket = await ports.media.prepare(media)
    action = AmiAction.originate(
        channel=target.channel,
        channel_id=channel_id(call_id),
        context=config.context,
        exten=config.exten,
        timeout_ms=round(config.ring_seconds * 1000),
        variables={"OPENDEEP_CALL_ID": call_id, "OPENDEEP_AUDIOSOCKET": audiosocket},
        caller_id=config.caller_id,
    )
    return target, action


def media_config(attempt: Attempt, config: AttemptConfig, briefing: Briefing) -> CallMediaConfig:
    """Return what the media of an attempt is prepared with."""
    call_id = attempt.call.id
    return CallMediaConfig(
        call_id=call_id,
        task_id=attempt.task.id,
        user_id=attempt.task.user_id,
        instructions=briefing.instructions,
        disclosure=briefing.disclosure,
        voicemail=briefing.voicemail,
        voicemail_message=briefing.voicemail_message,
        language=attempt.task.language or "en",
        voice=attempt.task.voice,
        recording_path=config.recordings and config.recordings / f"{call_id}.wav",
        max_seconds=config.max_call_seconds,
    )
