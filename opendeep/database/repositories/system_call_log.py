"""Lines and events of many calls at once: what live calls write, in a few statements.

With hundreds of calls under way, a transaction for each line keeps the database busier than all
else together; the number of statements here does not depend on the number of entries.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import RowMapping, bindparam, insert, select, update

from opendeep.common.ids import CallId
from opendeep.database.log_entries import LoggedEvent, LoggedLine
from opendeep.database.tables import call_events, call_transcripts, calls
from opendeep.database.transaction import Transaction, UserEventDraft

Row = dict[str, Any]


class SystemCallLog:
    """The log of all users' live calls; each row belongs to the user whose call it is."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    async def append(self, entries: Sequence[LoggedLine | LoggedEvent]) -> list[int | None]:
        """Store entries in their order.

        Returns:
            For each entry: a line's ``seq`` (from 1, without gaps in its call), 0 for an event,
            None where there is no such call.
        """
        owners = await self._owners({entry.call_id for entry in entries})
        counts = {call_id: int(row["line_count"]) for call_id, row in owners.items()}
        lines: list[Row] = []
        events: list[Row] = []
        numbers: list[int | None] = []
        for entry in entries:
            owner = owners.get(entry.call_id)
            if owner is None:
                numbers.append(None)
            elif isinstance(entry, LoggedLine):
                counts[entry.call_id] += 1
                numbers.append(counts[entry.call_id])
                lines.append(self._line(entry, owner, counts[entry.call_id]))
            else:
                numbers.append(0)
                event = {"name": entry.name, "detail": entry.detail}
                events.append({**event, **self._owned(owner)})
        if events:
            await self._tx.execute(insert(call_events), events)
        if lines:
            await self._tx.execute(insert(call_transcripts), lines)
            spoken = {str(row["call_id"]) for row in lines}
            await self._count([{"of": name, "lines": counts[CallId(name)]} for name in spoken])
        return numbers

    async def _owners(self, call_ids: set[CallId]) -> dict[CallId, RowMapping]:
        # Locked in the order of ids, so that two writers cannot wait for each other.
        statement = select(calls.c.id, calls.c.user_id, calls.c.line_count)
        statement = statement.where(calls.c.id.in_(sorted(call_ids))).order_by(calls.c.id)
        found = (await self._tx.execute(statement.with_for_update())).mappings()
        return {row["id"]: row for row in found}

    async def _count(self, counts: list[Row]) -> None:
        counter = update(calls).where(calls.c.id == bindparam("of"))
        await self._tx.execute(counter.values(line_count=bindparam("lines")), counts)

    def _line(self, entry: LoggedLine, owner: RowMapping, seq: int) -> Row:
        line = entry.line
        shown = {"seq": seq, "text": line.text, "start_ms": line.start_ms, "end_ms": line.end_ms}
        data = {**shown, "speaker": line.speaker.value, "call_id": entry.call_id}
        self._tx.tell(
            UserEventDraft(
                user_id=owner["user_id"],
                type="transcript_line",
                subject_id=entry.call_id,
                data=data,
            )
        )
        return {**shown, "speaker": line.speaker, **self._owned(owner)}

    def _owned(self, owner: RowMapping) -> Row:
        owned = {"call_id": owner["id"], "user_id": owner["user_id"]}
        return {**owned, "created_at": self._tx.now()}
