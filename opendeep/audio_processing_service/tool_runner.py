"""Runs what the voice AI asks for: each function call once, its result back into the conversation.

A function call that cannot be carried out is answered too: one without an answer would stay in
the AI's memory and confuse its later turns.
"""

from collections.abc import Sequence
from typing import Any, Protocol, assert_never

import structlog

from opendeep.audio_processing_service import call_tools
from opendeep.audio_processing_service.tool_guard import ToolGuard
from opendeep.audio_processing_service.voice_agent import ToolRequested
from opendeep.common.clock import Clock
from opendeep.common.data_models import CallCause
from opendeep.common.errors import InvalidInputError, OpenDeepError
from opendeep.common.event_bus import EventBus
from opendeep.common.messages import SendDtmf, call_commands
from opendeep.common.ports import CallConsultant, CallDesk, CallMediaConfig, MenuStep

log = structlog.get_logger(__name__)

_KEYS_PER_COMMAND = 8
_REFUSALS_MOST = 10


class ToolHost(Protocol):
    """What a tool may do to the conversation."""

    def tool_result(self, tool_call_id: str, output: dict[str, Any], *, respond: bool) -> None:
        """Give a result to the AI."""
        ...

    def end_when_played(self, cause: CallCause, reason: str) -> None:
        """End the call once what was said has been played."""
        ...

    def keys_sent(self, keys: str) -> None:
        """Note keys that were pressed."""
        ...

    def ask_to_hold(self) -> None:
        """Tell the callee that this takes a moment."""
        ...


class ToolRunner:
    """The tools of one call.

    Args:
        config: what the call is about.
        bus: carries commands to the call's attempt handler.
        desk: where facts, questions and wishes are stored.
        consultant: the second agent, if there is one.
        clock: how fast functions follow each other.
        host: the conversation.
    """

    def __init__(
        self,
        config: CallMediaConfig,
        *,
        bus: EventBus,
        desk: CallDesk,
        clock: Clock,
        host: ToolHost,
        consultant: CallConsultant | None = None,
    ) -> None:
        self._call_id = config.call_id
        self._bus = bus
        self._desk = desk
        self._clock = clock
        self._host = host
        self._guard = ToolGuard(config.instructions)
        self._consultant = consultant
        self._questions: set[str] = set()
        self._consulting = 0

    @property
    def asking(self) -> bool:
        """Whether the user or the second agent has been asked and has not answered yet."""
        return bool(self._questions) or self._consulting > 0

    async def run(self, request: ToolRequested, *, spoke: bool) -> None:
        """Carry out a function call and answer it.

        Args:
            request: the call, its arguments unchecked.
            spoke: whether the AI said something in the same answer; then it need not speak again.
        """
        try:
            self._guard.check_rate(self._now_ms())
            arguments = call_tools.parse_arguments(request.name, request.arguments)
            await self._carry_out(request.tool_call_id, arguments, spoke=spoke)
        except InvalidInputError as error:
            log.info("tool_refused", tool=request.name, reason=error.code)
            self._answer(request.tool_call_id, {"status": "invalid", "message": error.message})
            if self._guard.refused >= _REFUSALS_MOST:
                self._host.end_when_played(CallCause.AI_HUNG_UP, "functions without end")
        except OpenDeepError as error:
            log.warning("tool_failed", tool=request.name, reason=error.message)
            self._questions.discard(request.tool_call_id)
            status = "no_answer" if request.name == "request_user_feedback" else "failed"
            self._answer(request.tool_call_id, {"status": status, "message": error.message})

    def answer(self, tool_call_id: str, answer: str | None) -> None:
        """Give the AI the user's answer, or that there is none; ignored where nothing was asked."""
        if tool_call_id not in self._questions:
            return
        self._questions.discard(tool_call_id)
        if answer is None:
            self._answer(tool_call_id, {"status": "no_answer"})
        else:
            self._answer(tool_call_id, {"status": "answered", "answer": answer})

    async def press(self, keys: str) -> None:
        """Press keys that nobody asked for in this call: those of a known way through a menu."""
        try:
            await self._send_keys(keys)
        except OpenDeepError as error:
            log.warning("keys_not_sent", reason=error.message)

    async def learn_menu(self, steps: Sequence[MenuStep]) -> None:
        """Have the way through the number's menus remembered; none forgets it."""
        try:
            await self._desk.learn_menu(self._call_id, steps)
        except OpenDeepError as error:
            log.warning("menu_not_stored", reason=error.message)

    async def _carry_out(
        self, tool_call_id: str, arguments: call_tools.ToolArguments, *, spoke: bool
    ) -> None:
        match arguments:
            case call_tools.SendDtmfArguments(digits=digits):
                self._guard.check_keys(digits, self._now_ms())
                await self._send_keys(digits)
                # The menu speaks next; an answer now would talk over it.
                self._answer(tool_call_id, {"status": "sent"}, respond=False)
            case call_tools.EndCallArguments(reason=reason, summary=summary):
                self._answer(tool_call_id, {"status": "ending"}, respond=False)
                self._host.end_when_played(call_tools.cause_of(reason), f"{reason}: {summary}")
            case call_tools.AskUserArguments(question=question, options=options):
                await self._ask_user(tool_call_id, question, options or [], spoke=spoke)
            case call_tools.DoNotCallArguments(words=words):
                await self._desk.mark_do_not_call(self._call_id, words, found_by="model")
                self._answer(tool_call_id, {"status": "done"}, respond=not spoke)
            case call_tools.ConsultArguments(question=question):
                await self._consult(tool_call_id, question, spoke=spoke)
            case call_tools.NoteFactArguments(name=name, value=value):
                await self._desk.note_fact(self._call_id, name, value)
                self._answer(tool_call_id, {"status": "noted"}, respond=not spoke)
            case _:
                assert_never(arguments)

    async def _consult(self, tool_call_id: str, question: str, *, spoke: bool) -> None:
        if self._consultant is None:
            raise InvalidInputError("There is nobody to consult in this call.")
        if not spoke:
            self._host.ask_to_hold()
        self._consulting += 1
        try:
            advice = await self._consultant.consult(self._call_id, question)
        finally:
            self._consulting -= 1
        told = {"answer": advice.answer, "say": advice.say, "certain": advice.certain}
        self._answer(tool_call_id, {"status": "advice", **told})

    def _now_ms(self) -> int:
        return round(self._clock.monotonic() * 1000)

    async def _send_keys(self, digits: str) -> None:
        channel = call_commands(self._call_id)
        for start in range(0, len(digits), _KEYS_PER_COMMAND):
            keys = digits[start : start + _KEYS_PER_COMMAND]
            await self._bus.command(channel, SendDtmf(digits=keys))
        self._host.keys_sent(digits)

    async def _ask_user(
        self, tool_call_id: str, question: str, options: list[str], *, spoke: bool
    ) -> None:
        # Noted first: the answer may come before ask_user returns.
        self._questions.add(tool_call_id)
        if not spoke:
            self._host.ask_to_hold()
        await self._desk.ask_user(self._call_id, tool_call_id, question, options)

    def _answer(self, tool_call_id: str, output: dict[str, Any], *, respond: bool = True) -> None:
        self._host.tool_result(tool_call_id, output, respond=respond)
