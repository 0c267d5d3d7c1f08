"""Deals free slots out to users in turn, and takes each one's most urgent tasks."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from opendeep.common.ids import CampaignId, UserId
from opendeep.database.claims import Lane, TaskClaim


class Lanes(Protocol):
    """The rows behind the lanes."""

    async def take(self, lane: Lane, until: Any, most: int) -> list[TaskClaim]:
        """Claim what became due until an instant (None: all), at most so many."""
        ...

    async def head(self, lane: Lane) -> Any:
        """Return when the first of what is left became due; None for nothing."""
        ...


class CampaignRoom:
    """How many more tasks of each campaign may be claimed.

    Args:
        most: how many one campaign may have queued or in progress; None for any number.
        busy: how many each has; who has none may be left out.
        first: how many more each may have that is to prove itself first.
    """

    def __init__(
        self,
        most: int | None,
        busy: Mapping[CampaignId, int],
        first: Mapping[CampaignId, int] | None = None,
    ) -> None:
        self._most = most
        self._busy = dict(busy)
        self._first = dict(first or {})

    def of(self, campaign_id: CampaignId | None) -> int | None:
        """Return a campaign's room; None, without a bound, for tasks of no campaign."""
        if campaign_id is None:
            return None
        rooms = [self._first[campaign_id]] if campaign_id in self._first else []
        if self._most is not None:
            rooms.append(self._most - self._busy.get(campaign_id, 0))
        return max(min(rooms), 0) if rooms else None

    def take(self, campaign_id: CampaignId | None, count: int) -> None:
        """Count what was claimed."""
        if campaign_id is not None:
            self._busy[campaign_id] = self._busy.get(campaign_id, 0) + count
        if campaign_id in self._first:
            self._first[campaign_id] -= count


class Deal:
    """One round of claiming.

    Args:
        lanes: what is due, users in the order of their turns; see ``claims.due_lanes``.
        rows: what claims from one lane.
        limit: how many slots are free.
        per_user: how many tasks of one user may be queued or in progress.
        room: the same of campaigns; None for no bound.
    """

    def __init__(
        self,
        lanes: Sequence[Lane],
        rows: Lanes,
        *,
        limit: int,
        per_user: int | None,
        room: CampaignRoom | None = None,
    ) -> None:
        self._rows = rows
        self._room = room
        self._left = limit
        self._per_user = per_user
        self._lanes: dict[UserId, list[Lane]] = {}
        self._load: dict[UserId, int] = {}
        known = {(lane.user_id, lane.campaign_id) for lane in lanes if lane.priority is not None}
        for lane in sorted(lanes, key=lambda lane: (*lane.turn, lane.urgency)):
            if lane.priority is None and (lane.user_id, lane.campaign_id) in known:
                continue
            self._lanes.setdefault(lane.user_id, []).append(lane)
            self._load[lane.user_id] = lane.busy
        self.users = len(self._lanes)
        self._claimed: dict[UserId, list[TaskClaim]] = {}

    async def run(self) -> list[TaskClaim]:
        """Claim; return what was claimed in the order to dial it."""
        order: list[UserId] = []
        while self._left > 0 and self._lanes:
            turns = self._turns()
            if not turns:
                break
            for user_id in dict.fromkeys(turns):
                claimed = await self._claim(user_id, turns.count(user_id))
                self._claimed.setdefault(user_id, []).extend(claimed)
                self._load[user_id] += len(claimed)
                self._left -= len(claimed)
            order += turns
        return [self._claimed[user_id].pop(0) for user_id in order if self._claimed.get(user_id)]

    def _turns(self) -> list[UserId]:
        """Say who is served with the slots that are left, if everybody has enough that is due."""
        load = {user_id: self._load[user_id] for user_id in self._lanes}
        if len(load) == 1:
            [(user_id, busy)] = load.items()
            room = self._left if self._per_user is None else self._per_user - busy
            return [user_id] * min(self._left, max(room, 0))
        turns: list[UserId] = []
        while len(turns) < self._left:
            open_to = [
                user_id
                for user_id, busy in load.items()
                if self._per_user is None or busy < self._per_user
            ]
            if not open_to:
                break
            # Even users keep the order in which the database listed them.
            user_id = min(open_to, key=lambda each: load[each])
            turns.append(user_id)
            load[user_id] += 1
        return turns

    async def _claim(self, user_id: UserId, wanted: int) -> list[TaskClaim]:
        """Take a user's most urgent tasks, lane by lane; a lane that is empty is dropped."""
        claimed: list[TaskClaim] = []
        lanes = self._lanes[user_id]
        while lanes and len(claimed) < wanted:
            lane, rival = lanes[0], lanes[1] if len(lanes) > 1 else None
            shared = rival is not None and rival.priority == lane.priority
            until = rival.head if rival is not None and shared else None
            claimed += await self._take(lane, until, wanted - len(claimed))
            if len(claimed) == wanted:
                break
            lanes.pop(0)
            if self._is_full(lane):
                continue
            if shared and (head := await self._rows.head(lane)) is not None:
                left = replace(lane, head=head)
                # What is due before the rival and was not taken is being claimed by others, who
                # may wait for us in turn: it is left to the next round.
                if rival is not None and left.urgency > rival.urgency:
                    lanes.append(left)
                    lanes.sort(key=lambda lane: lane.urgency)
        if not lanes:
            del self._lanes[user_id]
        return claimed

    async def _take(self, lane: Lane, until: Any, wanted: int) -> list[TaskClaim]:
        room = None if self._room is None else self._room.of(lane.campaign_id)
        most = wanted if room is None else min(wanted, room)
        if most == 0:
            return []
        taken = await self._rows.take(lane, until, most)
        if self._room is not None:
            self._room.take(lane.campaign_id, len(taken))
        return taken

    def _is_full(self, lane: Lane) -> bool:
        return self._room is not None and self._room.of(lane.campaign_id) == 0
