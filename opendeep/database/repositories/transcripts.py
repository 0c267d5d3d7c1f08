"""What was said in a call."""

from opendeep.common.data_models import Frozen
from opendeep.common.errors import NotFoundError
from opendeep.common.ids import CallId
from opendeep.common.ports import SpokenLine
from opendeep.database.models import TranscriptLine
from opendeep.database.scopes import ScopedRepository
from opendeep.database.tables import call_transcripts, calls


class _LineCount(Frozen):
    line_count: int


class Transcripts(ScopedRepository):
    """The transcripts of one user's calls."""

    async def append(self, call_id: CallId, line: SpokenLine) -> TranscriptLine:
        """Store the next line of a call; its ``seq`` counts from 1, without gaps.

        The call's own counter gives the number, so that both sides may append at once.

        Raises:
            NotFoundError: the user has no such call.
        """
        counter = self._scope.update(calls, _LineCount).where(calls.c.id == call_id)
        counted = await counter.set({"line_count": calls.c.line_count + 1})
        if counted is None:
            raise NotFoundError("call", call_id)
        stored = await self._scope.insert(
            call_transcripts,
            TranscriptLine,
            {
                "call_id": call_id,
                "seq": counted.line_count,
                "speaker": line.speaker,
                "text": line.text,
                "start_ms": line.start_ms,
                "end_ms": line.end_ms,
            },
        )
        data = stored.model_dump(mode="json", include=_SHOWN) | {"call_id": call_id}
        self._scope.tell("transcript_line", subject_id=call_id, data=data)
        return stored

    async def lines(self, call_id: CallId) -> list[TranscriptLine]:
        """Return a call's lines in order; empty for a call of somebody else."""
        query = self._scope.select(call_transcripts, TranscriptLine)
        query = query.where(call_transcripts.c.call_id == call_id)
        return await query.order_by(call_transcripts.c.seq).all()


_SHOWN = {"seq", "speaker", "text", "start_ms", "end_ms"}
