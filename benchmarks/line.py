# ruff: noqa: INP001 - a script, run by its path
"""What the line's machinery does on the practice callees, by what the callees' scripts recorded.

    python benchmarks/line.py --json

places real practice calls (the whole product) and prints (progress goes to stderr):

* 03, twice: what the answering machine recorded, and the cause of the call;
* 04, twice: when the receptionist was reached, and how much of the menu was listened to;
* 07: how much of the callee's audio reached the practice AI during the hold (tokens are audio);
* 15: how often the AI was interrupted by murmurs, and how often by words.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from opendeep.bootstrap.application import Application, running_application
from opendeep.bootstrap.local_voice import LocalEars
from opendeep.bootstrap.serving import start_logging
from opendeep.common.clock import SystemClock
from opendeep.common.data_models import CampaignPlan, PlanSource, PlanTask, VoicemailPolicy
from opendeep.common.ids import UserId
from opendeep.config.app_config import load_config
from opendeep.database.models import Call, CallEventRow, TranscriptLine
from opendeep.database.repositories import CallEvents, Calls, SystemUsers, Tasks, Transcripts
from opendeep.practice import realtime_hearing
from opendeep.practice.exchange_person import ScriptedCallee
from opendeep.practice.records import CalleeRecord
from opendeep.practice.speech import SpeechStarted, SpeechStopped

NUMBER: Final = "+141555501{dd}"
CALLEES: Final = ("03", "04", "07", "15")
MURMURS: Final = frozenset({"Mm-hm, yes.", "Right, right.", "Yes, okay, I see."})
_CLOCKS_APART_MS: Final = 300
"""Both ends count from the answer, each by its own clock."""
_DECIDED_MS: Final = 4000
"""Whoever cut the AI off began to speak so long before at most; words may be known late."""
_CALLBACK: Final = "+12125550143"
_MOST_SECONDS: Final = 240.0
_MS_PER_TOKEN: Final = 100
"""The Realtime API counts one token for 100 ms of the caller's audio."""


@dataclass
class Tap:
    """What the practice AI was sent, with the time at which it came; one list a session."""

    sessions: list[list[tuple[float, float]]] = field(default_factory=list)

    def install(self) -> None:
        """Note every append from now on."""
        original = realtime_hearing.Hearing.append
        known: dict[int, list[tuple[float, float]]] = {}
        tap = self
        clock = SystemClock()

        def append(
            hearing: realtime_hearing.Hearing, audio: bytes
        ) -> list[SpeechStarted | SpeechStopped]:
            if id(hearing) not in known:
                known[id(hearing)] = []
                tap.sessions.append(known[id(hearing)])
            known[id(hearing)].append((clock.now().timestamp(), len(audio) / 8))
            return original(hearing, audio)

        realtime_hearing.Hearing.append = append  # type: ignore[method-assign]


@dataclass
class Tape:
    """What callees were sent, as an answering machine records it; one buffer a call."""

    sessions: list[bytearray] = field(default_factory=list)

    def install(self) -> None:
        """Note every frame from now on."""
        original = ScriptedCallee.hear
        known: dict[int, bytearray] = {}
        tape = self

        def hear(callee: ScriptedCallee, mulaw: bytes) -> None:
            if id(callee) not in known:
                known[id(callee)] = bytearray()
                tape.sessions.append(known[id(callee)])
            known[id(callee)] += mulaw
            original(callee, mulaw)

        ScriptedCallee.hear = hear  # type: ignore[method-assign]

    async def words(self, app: Application) -> str:
        """Return what is on the last call's tape, to its last frame."""
        network = app.ends.network
        if network is None or network.engines is None:
            raise ValueError("The practice network runs elsewhere.")
        return await LocalEars(network.engines).transcribe(bytes(self.sessions[-1]))


@dataclass(frozen=True, kw_only=True)
class Placed:
    """One call, from both ends."""

    call: Call
    events: list[CallEventRow]
    lines: list[TranscriptLine]
    record: CalleeRecord
    status: str


class Caller:
    """Places practice calls, one after the other."""

    def __init__(self, app: Application, user_id: UserId) -> None:
        self._app = app
        self._user_id = user_id
        self._placed = 0

    async def place(self, dd: str, voicemail: VoicemailPolicy) -> Placed:
        """Have a task called once; return the call when it was analysed."""
        number = NUMBER.format(dd=dd)
        task = PlanTask(
            title="Dental cleaning at Bright Smile Dental",
            phone_number=number,
            business_name="Bright Smile Dental",
            goal="Book a dental cleaning at Bright Smile Dental, next week, afternoons.",
            facts={
                "service": "dental cleaning",
                "preferred_days": "next week",
                "preferred_time": "afternoons",
                "name_for_booking": "Alex Morgan",
                "callback_number": _CALLBACK,
            },
            success_criteria="A time in an afternoon of next week is booked.",
            voicemail=voicemail,
            sources=[PlanSource(field="phone_number", from_="user", reference=number)],
        )
        self._placed += 1  # The same plan twice would be one campaign.
        plan = CampaignPlan(title=f"{task.title} ({self._placed})", goal=task.goal, tasks=[task])
        made = await self._app.services.orchestrator.execute_plan(self._user_id, plan)
        _tell(f"{dd}: called")
        told = 0
        async with asyncio.timeout(_MOST_SECONDS):
            while True:
                await asyncio.sleep(0.3)
                async with self._app.database.transaction() as tx:
                    row = await Tasks(tx, self._user_id).get(made.task_ids[0])
                    calls = await Calls(tx, self._user_id).for_task(row.id)
                    if not calls:
                        continue
                    call = calls[-1]
                    events = await CallEvents(tx, self._user_id).list(call.id)
                    lines = await Transcripts(tx, self._user_id).lines(call.id)
                for line in lines[told:]:
                    _tell(f"{dd}: {line.speaker.value}: {line.text}")
                told = max(told, len(lines))
                if call.analysis is not None:
                    _tell(f"{dd}: {row.status.value}, {call.cause}")
                    break
        network = self._app.ends.network
        records = [] if network is None else network.records
        record = next((one for one in reversed(records) if one.number == number), None)
        if record is None:
            names = [event.name for event in events]
            raise ValueError(f"Nobody answered as {dd}: {call.cause}, {names}")
        return Placed(call=call, events=events, lines=lines, record=record, status=row.status.value)


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _at_ms(placed: Placed, name: str) -> list[int]:
    return [event.detail["at_ms"] for event in placed.events if event.name == name]


async def voicemail_figures(placed: Placed, app: Application, tape: Tape) -> dict[str, Any]:
    """What the machine recorded, and the words that the AI sent."""
    return {
        "cause": None if placed.call.cause is None else placed.call.cause.value,
        "task_status": placed.status,
        "recorded": await tape.words(app),
        "message": [line.text for line in placed.lines if line.speaker == "ai"],
    }


def menu_figures(placed: Placed) -> dict[str, Any]:
    """When the receptionist spoke, and how long the menu was listened to before the key."""
    said = placed.record.said
    menu = [line for line in said if line.text.startswith(("Welcome to", "Sorry", "We are open"))]
    person = next((line for line in said if "How can I help" in line.text), None)
    return {
        "task_status": placed.status,
        "booked": placed.record.booked is not None,
        "keys": placed.record.dtmf,
        "menu_heard_ms": sum(line.end_ms - line.start_ms for line in menu),
        "menu_complete": any(line.complete for line in menu),
        "receptionist_at_ms": None if person is None else person.start_ms,
        "disclosed_to_receptionist": person is not None and _disclosed_after(placed, person.end_ms),
    }


def _disclosed_after(placed: Placed, ms: int) -> bool:
    return any(
        event.name == "disclosure_said"
        and event.detail["fraction"] > 0.6  # noqa: PLR2004 - what the product counts as heard
        and event.detail["started_ms"] >= ms - 1000
        for event in placed.events
    )


def hold_figures(placed: Placed, tap: Tap) -> dict[str, Any]:
    """How much audio the practice AI was sent between the hold's begin and its end."""
    began = next(event.created_at for event in placed.events if event.name == "hold_began")
    ended = next(event.created_at for event in placed.events if event.name == "hold_ended")
    sent = sum(
        ms for at, ms in tap.sessions[-1] if began.timestamp() + 0.1 < at < ended.timestamp() - 0.2
    )
    return {
        "task_status": placed.status,
        "hold_ms": _at_ms(placed, "hold_ended")[0] - _at_ms(placed, "hold_began")[0],
        "audio_sent_during_hold_ms": round(sent),
        "audio_tokens_during_hold": round(sent / _MS_PER_TOKEN),
        "disclosed_to_person": _disclosed_after(placed, _at_ms(placed, "hold_ended")[0]),
    }


def murmur_figures(placed: Placed) -> dict[str, Any]:
    """How often the AI was cut off by words that were meant for it, and how often by a murmur."""
    cut = [line for line in placed.lines if line.speaker == "ai" and line.text.endswith("—")]
    causes = [_spoken_over(placed, line.end_ms) for line in cut]
    by_murmur = sum(words in MURMURS for words in causes)
    by_words = sum(bool(words) for words in causes) - by_murmur
    return {
        "task_status": placed.status,
        "murmurs": sum(line.text in MURMURS for line in placed.record.said),
        "cut_by_murmurs": by_murmur,
        "cut_by_words": by_words,
        "cut_by_nobody": len(cut) - by_murmur - by_words,
        "cut_lines": dict(zip([line.text for line in cut], causes, strict=True)),
    }


def _spoken_over(placed: Placed, ms: int) -> str:
    """Return what the callee had last begun to say when the AI fell silent; "" for nothing."""
    begun = [
        line
        for line in placed.record.said
        if ms - _DECIDED_MS <= line.start_ms <= ms + _CLOCKS_APART_MS
    ]
    return begun[-1].text if begun else ""


async def measure(callees: list[str], folder: Path) -> dict[str, Any]:
    """Place the calls one after the other."""
    tap = Tap()
    tape = Tape()
    tap.install()
    tape.install()
    overrides: dict[str, Any] = {"opendeep_data_dir": folder, "log_level": "warning"}
    overrides["calling_hours_policy"] = "off"
    config = load_config({}, env_file=None, overrides=overrides)
    found: dict[str, Any] = {}
    start_logging(config)
    async with running_application(config) as app:
        async with app.database.transaction() as tx:
            user = await SystemUsers(tx).ensure("line")
        caller = Caller(app, user.id)
        if "03" in callees:
            placed = await caller.place("03", VoicemailPolicy.LEAVE_MESSAGE)
            found["03_leave_message"] = await voicemail_figures(placed, app, tape)
            placed = await caller.place("03", VoicemailPolicy.HANG_UP)
            found["03_hang_up"] = await voicemail_figures(placed, app, tape)
        if "04" in callees:
            for name in ("04_first", "04_second"):
                found[name] = menu_figures(await caller.place("04", VoicemailPolicy.HANG_UP))
        if "07" in callees:
            found["07"] = hold_figures(await caller.place("07", VoicemailPolicy.HANG_UP), tap)
        if "15" in callees:
            found["15"] = murmur_figures(await caller.place("15", VoicemailPolicy.HANG_UP))
    return found


def main() -> None:
    """Place the calls and print the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--callee", action="append", choices=CALLEES, help="one of them; repeat")
    parser.add_argument("--json", action="store_true", help="print one line")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="opendeep-line-") as folder:
        found = asyncio.run(measure(arguments.callee or list(CALLEES), Path(folder)))
    json.dump(found, sys.stdout, indent=None if arguments.json else 2, ensure_ascii=False)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
