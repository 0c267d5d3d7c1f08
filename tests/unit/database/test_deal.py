"""Slots are dealt out whatever other claimers hold meanwhile."""

from typing import Any

from opendeep.common.ids import CampaignId, UserId
from opendeep.database.claims import Lane, TaskClaim
from opendeep.database.deal import Deal


class HeldLanes:
    """Lanes whose first tasks others are claiming: seen as due, and never taken."""

    def __init__(self) -> None:
        self.looks = 0

    async def take(self, lane: Lane, until: Any, most: int) -> list[TaskClaim]:
        """Take nothing."""
        del lane, until, most
        return []

    async def head(self, lane: Lane) -> Any:
        """Tell the same as before; whoever asks on and on is stuck."""
        self.looks += 1
        assert self.looks < 10
        return lane.head


async def test_tasks_that_another_claimer_holds_are_left_to_the_next_round() -> None:
    """Two claimers that hold what the other looks at next must not wait for each other."""
    lanes = [
        Lane(
            user_id=UserId(1),
            campaign_id=CampaignId(number),
            priority=5,
            head=f"2026-01-01 00:00:0{number}",
        )
        for number in (1, 2, 3)
    ]
    rows = HeldLanes()
    assert await Deal(lanes, rows, limit=3, per_user=None).run() == []
    assert rows.looks > 0
