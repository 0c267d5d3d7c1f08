"""The practice directory's two doors: Places text search and Gemini with search grounding.

Sources: Places API (New) ``POST /v1/places:searchText``; Gemini API ``models.generateContent``.
"""

import copy
from collections.abc import Mapping
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from opendeep.practice.directory_data import NOTE, Business, search

Json = dict[str, Any]
_DEFAULT_PAGE: Final = 20
_MOST_HITS_TOLD: Final = 3


def google_error(code: int, status: str, message: str) -> JSONResponse:
    """Return an error as Google's APIs write it."""
    error = {"code": code, "message": message, "status": status}
    return JSONResponse({"error": error}, status_code=code)


class MaskError(ValueError):
    """A field mask names a path that does not exist."""


def masked(place: Json, paths: list[str]) -> Json:
    """Keep of a place what the mask's paths (``displayName``, ``location.latitude``) name.

    Raises:
        MaskError: an unknown path.
    """
    kept: Json = {}
    for path in paths:
        source: Any = place
        target = kept
        names = path.split(".")
        for depth, name in enumerate(names):
            if not isinstance(source, dict) or name not in source:
                raise MaskError(path)
            source = source[name]
            if depth == len(names) - 1:
                target[name] = copy.deepcopy(source)
            else:
                target = target.setdefault(name, {})
    return kept


def _paths(mask: str) -> list[str] | None:
    """Return the paths below ``places``; None for all fields."""
    entries = [entry for entry in mask.split(",") if entry]
    if "*" in entries or "places" in entries or "places.*" in entries:
        return None
    paths = []
    for entry in entries:
        head, _, rest = entry.partition(".")
        if entry == "nextPageToken":
            continue
        if head != "places" or not rest:
            raise MaskError(entry)
        paths.append(rest)
    return paths


def _has_key(request: Request) -> bool:
    return bool(request.headers.get("x-goog-api-key") or request.query_params.get("key"))


async def search_text(request: Request) -> JSONResponse:
    """Serve ``places:searchText`` from the practice directory."""
    if not _has_key(request):
        message = "Method doesn't allow unregistered callers. Please use an API key."
        return google_error(403, "PERMISSION_DENIED", message)
    mask = request.headers.get("x-goog-fieldmask") or request.query_params.get("fields") or ""
    if not mask or " " in mask:
        message = "FieldMask is a required parameter. See the X-Goog-FieldMask header."
        return google_error(400, "INVALID_ARGUMENT", message)
    body = await _json(request)
    query = body.get("textQuery")
    if not isinstance(query, str) or not query.strip():
        return google_error(400, "INVALID_ARGUMENT", "Empty text_query.")
    size = body.get("pageSize", body.get("maxResultCount", _DEFAULT_PAGE))
    if not isinstance(size, int) or not 1 <= size <= _DEFAULT_PAGE:
        return google_error(400, "INVALID_ARGUMENT", "page_size must be between 1 and 20.")
    try:
        paths = _paths(mask)
        found = [business.place() for business in search(query, size)]
        places = [place if paths is None else masked(place, paths) for place in found]
    except MaskError as error:
        message = f"Request contains an invalid argument: unknown field mask path {error}."
        return google_error(400, "INVALID_ARGUMENT", message)
    return JSONResponse({"places": places} if places else {})


async def generate_content(request: Request, call: str) -> JSONResponse:
    """Serve ``models/{model}:generateContent``: searches the practice directory, if asked to."""
    model, _, method = call.rpartition(":")
    if method != "generateContent":
        return google_error(404, "NOT_FOUND", f"The practice service has no method {method}.")
    if not _has_key(request):
        message = "Method doesn't allow unregistered callers. Please use an API key."
        return google_error(403, "PERMISSION_DENIED", message)
    body = await _json(request)
    question = _question(body)
    if not question:
        return google_error(400, "INVALID_ARGUMENT", "contents are required.")
    grounded = any("googleSearch" in tool or "google_search" in tool for tool in _tools(body))
    hits = search(question, _MOST_HITS_TOLD) if grounded else []
    text = " ".join(_told(business) for business in hits)
    if not text:
        text = "The practice directory has nothing about that. No web search was made."
    candidate: Json = {
        "content": {"role": "model", "parts": [{"text": text}]},
        "finishReason": "STOP",
        "index": 0,
    }
    if hits:
        candidate["groundingMetadata"] = _grounding(question, hits)
    return JSONResponse(
        {
            "candidates": [candidate],
            "usageMetadata": _usage(question, text),
            "modelVersion": model,
            "responseId": "practice",
        }
    )


def _told(business: Business) -> str:
    place = business.place()
    hours = "; ".join(business.week())
    return (
        f"{business.name}, {business.address}, phone {place['internationalPhoneNumber']}, "
        f"opening hours: {hours}. {NOTE}"
    )


def _grounding(question: str, hits: list[Business]) -> Json:
    """Point each business's part of the answer at its source, in UTF-8 byte offsets."""
    chunks = [
        {"web": {"uri": f"https://{hit.slug}.example/", "title": f"{hit.slug}.example (practice)"}}
        for hit in hits
    ]
    supports = []
    begin = 0
    for index, hit in enumerate(hits):
        text = _told(hit)
        end = begin + len(text.encode())
        segment = {"startIndex": begin, "endIndex": end, "text": text}
        supports.append(
            {"segment": segment, "groundingChunkIndices": [index], "confidenceScores": [0.9]}
        )
        begin = end + 1
    return {
        "webSearchQueries": [question],
        "searchEntryPoint": {"renderedContent": "<div>Practice search: no web was asked.</div>"},
        "groundingChunks": chunks,
        "groundingSupports": supports,
    }


def _usage(question: str, text: str) -> Json:
    asked, told = len(question) // 4 + 1, len(text) // 4 + 1
    return {
        "promptTokenCount": asked,
        "candidatesTokenCount": told,
        "totalTokenCount": asked + told,
    }


def _tools(body: Mapping[str, Any]) -> list[Json]:
    tools = body.get("tools")
    return [tool for tool in tools if isinstance(tool, dict)] if isinstance(tools, list) else []


def _question(body: Mapping[str, Any]) -> str:
    """Return the last text of the user."""
    contents = body.get("contents")
    entries = contents if isinstance(contents, list) else [contents]
    for content in reversed(entries):
        parts = content.get("parts") if isinstance(content, dict) else None
        texts = [str(part.get("text") or "") for part in parts or [] if isinstance(part, dict)]
        if any(texts):
            return " ".join(texts).strip()
    return ""


async def _json(request: Request) -> Json:
    try:
        body = await request.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def directory_router() -> APIRouter:
    """Return the routes of both doors."""
    router = APIRouter()
    router.add_api_route("/places/v1/places:searchText", search_text, methods=["POST"])
    for prefix in ("/gemini/v1", "/gemini/v1beta", "/v1", "/v1beta"):
        router.add_api_route(f"{prefix}/models/{{call:path}}", generate_content, methods=["POST"])
    return router
