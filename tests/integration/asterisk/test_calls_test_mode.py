"""Test Mode with a real Asterisk, as its user runs it: `opendeep serve`, HTTP, the practice AI."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from tests.integration.asterisk.addresses import ExchangeAddress
from tests.integration.asterisk.call_product import ProductConfig, call_product
from tests.integration.asterisk.manager import Manager, open_manager
from tests.integration.asterisk.scripted_voice import Script
from tests.integration.asterisk.servers import SECRET, ExchangePair
from tests.integration.faults_product import Json, plan, serving

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]

NEVER_RINGS = ("+12015550111", "+12015550112")
"""In the network, one is congested and the other not in service: dialled, they would be seen."""
TALK_SECONDS = 110


def settings(pair: ExchangePair, **more: str) -> dict[str, str]:
    """Say where Asterisk is; everything else is the practice AI."""
    return {
        "ASTERISK_AMI_HOST": "127.0.0.1",
        "ASTERISK_AMI_PORT": str(pair.ami_port),
        "ASTERISK_AMI_USERNAME": pair.username,
        "ASTERISK_AMI_SECRET": pair.secret,
        "AUDIOSOCKET_BIND": "127.0.0.1:0",
        "MAX_CONCURRENT_CALLS": "5",
        **more,
    }


def is_over(task: Json) -> bool:
    """Whether a task's first call has been made and judged."""
    calls = task["calls"]
    over = bool(calls) and calls[0]["status"] in {"ended", "lost"}
    return over and task["status"] not in {"in_progress", "awaiting_analysis"}


def reached(far_end: Manager) -> list[str]:
    """Return the extensions that calls reached in the network, in order."""
    return [m.get("Exten") for m in far_end.messages if m.event == "Newchannel"]


async def test_a_task_from_end_to_end(exchange: ExchangePair, tmp_path: Path) -> None:
    """Extension 7000 rings, both sides are heard, the call is judged, and no number is dialled."""
    more = {"APP_TEST_MODE": "true", "CALLING_HOURS_POLICY": "off"}
    async with (
        open_manager("127.0.0.1", exchange.network.ami_port) as far_end,
        serving(tmp_path, settings(exchange, **more)) as product,
    ):
        await far_end.log_in("witness", SECRET)
        async with httpx.AsyncClient(base_url=product.address) as browser:
            page = await browser.get("/")
        assert "Test Mode: every call goes to extension 7000." in page.text
        task_id = await product.confirm(plan(NEVER_RINGS[0]))
        task = await product.task_when(task_id, is_over, "the task's end", TALK_SECONDS)
        call = await product.only_call(task_id)
        assert reached(far_end) == ["7000"]
    assert task["outcome"] is not None
    assert call["status"] == "ended"
    assert call["answered_at"] is not None
    assert {line["speaker"] for line in call["transcript"]} >= {"ai", "callee"}
    assert exchange.pbx.channels() == 0


async def test_one_call_at_a_time(exchange: ExchangePair, tmp_path: Path) -> None:
    """Whatever the limits say, the second call of Test Mode begins after the end of the first."""
    address = ExchangeAddress(
        host="127.0.0.1",
        port=exchange.ami_port,
        username=exchange.username,
        secret=exchange.secret,
    )
    script = Script(words="Thank you. Goodbye.", end_reason="goal_reached")
    async with (
        open_manager("127.0.0.1", exchange.network.ami_port) as far_end,
        call_product(tmp_path, address, ProductConfig(test_mode=True)) as product,
    ):
        await far_end.log_in("witness", SECRET)
        tasks = [await product.place(number, script) for number in NEVER_RINGS]
        first, second = [(await product.over(task)).call for task in tasks]
        await product.idle()
        assert reached(far_end) == ["7000", "7000"]
    assert (first.dialled_number, second.dialled_number) == ("7000", "7000")
    assert first.ended_at is not None
    assert second.started_at is not None
    assert first.ended_at <= second.started_at


@pytest.mark.parametrize(
    ("more", "named"),
    [({}, "APP_TEST_MODE"), ({"CALLING_HOURS_POLICY": "off"}, "APP_TEST_MODE")],
)
async def test_practice_ai_never_calls_real_people(
    exchange: ExchangePair, tmp_path: Path, more: Mapping[str, str], named: str
) -> None:
    """Outside Test Mode a practice AI with a real Asterisk is refused, before anything connects."""
    environment = {
        **{name: value for name, value in os.environ.items() if name != "OPENAI_API_KEY"},
        **settings(exchange, **more),
        "OPENDEEP_DATA_DIR": str(tmp_path),
        "WEB_PORT": "0",
    }
    run = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "opendeep", "serve"],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        check=False,
        text=True,
        timeout=30,
    )
    assert run.returncode == 1
    assert named in run.stderr
    assert "http://" not in run.stdout
