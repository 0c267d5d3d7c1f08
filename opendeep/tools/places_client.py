"""Google Places (New), text search: businesses with their numbers, over plain HTTP.

One field mask for everything that a call needs, since the dearest field sets the price of the
whole request and a second request would cost more. Only what is shown to the user is kept.
Source: Places API (New), ``POST /v1/places:searchText``.
"""

from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import httpx
import phonenumbers

from opendeep.common.errors import ModelUnavailableError

_FIELDS = (
    "id",
    "displayName",
    "formattedAddress",
    "internationalPhoneNumber",
    "websiteUri",
    "timeZone",
    "regularOpeningHours.weekdayDescriptions",
    "businessStatus",
    "googleMapsUri",
)
_MASK = ",".join(f"places.{name}" for name in _FIELDS)
_PAGE_SIZE = 5
_TRY_LATER = frozenset({408, 429})
_SERVER_FAULT = 500
_REFUSED = frozenset({401, 403})
_CLOSED_FOR_GOOD = "CLOSED_PERMANENTLY"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacesConfig:
    """What the client needs to know; ``base_url`` is without ``/v1``."""

    base_url: str
    api_key: str
    timeout_seconds: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BusinessInfo:
    """A business as the directory knows it.

    Attributes:
        phone_number: E.164, or None where the directory has none that can be read.
        time_zone: IANA name.
        opening_hours: one text a weekday.
        reference: what a plan's ``sources`` names.
    """

    name: str
    phone_number: str | None
    address: str | None
    website: str | None
    time_zone: str | None
    opening_hours: tuple[str, ...]
    place_id: str
    reference: str


class PlacesClient:
    """Searches businesses; open it with ``async with``."""

    def __init__(self, config: PlacesConfig) -> None:
        self._config = config
        self._stack = AsyncExitStack()
        self._http: httpx.AsyncClient | None = None

    async def __aenter__(self) -> Self:
        self._http = await self._stack.enter_async_context(
            httpx.AsyncClient(
                base_url=self._config.base_url,
                timeout=self._config.timeout_seconds,
                headers={
                    "X-Goog-Api-Key": self._config.api_key or "none",
                    "X-Goog-FieldMask": _MASK,
                },
            )
        )
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._http = None
        await self._stack.aclose()

    async def search_text(self, query: str) -> tuple[BusinessInfo, ...]:
        """Return businesses that fit ``query``, the best first; empty when there is none.

        Raises:
            ModelUnavailableError: the directory is down, slow, refused us, or talked nonsense.
        """
        if self._http is None:
            raise ModelUnavailableError("The business directory's client is closed.")
        body = {
            "textQuery": query,
            "pageSize": _PAGE_SIZE,
            "includePureServiceAreaBusinesses": True,
        }
        try:
            response = await self._http.post("/v1/places:searchText", json=body)
            response.raise_for_status()
            decoded = response.json()
        except httpx.HTTPStatusError as error:
            raise _refused(error.response) from error
        except httpx.TimeoutException as error:
            raise ModelUnavailableError("The business directory did not answer in time.") from error
        except httpx.HTTPError as error:
            raise ModelUnavailableError("The business directory cannot be reached.") from error
        except ValueError as error:
            raise ModelUnavailableError("The business directory's answer is not JSON.") from error
        return tuple(_businesses(decoded))


def _refused(response: httpx.Response) -> ModelUnavailableError:
    status = response.status_code
    if status in _REFUSED or "API_KEY_INVALID" in response.text:
        return ModelUnavailableError("Google Places refused the API key.", retryable=False)
    return ModelUnavailableError(
        f"The business directory refused the request (HTTP {status}).",
        retryable=status in _TRY_LATER or status >= _SERVER_FAULT,
    )


def _businesses(decoded: object) -> Iterator[BusinessInfo]:
    places = _get(decoded, "places")
    for place in places if isinstance(places, list) else ():
        name = _text(_get(_get(place, "displayName"), "text"))
        place_id = _text(_get(place, "id"))
        if not name or not place_id or _get(place, "businessStatus") == _CLOSED_FOR_GOOD:
            continue
        hours = _get(_get(place, "regularOpeningHours"), "weekdayDescriptions")
        yield BusinessInfo(
            name=name,
            phone_number=to_e164(_text(_get(place, "internationalPhoneNumber"))),
            address=_text(_get(place, "formattedAddress")),
            website=_text(_get(place, "websiteUri")),
            time_zone=_text(_get(_get(place, "timeZone"), "id")),
            opening_hours=tuple(filter(None, map(_text, hours if isinstance(hours, list) else ()))),
            place_id=place_id,
            reference=_text(_get(place, "googleMapsUri")) or f"places/{place_id}",
        )


def to_e164(written: str | None) -> str | None:
    """Return an international number as E.164, or None where it cannot be one."""
    if not written:
        return None
    try:
        parsed = phonenumbers.parse(written)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(parsed):
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def _get(value: object, key: str) -> Any:
    return value.get(key) if isinstance(value, Mapping) else None


def _text(value: object) -> str | None:
    return value.strip() if isinstance(value, str) and value.strip() else None
