"""The practice AI's server on loopback, met by clients that others wrote."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import openai
import pytest
import websockets
from openai import AsyncOpenAI

from opendeep.common.errors import UnavailableError
from opendeep.practice.ai_service import AiServiceConfig, PracticeAiService
from opendeep.practice.realtime_session import RealtimeSettings
from tests.unit.practice.realtime_world import checked
from tests.unit.practice.speech_fakes import fake_engines

Json = dict[str, Any]
FAST = RealtimeSettings(speed=1e6)
SAY = 'Say exactly the following words and nothing else: "Hello there."'


@asynccontextmanager
async def serving(**options: Any) -> AsyncIterator[PracticeAiService]:
    """Run the service with fake speech on any free port."""
    engines, *_ = fake_engines()
    service = PracticeAiService(AiServiceConfig(**{"realtime": FAST, **options}), engines)
    async with service.serve():
        yield service


@asynccontextmanager
async def client_of(service: PracticeAiService, key: str = "key") -> AsyncIterator[AsyncOpenAI]:
    """Return OpenAI's own client of the service."""
    async with AsyncOpenAI(api_key=key, base_url=service.base_url, max_retries=0) as client:
        yield client


async def test_text_by_openais_client() -> None:
    """Models, chat and responses work with OpenAI's client, whole and streamed."""
    async with serving() as service, client_of(service) as client:
        assert (await client.models.list()).data[0].id == "opendeep-practice"
        messages: Any = [{"role": "user", "content": "hi"}]
        whole = await client.chat.completions.create(model="m", messages=messages)
        text = whole.choices[0].message.content
        assert text is not None
        assert "practice assistant" in text
        stream = await client.chat.completions.create(model="m", messages=messages, stream=True)
        assert "".join([c.choices[0].delta.content or "" async for c in stream]) == text
        response = await client.responses.create(model="m", input="hi")
        assert response.output_text == text
        async with client.responses.stream(model="m", input="hi") as events:
            assert (await events.get_final_response()).output_text == text


async def test_refusals_in_openais_shape() -> None:
    """A wrong key, a missing model, junk and a faulty request raise the client's own errors."""
    async with serving(api_key="right") as service:
        async with client_of(service, "wrong") as client:
            with pytest.raises(openai.AuthenticationError):
                await client.models.list()
            with pytest.raises(openai.AuthenticationError):
                await client.responses.create(model="m", input="hi")
            with pytest.raises(openai.AuthenticationError):
                await client.chat.completions.create(model="m", messages=[])
        async with client_of(service, "right") as client:
            with pytest.raises(openai.BadRequestError, match="messages"):
                await client.chat.completions.create(model="m", messages=[])
            with pytest.raises(openai.BadRequestError, match="input"):
                await client.responses.create(model="m", input=[])
        headers = {"Authorization": "Bearer right"}
        async with httpx.AsyncClient(base_url=service.base_url, headers=headers) as plain:
            for content, code in (
                (b"{", "invalid_json"),
                (b"[]", "invalid_json"),
                (b"{}", "missing_required_parameter"),
            ):
                answer = await plain.post("/responses", content=content)
                assert answer.status_code == 400
                assert answer.json()["error"]["code"] == code


async def test_realtime_by_openais_client() -> None:
    """OpenAI's client connects, configures, and hears fixed words in valid events."""
    async with (
        serving() as service,
        client_of(service) as client,
        client.realtime.connect(model="gpt-realtime-2.1") as connection,
    ):
        await connection.session.update(
            session={
                "type": "realtime",
                "audio": {"output": {"format": {"type": "audio/pcmu"}, "voice": "marin"}},
            }
        )
        await connection.response.create(response={"instructions": SAY})
        audio, said = b"", ""
        async for event in connection:
            checked(event.model_dump(exclude_unset=True))
            if event.type == "response.output_audio.delta":
                audio += base64.b64decode(event.delta)
            if event.type == "response.output_audio_transcript.done":
                said = event.transcript
            if event.type == "response.done":
                break
        assert said == "Hello there."
        assert len(audio) == 8 * 50 * len("Hello there.")


def realtime_url(service: PracticeAiService, query: str = "?model=m") -> str:
    """Return the address of the WebSocket."""
    return f"ws://127.0.0.1:{service.port}/v1/realtime{query}"


@pytest.mark.parametrize(("key", "query", "status"), [("no", "?model=m", 401), ("k", "", 400)])
async def test_refused_upgrades(key: str, query: str, status: int) -> None:
    """A wrong key and a missing model are refused before the upgrade."""
    headers = {"Authorization": f"Bearer {key}"}
    async with serving(api_key="k") as service:
        with pytest.raises(websockets.InvalidStatus) as caught:
            await websockets.connect(realtime_url(service, query), additional_headers=headers)
        assert caught.value.response.status_code == status


async def test_the_beta_protocol_is_turned_away() -> None:
    """The beta header gets one error and close code 4000."""
    headers = {"OpenAI-Beta": "realtime=v1"}
    async with (
        serving() as service,
        websockets.connect(realtime_url(service), additional_headers=headers) as socket,
    ):
        event = json.loads(await socket.recv())
        assert event["error"]["code"] == "beta_api_shape_disabled"
        with pytest.raises(websockets.ConnectionClosed):
            await socket.recv()
        assert socket.close_code == 4000


async def test_junk_on_the_socket() -> None:
    """Junk is answered with an error; the session goes on; a binary frame ends it."""
    async with serving() as service, websockets.connect(realtime_url(service)) as socket:
        assert json.loads(await socket.recv())["type"] == "session.created"
        await socket.send("{")
        assert json.loads(await socket.recv())["error"]["code"] == "missing_required_parameter"
        await socket.send(b"binary")
        with pytest.raises(websockets.ConnectionClosed):
            await socket.recv()


async def test_a_session_expires() -> None:
    """At the end of its life a session says so and closes with 1001."""
    settings = RealtimeSettings(session_seconds=0.05)
    async with (
        serving(realtime=settings) as service,
        websockets.connect(realtime_url(service, "?call_id=rtc_1")) as socket,
    ):
        kinds = [json.loads(message)["type"] async for message in socket]
        assert kinds == ["session.created", "error"]
        assert socket.close_code == 1001


async def test_a_broken_voice_is_told() -> None:
    """An error in the middle of an answer reaches the client as a failed response."""
    engines, ear, voice = fake_engines()
    voice.error = RuntimeError("broken")
    service = PracticeAiService(AiServiceConfig(realtime=FAST), engines)
    async with service.serve(), websockets.connect(realtime_url(service)) as socket:
        event = {"type": "response.create", "response": {"instructions": SAY}}
        await socket.send(json.dumps(event))
        async with asyncio.timeout(10):
            while (event := json.loads(await socket.recv()))["type"] != "response.done":
                pass
        assert event["response"]["status"] == "failed"
        assert (ear.warm, voice.warm) == (1, 1)


async def test_a_client_that_vanishes() -> None:
    """A connection that is cut in the middle of an answer does not disturb the service."""
    async with serving(realtime=RealtimeSettings(speed=0.5)) as service:
        socket = await websockets.connect(realtime_url(service))
        await socket.send(
            json.dumps({"type": "response.create", "response": {"instructions": SAY}})
        )
        await socket.recv()
        socket.transport.abort()
        async with websockets.connect(realtime_url(service)) as other:
            assert json.loads(await other.recv())["type"] == "session.created"


async def test_the_port_is_taken() -> None:
    """A taken port is an error that says so; stopping releases the port."""
    async with serving() as service:
        taken = service.port
        with pytest.raises(UnavailableError, match=str(taken)):
            async with serving(port=taken):
                pass
    async with serving(port=taken) as service:
        assert service.port == taken
