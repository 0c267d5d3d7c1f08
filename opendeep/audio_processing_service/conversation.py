"""The transcript as it happens: who said what and when, and of the AI only what was heard.

Pure bookkeeping over voice and playout events; times are ms since the answer. A line of the AI is
given out when it has been played (or cut off, at the word that the callee heard last). Texts of the
callee come late, so a line of the AI waits a little for what the callee said before it: the order
of the lines is then that of the conversation.
"""

from dataclasses import dataclass

from opendeep.audio_processing_service.playout import Heard, PartKey
from opendeep.audio_processing_service.voice_agent import PastSpeaker, PastTurn
from opendeep.common.data_models import Speaker
from opendeep.common.ports import SpokenLine

PATIENCE_MS = 3000
_FINAL_TEXT_MS = 1500
_MS_PER_CHARACTER = 60
_REMEMBERED_LINES = 80
_SPEAKERS = {
    Speaker.AI: PastSpeaker.AGENT,
    Speaker.CALLEE: PastSpeaker.CALLEE,
    Speaker.SYSTEM: PastSpeaker.NOTE,
}
CUT_MARK = "—"


def heard_fraction(heard: Heard, text: str) -> float:
    """Return the part of a text that was heard, 0 to 1.

    Where the provider had not sent all of the speech yet, its length is judged by the text's.
    """
    whole_ms = heard.received_ms
    if not heard.complete:
        whole_ms = max(whole_ms, len(text) * _MS_PER_CHARACTER)
    return min(heard.heard_ms / whole_ms, 1.0) if whole_ms > 0 else 0.0


def cut_text(text: str, fraction: float) -> str:
    """Keep the words that were heard; what is missing is marked with an em dash."""
    words = text.split()
    kept = words[: round(len(words) * fraction)]
    if len(kept) == len(words):
        return " ".join(words)
    return " ".join(kept) + CUT_MARK if kept else ""


@dataclass(slots=True, kw_only=True)
class _AgentLine:
    key: PartKey
    text: str = ""
    final: bool = False
    cut: bool = False
    start_ms: int | None = None
    end_ms: int | None = None

    def settled(self, now_ms: int) -> bool:
        """Whether it was played and its text is as good as it gets."""
        if self.end_ms is None:
            return False
        return self.final or self.cut or now_ms - self.end_ms >= _FINAL_TEXT_MS


@dataclass(slots=True, kw_only=True)
class _CalleeTurn:
    start_ms: int
    end_ms: int | None = None


class Conversation:
    """The transcript of one call, in the making."""

    def __init__(self) -> None:
        self._agent: dict[PartKey, _AgentLine] = {}
        self._callee: dict[str, _CalleeTurn] = {}
        self._lines: list[SpokenLine] = []
        self._past: list[PastTurn] = []

    @property
    def awaits_callee(self) -> bool:
        """Whether the text of something that the callee said is still to come."""
        return bool(self._callee)

    def agent_text(self, key: PartKey, text: str, *, final: bool) -> None:
        """Take a piece of the AI's words, or all of them where ``final``."""
        line = self._agent.setdefault(key, _AgentLine(key=key))
        if line.cut or line.final:
            return
        line.text = text if final else line.text + text
        line.final = final

    def text_of(self, key: PartKey) -> str:
        """Return what is known of a part's words."""
        line = self._agent.get(key)
        return "" if line is None else line.text

    def agent_started(self, key: PartKey, now_ms: int) -> None:
        """Note that the first sound of a part was played."""
        self._agent.setdefault(key, _AgentLine(key=key)).start_ms = now_ms

    def agent_finished(self, heard: Heard, now_ms: int) -> None:
        """Note that a part was played to its end."""
        line = self._agent.setdefault(heard.key, _AgentLine(key=heard.key))
        line.end_ms = now_ms

    def agent_cut(self, heard: Heard, now_ms: int) -> None:
        """Note that a part was cut off, or dropped before its first sound."""
        line = self._agent.setdefault(heard.key, _AgentLine(key=heard.key))
        line.text = cut_text(line.text, heard_fraction(heard, line.text))
        line.cut = True
        line.end_ms = now_ms

    def callee_started(self, item_id: str, at_ms: int) -> None:
        """Note that the callee began to speak."""
        self._callee[item_id] = _CalleeTurn(start_ms=at_ms)

    def callee_stopped(self, item_id: str, at_ms: int) -> None:
        """Note that the callee stopped."""
        turn = self._callee.get(item_id)
        if turn is not None:
            turn.end_ms = max(at_ms, turn.start_ms)

    def callee_said(self, item_id: str, text: str, now_ms: int) -> None:
        """Take the callee's words; empty ones leave no line."""
        turn = self._callee.pop(item_id, None) or _CalleeTurn(start_ms=now_ms)
        if text:
            end_ms = now_ms if turn.end_ms is None else turn.end_ms
            self._add(Speaker.CALLEE, text, turn.start_ms, end_ms)

    def callee_lost(self) -> None:
        """Note that the text of what the callee said last will not come."""
        self._callee.clear()

    def history(self) -> tuple[PastTurn, ...]:
        """Return what was said so far, the last lines of it; of the AI what was or will be heard.

        What still waits to be played counts only where all of it was made.
        """
        unsettled = [
            PastTurn(speaker=PastSpeaker.AGENT, text=line.text.strip())
            for line in self._agent.values()
            if line.text.strip() and (line.final or line.start_ms is not None)
        ]
        return (*self._past, *unsettled)

    def system(self, text: str, now_ms: int) -> None:
        """Note something that is not speech."""
        self._add(Speaker.SYSTEM, text, now_ms, now_ms)

    def take_lines(self, now_ms: int, *, last: bool = False) -> list[SpokenLine]:
        """Give out the lines that are ready, each once; all that were spoken where ``last``."""
        for line in list(self._agent.values()):
            if not (line.settled(now_ms) or (last and line.end_ms is not None)):
                continue
            if not last and self._waits_for_callee(line, now_ms):
                continue
            del self._agent[line.key]
            text = line.text.strip()
            if text and line.start_ms is not None:
                self._add(Speaker.AI, text, line.start_ms, line.end_ms or line.start_ms)
        lines, self._lines = self._lines, []
        return lines

    def _waits_for_callee(self, line: _AgentLine, now_ms: int) -> bool:
        if line.start_ms is None or line.end_ms is None or now_ms - line.end_ms >= PATIENCE_MS:
            return False
        return any(turn.start_ms < line.start_ms for turn in self._callee.values())

    def _add(self, speaker: Speaker, text: str, start_ms: int, end_ms: int) -> None:
        self._past.append(PastTurn(speaker=_SPEAKERS[speaker], text=text))
        del self._past[:-_REMEMBERED_LINES]
        self._lines.append(
            SpokenLine(speaker=speaker, text=text, start_ms=start_ms, end_ms=max(end_ms, start_ms))
        )
