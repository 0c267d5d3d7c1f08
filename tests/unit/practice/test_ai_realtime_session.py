"""Realtime sessions as a client sees them, in virtual time."""

import asyncio
import base64
import json
from typing import Any

import pytest

from opendeep.practice.realtime_session import RealtimeSettings
from tests.unit.practice.realtime_world import INSTRUCTIONS, Peer, item_of, run_virtual
from tests.unit.practice.speech_fakes import LOUD, SILENT

Json = dict[str, Any]
SAY = 'Say exactly the following words and nothing else: "{}"'
GREETING = "Hello, how can I help you?"


def test_a_spoken_turn_from_speech_to_answer() -> None:
    """The events come in the order of the live service, with one item id for the caller's turn."""

    async def work() -> None:
        async with Peer() as peer:
            peer.telephone()
            peer.says(GREETING)
            done = await peer.until("response.done")
            kinds = [event["type"] for event in peer.events]
            order = [
                "session.created",
                "session.updated",
                "input_audio_buffer.speech_started",
                "input_audio_buffer.speech_stopped",
                "input_audio_buffer.committed",
                "conversation.item.added",
                "conversation.item.done",
                "response.created",
                "response.output_item.added",
                "response.content_part.added",
                "response.output_audio_transcript.delta",
                "response.output_audio.delta",
                "response.output_audio.done",
                "response.output_audio_transcript.done",
                "response.content_part.done",
                "response.output_item.done",
                "response.done",
                "rate_limits.updated",
            ]
            assert sorted(order, key=kinds.index) == order
            started = peer.last("input_audio_buffer.speech_started")
            stopped = peer.last("input_audio_buffer.speech_stopped")
            committed = peer.last("input_audio_buffer.committed")
            assert started["item_id"] == stopped["item_id"] == committed["item_id"]
            assert 0 <= started["audio_start_ms"] < stopped["audio_end_ms"]
            heard = peer.last("conversation.item.input_audio_transcription.completed")
            assert heard["item_id"] == started["item_id"]
            assert heard["transcript"] == GREETING
            assert heard["usage"]["type"] == "duration"
            assert "book a dental cleaning" in peer.said()[0]
            response = done["response"]
            assert response["status"] == "completed"
            assert response["audio"]["output"]["format"] == {"type": "audio/pcmu"}
            audio = b"".join(
                base64.b64decode(e["delta"]) for e in peer.of("response.output_audio.delta")
            )
            assert len(audio) == 8 * 50 * len("".join(peer.voice.spoken))
            assert len({len(e["delta"]) for e in peer.of("response.output_audio.delta")}) > 2

    run_virtual(work)


def test_usage_adds_up() -> None:
    """Totals are the sums of their parts, and what was read before is cached."""

    async def work() -> None:
        async with Peer() as peer:
            peer.telephone()
            peer.says(GREETING)
            await peer.until("response.done")
            peer.says("Sorry?")
            usage = (await peer.until("response.done", 2))["response"]["usage"]
            read, written = usage["input_token_details"], usage["output_token_details"]
            assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]
            assert usage["input_tokens"] == read["text_tokens"] + read["audio_tokens"]
            assert usage["output_tokens"] == written["text_tokens"] + written["audio_tokens"]
            assert 0 < read["cached_tokens"] <= read["text_tokens"]
            assert written["audio_tokens"] > 0

    run_virtual(work)


def test_the_fixed_words_are_spoken() -> None:
    """Fixed words are said as they are, in PCM by default, with the response's metadata."""

    async def work() -> None:
        async with Peer() as peer:
            response = {
                "instructions": SAY.format("Hello there. An AI calls."),
                "tool_choice": "none",
                "metadata": {"tag": "disclosure"},
            }
            peer.send("response.create", response=response)
            done = await peer.until("response.done")
            assert peer.said() == ["Hello there. An AI calls."]
            assert done["response"]["metadata"] == {"tag": "disclosure"}
            audio = sum(
                len(base64.b64decode(e["delta"])) for e in peer.of("response.output_audio.delta")
            )
            assert audio == 48 * 50 * len("Hello there.An AI calls.")

    run_virtual(work)


def test_audio_is_faster_than_real_time() -> None:
    """Four seconds of speech are sent in a tenth of that time, and not at once."""

    async def work() -> None:
        async with Peer(RealtimeSettings(speed=10.0)) as peer:
            peer.send("response.create", response={"instructions": SAY.format("x" * 80)})
            begin = asyncio.get_running_loop().time()
            await peer.until("response.done")
            assert asyncio.get_running_loop().time() - begin == pytest.approx(0.4, abs=0.05)

    run_virtual(work)


def test_barge_in_cancels_the_answer() -> None:
    """Speech during an answer ends it at once; what was open is closed, nothing comes after."""

    async def work() -> None:
        async with Peer(RealtimeSettings(speed=1.0)) as peer:
            peer.telephone(create_response=False)
            peer.send("response.create", response={"instructions": SAY.format("x" * 80 + ". Two.")})
            await peer.until("response.output_audio.delta", 3)
            peer.transcriber.texts.append("Wait!")
            peer.hears(LOUD * 20)
            done = peer.last("response.done")["response"]
            assert done["status"] == "cancelled"
            assert done["status_details"]["reason"] == "turn_detected"
            assert done["output"][0]["status"] == "incomplete"
            assert done["output"][0]["content"][0]["transcript"] == "x" * 80 + "."
            count = len(peer.of("response.output_audio.delta"))
            await asyncio.sleep(30)
            assert len(peer.of("response.output_audio.delta")) == count
            item = peer.last("response.output_item.done")["item"]["id"]
            peer.send("conversation.item.truncate", item_id=item, content_index=0, audio_end_ms=120)
            assert peer.last("conversation.item.truncated")["audio_end_ms"] == 120

    run_virtual(work)


def test_interruption_can_be_switched_off() -> None:
    """Without ``interrupt_response`` the answer goes on, and the next one comes after it."""

    async def work() -> None:
        async with Peer(RealtimeSettings(speed=1.0)) as peer:
            peer.telephone(interrupt_response=False)
            peer.send("response.create", response={"instructions": SAY.format("x" * 80)})
            await peer.until("response.output_audio.delta")
            peer.says(GREETING)
            await peer.until("response.done", 2)
            statuses = [e["response"]["status"] for e in peer.of("response.done")]
            assert statuses == ["completed", "completed"]
            assert "dental cleaning" in peer.said()[1]

    run_virtual(work)


def test_answers_can_be_switched_off() -> None:
    """Without ``create_response`` a turn is heard and not answered."""

    async def work() -> None:
        async with Peer() as peer:
            peer.telephone(create_response=False)
            peer.says(GREETING)
            await peer.until("conversation.item.input_audio_transcription.completed")
            assert peer.of("response.created") == []
            peer.send("response.create")
            await peer.until("response.done")
            assert "dental cleaning" in peer.said()[0]

    run_virtual(work)


def test_transcripts_may_come_late() -> None:
    """A transcript that is held back comes after the answer, which does not wait for it."""

    async def work() -> None:
        async with Peer(RealtimeSettings(transcript_delay_seconds=60.0)) as peer:
            peer.telephone()
            peer.says(GREETING)
            await peer.until("response.done")
            completed = "conversation.item.input_audio_transcription.completed"
            assert peer.of(completed) == []
            await peer.until(completed)

    run_virtual(work)


def test_a_slow_recogniser_is_not_waited_for_for_ever() -> None:
    """An answer is given without the words after ten seconds."""

    async def work() -> None:
        async with Peer() as peer:
            peer.telephone()
            peer.transcriber.gate.clear()
            peer.says(GREETING)
            begin = asyncio.get_running_loop().time()
            await peer.until("response.done")
            assert asyncio.get_running_loop().time() - begin > 10

    run_virtual(work)


def test_noise_is_answered_with_silence() -> None:
    """An utterance without words gives an answer without output."""

    async def work() -> None:
        async with Peer() as peer:
            peer.telephone()
            peer.send("response.create", response={"instructions": SAY.format("Hello.")})
            await peer.until("response.done")
            peer.send("response.create")
            await peer.until("response.done", 2)
            peer.says("")
            done = await peer.until("response.done", 3)
            assert done["response"]["output"] == []
            assert peer.of("conversation.item.input_audio_transcription.delta") == []

    run_virtual(work)


def test_a_failed_transcription() -> None:
    """The client is told, and the answer comes without the words."""

    async def work() -> None:
        async with Peer() as peer:
            peer.telephone()
            peer.says(RuntimeError("broken"))
            failed = "conversation.item.input_audio_transcription.failed"
            assert (await peer.until(failed))["error"]["message"] == "broken"
            await peer.until("response.done")
            peer.session.task_failed("test:transcribe item_gone", RuntimeError("late"))
            assert len(peer.of(failed)) == 2

    run_virtual(work)


def test_a_failed_answer() -> None:
    """A voice that breaks ends the response as failed with a server error; the next may work."""

    async def work() -> None:
        async with Peer() as peer:
            peer.voice.error = RuntimeError("broken")
            peer.send("response.create", response={"instructions": SAY.format("Hello.")})
            done = (await peer.until("response.done"))["response"]
            assert done["status"] == "failed"
            assert done["status_details"]["error"]["code"] == "server_error"
            peer.session.task_failed("test:idle", RuntimeError("later"))
            peer.send("response.create", response={"instructions": "", "conversation": "none"})
            assert (await peer.until("response.done", 2))["response"]["status"] == "failed"
            peer.voice.error = None
            peer.send("response.create", response={"instructions": SAY.format("Hello.")})
            assert (await peer.until("response.done", 3))["response"]["status"] == "completed"

    run_virtual(work)


def test_one_answer_at_a_time() -> None:
    """A second response is refused while one is active; cancelling works once."""

    async def work() -> None:
        async with Peer() as peer:
            peer.send("response.create", response={"instructions": SAY.format("Hello.")})
            peer.send("response.create", event_id="mine")
            assert peer.error["code"] == "conversation_already_has_active_response"
            assert peer.error["event_id"] == "mine"
            peer.send("response.cancel", response_id="resp_other")
            assert peer.error["code"] == "response_cancel_not_active"
            peer.send("response.cancel")
            details = peer.last("response.done")["response"]["status_details"]
            assert details["reason"] == "client_cancelled"
            count = len(peer.of("error"))
            peer.send("response.cancel")
            assert len(peer.of("error")) == count + 1

    run_virtual(work)


def test_out_of_band_responses() -> None:
    """They run beside the active one, in text, without a conversation, and leave no trace."""

    async def work() -> None:
        async with Peer() as peer:
            peer.send("response.create", response={"instructions": SAY.format("Hello.")})
            peer.send(
                "response.create",
                response={
                    "conversation": "none",
                    "output_modalities": ["text"],
                    "instructions": "Classify.",
                    "input": [],
                    "metadata": {"topic": "x"},
                },
            )
            await peer.until("response.done", 2)
            finished = [e["response"] for e in peer.of("response.done")]
            text = next(r for r in finished if r["metadata"] == {"topic": "x"})
            assert text["conversation_id"] is None
            assert text["output"][0]["content"][0]["type"] == "output_text"
            assert "practice assistant" in peer.last("response.output_text.done")["text"]
            assert len(peer.of("conversation.item.added")) == 1

    run_virtual(work)


def test_function_calls_are_told_three_times() -> None:
    """Deltas, done, item and response agree; the output is taken and the dialogue goes on."""

    async def work() -> None:
        async with Peer() as peer:
            peer.telephone(create_response=False)
            peer.send("conversation.item.create", item=item_of("I have Wednesday at nine a.m."))
            peer.send("response.create")
            done = await peer.until("response.done")
            speech, call = done["response"]["output"]
            assert speech["content"][0]["transcript"].startswith("One moment")
            assert call["name"] == "request_user_feedback"
            arguments = peer.last("response.function_call_arguments.done")["arguments"]
            deltas = peer.of("response.function_call_arguments.delta")
            assert "".join(e["delta"] for e in deltas) == arguments == call["arguments"]
            assert peer.last("response.output_item.done")["item"] == call
            output = json.dumps({"status": "answered", "answer": "Take it"})
            peer.send(
                "conversation.item.create",
                item={
                    "type": "function_call_output",
                    "call_id": call["call_id"],
                    "output": output,
                },
            )
            peer.send("response.create")
            await peer.until("response.done", 2)
            assert "Wednesday at nine in the morning" in peer.said()[-1]

    run_virtual(work)


@pytest.mark.parametrize("choice", ["none", {"type": "function", "name": "note_fact"}])
def test_tools_can_be_withheld(choice: object) -> None:
    """A response that may not call a tool does not."""

    async def work() -> None:
        async with Peer() as peer:
            peer.telephone()
            peer.send("conversation.item.create", item=item_of("Never call me again."))
            peer.send("response.create", response={"tool_choice": choice})
            done = await peer.until("response.done")
            assert [item["type"] for item in done["response"]["output"]] == ["message"]

    run_virtual(work)


def test_hints_reach_the_callee() -> None:
    """A system message is the user's hint, without the words around it."""

    async def work() -> None:
        async with Peer() as peer:
            peer.telephone()
            note = "The user you are calling for says, for you alone: ask for parking"
            peer.send("response.create", response={"instructions": SAY.format("Hello.")})
            await peer.until("response.done")
            peer.send("conversation.item.create", item=item_of(note, "system"))
            peer.send("response.create")
            await peer.until("response.done", 2)
            assert "One more thing from Alex Doe: ask for parking." in peer.said()[-1]

    run_virtual(work)


def test_a_conversation_is_replayed() -> None:
    """After a reconnect, text items take the place of what was said, and the call goes on."""

    async def work() -> None:
        async with Peer() as peer:
            peer.telephone()
            for role, text in (
                ("assistant", "I would like to book a dental cleaning for Alex Doe."),
                ("user", "I have Tuesday at two thirty in the afternoon."),
                ("assistant", "Tuesday at two thirty in the afternoon would be perfect."),
                ("user", "You are booked."),
            ):
                peer.send("conversation.item.create", item=item_of(text, role))
            peer.send("response.create")
            await peer.until("response.done")
            assert peer.said()[-1].startswith("So that is Tuesday at two thirty")

    run_virtual(work)


def test_foreign_function_calls_are_understood() -> None:
    """A function call that a client puts back counts, even with junk for arguments."""

    async def work() -> None:
        async with Peer() as peer:
            peer.telephone()
            call = {"type": "function_call", "call_id": "c", "name": "end_call", "arguments": "["}
            peer.send("conversation.item.create", item=call)
            peer.send("response.create")
            done = await peer.until("response.done")
            assert done["response"]["output"] == []

    run_virtual(work)


def test_manual_turns() -> None:
    """Without turn detection the client commits; too little audio is refused; clearing empties."""

    async def work() -> None:
        async with Peer() as peer:
            peer.update(
                audio={
                    "input": {
                        "format": {"type": "audio/pcm", "rate": 24_000},
                        "turn_detection": None,
                    }
                }
            )
            odd = base64.b64encode(b"\x00" * 4_801).decode()
            peer.send("input_audio_buffer.commit")
            assert peer.error["code"] == "input_audio_buffer_commit_empty"
            peer.send("input_audio_buffer.append", audio=odd)
            peer.send("input_audio_buffer.clear")
            assert peer.of("input_audio_buffer.cleared")
            peer.send("input_audio_buffer.commit")
            for _ in range(3):
                peer.send("input_audio_buffer.append", audio=odd)
            peer.transcriber.texts.append(GREETING)
            peer.send("input_audio_buffer.commit")
            await asyncio.sleep(1)
            assert len(peer.of("input_audio_buffer.committed")) == 1
            assert peer.of("conversation.item.input_audio_transcription.completed") == []
            assert peer.of("response.created") == []
            assert peer.of("input_audio_buffer.speech_started") == []
            peer.send("response.create")
            await peer.until("response.done")
            assert "dental cleaning" in peer.said()[0]

    run_virtual(work)


def test_a_commit_in_mid_speech() -> None:
    """With turn detection a commit takes what is being said; nothing said is nothing to commit."""

    async def work() -> None:
        async with Peer() as peer:
            peer.telephone()
            peer.send("input_audio_buffer.commit")
            assert peer.error["code"] == "input_audio_buffer_commit_empty"
            peer.hears(LOUD * 20)
            peer.send("input_audio_buffer.commit")
            assert len(peer.of("input_audio_buffer.committed")) == 1
            peer.hears(LOUD * 20 + SILENT * 5)
            peer.send("input_audio_buffer.clear")
            peer.hears(SILENT * 100)
            assert peer.of("input_audio_buffer.speech_stopped") == []

    run_virtual(work)


def test_semantic_detection_and_a_change_of_format() -> None:
    """The stream's clock goes on when the format or the detection changes."""

    async def work() -> None:
        async with Peer() as peer:
            peer.telephone(create_response=False)
            peer.hears(SILENT * 100)
            semantic = {"turn_detection": {"type": "semantic_vad", "create_response": False}}
            peer.update(audio={"input": semantic})
            peer.says("Hello.")
            assert peer.last("input_audio_buffer.speech_started")["audio_start_ms"] >= 2_000
            await peer.until("conversation.item.input_audio_transcription.completed")

    run_virtual(work)


def test_idle_time_out() -> None:
    """After silence the session asks by itself whether somebody is there; speech stops that."""

    async def work() -> None:
        async with Peer() as peer:
            peer.telephone(idle_timeout_ms=6_000)
            peer.send("response.create", response={"instructions": SAY.format("Hello.")})
            await peer.until("input_audio_buffer.timeout_triggered")
            await peer.until("response.done", 2)
            assert peer.said()[-1] == "Hello? Are you still there?"
            assert peer.of("input_audio_buffer.committed")
            peer.says(GREETING)
            assert len(peer.of("input_audio_buffer.timeout_triggered")) == 1

    run_virtual(work)


def test_expiry_and_no_instructions() -> None:
    """An expired session says so; without a task the assistant says what it is."""

    async def work() -> None:
        async with Peer() as peer:
            peer.update(instructions="Be nice.", output_modalities=["text"])
            peer.send("response.create")
            await peer.until("response.done")
            assert "practice assistant" in peer.last("response.output_text.done")["text"]
            peer.session.expire()
            assert peer.error["code"] == "session_expired"
            assert INSTRUCTIONS

    run_virtual(work)
