"""The practice text API's routes: ``/v1/models``, ``/v1/chat/completions``, ``/v1/responses``."""

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, StreamingResponse
from starlette.responses import Response

from opendeep.common.clock import Clock
from opendeep.practice import brain
from opendeep.practice.ai_service_wire import (
    BadRequestError,
    chat_chunks,
    chat_completion,
    read_chat,
    read_responses,
    response_events,
    response_object,
)
from opendeep.practice.realtime import bearer_accepted

Json = dict[str, Any]


def openai_error(status: int, message: str, *, code: str, param: str | None = None) -> JSONResponse:
    """Return an error as OpenAI's API writes it."""
    error = {"message": message, "type": "invalid_request_error", "param": param, "code": code}
    return JSONResponse({"error": error}, status_code=status)


class TextApi:
    """Answers text requests from the practice brain.

    Args:
        api_key: the Bearer that clients must send, or None for no check.
    """

    def __init__(self, *, clock: Clock, api_key: str | None) -> None:
        self._clock = clock
        self._api_key = api_key

    def router(self) -> APIRouter:
        """Return the routes."""
        router = APIRouter()
        router.add_api_route("/v1/models", self.models, methods=["GET"])
        router.add_api_route(
            "/v1/chat/completions", self.chat, methods=["POST"], response_model=None
        )
        router.add_api_route("/v1/responses", self.responses, methods=["POST"], response_model=None)
        return router

    async def models(self, request: Request) -> JSONResponse:
        """List the one model there is; any other name is served by it, too."""
        refused = self._refused(request)
        if refused is not None:
            return refused
        model = {
            "id": brain.MODEL_NAME,
            "object": "model",
            "created": 1_700_000_000,
            "owned_by": "opendeep-practice",
        }
        return JSONResponse({"object": "list", "data": [model]})

    async def chat(self, request: Request) -> Response:
        """Serve Chat Completions, streamed or whole."""
        body = await self._body(request)
        if isinstance(body, JSONResponse):
            return body
        try:
            answer = brain.answer(read_chat(body))
        except BadRequestError as error:
            return openai_error(400, error.message, code=error.code, param=error.param)
        completion = chat_completion(body, answer, self._now())
        if not body.get("stream"):
            return JSONResponse(completion)
        return _event_stream(_chat_lines(chat_chunks(body, completion)))

    async def responses(self, request: Request) -> Response:
        """Serve Responses, streamed or whole."""
        body = await self._body(request)
        if isinstance(body, JSONResponse):
            return body
        try:
            answer = brain.answer(read_responses(body))
        except BadRequestError as error:
            return openai_error(400, error.message, code=error.code, param=error.param)
        response = response_object(body, answer, self._now())
        if not body.get("stream"):
            return JSONResponse(response)
        return _event_stream(_response_lines(response_events(response)))

    def _now(self) -> int:
        return int(self._clock.now().timestamp())

    def _refused(self, request: Request) -> JSONResponse | None:
        if bearer_accepted(request.headers, self._api_key):
            return None
        return openai_error(401, "Incorrect API key provided.", code="invalid_api_key")

    async def _body(self, request: Request) -> Json | JSONResponse:
        refused = self._refused(request)
        if refused is not None:
            return refused
        try:
            body = await request.json()
        except ValueError:
            body = None
        if not isinstance(body, dict):
            message = "We could not parse the JSON body of your request."
            return openai_error(400, message, code="invalid_json")
        if not isinstance(body.get("model"), str):
            message = "you must provide a model parameter"
            return openai_error(400, message, code="missing_required_parameter", param="model")
        return body


def _chat_lines(chunks: Iterator[Json]) -> Iterator[str]:
    for chunk in chunks:
        yield f"data: {json.dumps(chunk)}\n\n"
    yield "data: [DONE]\n\n"


def _response_lines(events: Iterator[Json]) -> Iterator[str]:
    for event in events:
        yield f"event: {event['type']}\ndata: {json.dumps(event)}\n\n"


def _event_stream(lines: Iterator[str]) -> StreamingResponse:
    async def sent() -> AsyncIterator[str]:
        for line in lines:
            yield line

    return StreamingResponse(sent(), media_type="text/event-stream")
