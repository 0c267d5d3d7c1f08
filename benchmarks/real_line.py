# ruff: noqa: INP001 - a script, run by its path
"""How well the AI is understood at the far end of a real line: after Asterisk, SIP and RTP.

    python benchmarks/real_line.py --json

places calls of the whole product through two real Asterisks on loopback (the tests' pair; needs
root), with the practice AI as voice. The second Asterisk, the telephone network, records what came
to it by RTP; Whisper writes down what it hears there and is told neither words nor times. The truth
is what the voice AI sent along with its sound, as the transcript keeps it.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import soxr

from opendeep.audio_processing_service import pcm
from opendeep.bootstrap.application import Application, running_application
from opendeep.common.data_models import CampaignPlan, PlanSource, PlanTask
from opendeep.common.ids import TaskId, UserId
from opendeep.config.app_config import AppConfig
from opendeep.database.repositories import Calls, SystemUsers, Transcripts
from opendeep.practice.network import (
    PracticeNetwork,
    PracticeNetworkConfig,
    practice_network,
)
from tests.integration import grading
from tests.integration.asterisk.far_ear import FarEar, open_far_ear
from tests.integration.asterisk.servers import ExchangePair, exchange_pair
from tests.integration.whisper_ear import WhisperEar

NUMBER: Final = "+141555501{dd}"
CALLEES: Final = ("00", "06", "09", "13", "16", "17")
"""Whoever speaks with a person; the network's callees take turns, and understand nothing."""
_MOST_SECONDS: Final = 150.0
_FULL_SCALE: Final = 32_768.0
_LAST_FRAMES_SECONDS: Final = 0.5


@dataclass(frozen=True, kw_only=True)
class Heard:
    """One call: what the AI said, and the network's recording of it."""

    callee: str
    said: str
    recording: Path
    cause: str


class Caller:
    """Places calls, one after the other, and has the network record each."""

    def __init__(self, app: Application, ear: FarEar, user_id: UserId) -> None:
        self._app = app
        self._ear = ear
        self._user_id = user_id

    async def place(self, dd: str) -> Heard:
        """Call this number once; return when the call is over."""
        number = NUMBER.format(dd=dd)
        task = PlanTask(
            title=f"Dental cleaning ({dd})",
            phone_number=number,
            business_name="Bright Smile Dental",
            goal="Book a dental cleaning at Bright Smile Dental, next week, afternoons.",
            facts={
                "service": "dental cleaning",
                "preferred_days": "next week",
                "preferred_time": "afternoons",
                "name_for_booking": "Alex Morgan",
            },
            success_criteria="A time in an afternoon of next week is booked.",
            sources=[PlanSource(field="phone_number", from_="user", reference=number)],
        )
        plan = CampaignPlan(title=task.title, goal=task.goal, tasks=[task])
        made = await self._app.services.orchestrator.execute_plan(self._user_id, plan)
        async with asyncio.timeout(_MOST_SECONDS):
            await self._ear.call_of(number.removeprefix("+"))
            recording = await self._ear.record()
            return await self._ended(made.task_ids[0], dd, recording)

    async def _ended(self, task_id: TaskId, dd: str, recording: Path) -> Heard:
        while True:
            await asyncio.sleep(_LAST_FRAMES_SECONDS)
            async with self._app.database.transaction() as tx:
                calls = await Calls(tx, self._user_id).for_task(task_id)
                if not calls or calls[-1].cause is None:
                    continue
                lines = await Transcripts(tx, self._user_id).lines(calls[-1].id)
            said = grading.ai_truth(
                [
                    {"speaker": line.speaker, "start_ms": line.start_ms, "text": line.text}
                    for line in lines
                ]
            )
            return Heard(callee=dd, said=said, recording=recording, cause=calls[-1].cause.value)


def settings(pair: ExchangePair, network: PracticeNetwork, folder: Path) -> dict[str, Any]:
    """Return settings for the real exchange with the practice AI."""
    return {
        "opendeep_data_dir": folder,
        "openai_api_key": "none",
        "openai_base_url": network.openai_base_url,
        "google_api_key": "none",
        "asterisk_ami_host": "127.0.0.1",
        "asterisk_ami_port": pair.ami_port,
        "asterisk_ami_username": pair.username,
        "asterisk_ami_secret": pair.secret,
        "asterisk_dial_template": pair.template,
        "audiosocket_bind": "127.0.0.1:0",
        "calling_hours_policy": "off",
        "log_level": "warning",
    }


async def place_calls(callees: Sequence[str], pair: ExchangePair, folder: Path) -> list[Heard]:
    """Call these, one after the other."""
    async with AsyncExitStack() as stack:
        network = await stack.enter_async_context(
            practice_network(PracticeNetworkConfig(exchange=False))
        )
        config = AppConfig(**settings(pair, network, folder))
        app = await stack.enter_async_context(running_application(config))
        ear = await stack.enter_async_context(open_far_ear(pair.network))
        async with app.database.transaction() as tx:
            user = await SystemUsers(tx).ensure("line")
        caller = Caller(app, ear, user.id)
        return [await caller.place(dd) for dd in callees]


def samples(recording: Path) -> grading.Samples:
    """Read the network's recording (8 kHz, 16 bit) as the grader hears it."""
    raw = np.frombuffer(recording.read_bytes(), "<i2").astype(np.float32) / _FULL_SCALE
    heard: grading.Samples = soxr.resample(raw, pcm.SAMPLE_RATE, grading.EAR_RATE)
    return heard


def main() -> None:
    """Place the calls, listen at the far end, print the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--callee", action="append", choices=CALLEES, help="one of them; repeat")
    parser.add_argument("--json", action="store_true", help="print one line")
    parser.add_argument("--differences", action="store_true", help="show wrong words on stderr")
    arguments = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="opendeep-line-") as folder, exchange_pair() as pair:
        calls = asyncio.run(place_calls(arguments.callee or CALLEES, pair, Path(folder)))
        ear = WhisperEar()
        sides = {
            call.callee: grading.grade_side(call.said, ear.transcribe(samples(call.recording)))
            for call in calls
        }
    if arguments.differences:
        for side in sides.values():
            sys.stderr.write(side.differences() + "\n")
    words = sum(side.words for side in sides.values())
    found = {
        "callees": {
            call.callee: {
                "wer_ai": round(sides[call.callee].rate, 4),
                "words": sides[call.callee].words,
                "cause": call.cause,
            }
            for call in calls
        },
        "wer_ai": round(sum(side.errors for side in sides.values()) / max(words, 1), 4),
        "words": words,
        "seconds": round(time.monotonic() - began, 1),
    }
    json.dump(found, sys.stdout, indent=None if arguments.json else 2)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
