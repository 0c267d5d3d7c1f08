"""The first calls of a new campaign go out before the rest, which waits for their analysis.

Whoever wrote the script sees what callees make of it before hundreds have heard it. If most of the
first calls end badly, the campaign is paused and its user told why; to resume it is to have looked.
"""

from collections.abc import Sequence

import structlog

from opendeep.common.data_models import CallCause, CampaignStatus, Verdict
from opendeep.common.ids import CampaignId
from opendeep.database.canaries import FirstCall, OpenCanary
from opendeep.database.repositories import AuditLog, Campaigns, SystemCanaries
from opendeep.database.transaction import Transaction

log = structlog.get_logger(__name__)

_OUR_FAULTS = frozenset({CallCause.AI_FAILED, CallCause.AUDIO_FAILED})


def why_bad(call: FirstCall) -> str | None:
    """Say how an analysed call ended badly; None for one that did not."""
    analysis = call.analysis or {}
    verdict = analysis.get("verdict")
    if analysis.get("dnd"):
        return "asked not to be called again"
    if call.cause in _OUR_FAULTS:
        return "failed on our side"
    if call.cause is CallCause.CALLEE_HUNG_UP and verdict != Verdict.SUCCESS:
        return "hung up"
    return "ended unclear" if verdict == Verdict.UNRESOLVED else None


def judge(calls: Sequence[FirstCall]) -> str | None:
    """Return why a campaign must not go on after these first calls; None if it may."""
    bad = [reason for call in calls if (reason := why_bad(call))]
    if 2 * len(bad) <= len(calls):
        return None
    told = ", ".join(f"{bad.count(reason)} {reason}" for reason in dict.fromkeys(bad))
    return (
        f"Paused: of the first {len(calls)} calls {told}. Listen to them and look at what the "
        "assistant says; the rest is called when you resume the campaign."
    )


async def room_for_first_calls(tx: Transaction, size: int) -> dict[CampaignId, int]:
    """Judge campaigns whose first calls are over; return how many more tasks the others may claim.

    Args:
        tx: the scheduler's round.
        size: how many calls prove a campaign; 0 asks for no proof.
    """
    if size == 0:
        return {}
    canaries = SystemCanaries(tx)
    room: dict[CampaignId, int] = {}
    for canary in await canaries.open():
        if canary.begun >= size and await _is_over(tx, canary, size):
            continue
        room[canary.campaign_id] = max(size - canary.begun - canary.queued, 0)
    return room


async def _is_over(tx: Transaction, canary: OpenCanary, size: int) -> bool:
    """Judge the first calls; False while one of them is not analysed."""
    canaries = SystemCanaries(tx)
    first = await canaries.first_calls(canary.campaign_id, size)
    if any(call.analysis is None for call in first):
        return False
    reason = judge(first)
    if reason is None:
        await canaries.passed(canary.campaign_id)
        log.info("campaign_proven", campaign_id=canary.campaign_id, calls=size)
        return True
    await Campaigns(tx, canary.user_id).set_status(
        canary.campaign_id, CampaignStatus.PAUSED, expected={CampaignStatus.ACTIVE}
    )
    await canaries.explain(canary.campaign_id, reason)
    detail = {"campaign_id": canary.campaign_id, "rule_id": "canary.failed", "reason": reason}
    await AuditLog(tx, canary.user_id).append("campaign_paused", detail)
    log.warning("campaign_paused_by_canary", campaign_id=canary.campaign_id)
    return True
