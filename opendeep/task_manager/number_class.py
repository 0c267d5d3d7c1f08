"""What kind of telephone number this is, and where it may be: pure functions.

Numbers are judged from the metadata of ``phonenumbers``; the refused classes are those that cost
the caller dear, save lives, or cannot be a callee. Numbers reserved for fiction
(``+1 NXX 555 01XX``) are accepted for every area code, since the practice exchange lives there.

Toll fraud ends most often in a few countries whose networks share what a call costs with whoever
is called, some of them behind +1 like a call at home. They are refused unless the installation
names the countries that it calls.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers
from phonenumbers import PhoneNumberType
from phonenumbers import timezone as number_zones

from opendeep.common.emergency import is_emergency

_E164 = re.compile(r"^\+[1-9]\d{4,14}\Z", re.ASCII)
_FICTION = re.compile(r"^\+1[2-9]\d{2}55501\d{2}\Z", re.ASCII)
_SERVICE_AREA = re.compile(r"^\+1[2-9]11\d{7}\Z|^\+1\d{3}911\d{4}\Z|^\+1\d{3}5551212\Z", re.ASCII)
_PREMIUM_AREA = re.compile(r"^\+1(900|976)\d{7}\Z|^\+1\d{3}976\d{4}\Z", re.ASCII)
_SHORT = re.compile(r"^\+?\d{2,9}\Z", re.ASCII)
_UNKNOWN_ZONE = "Etc/Unknown"
_INTERNATIONAL_FREEPHONE = 800
_COSTLY = frozenset(
    {
        PhoneNumberType.PREMIUM_RATE,
        PhoneNumberType.SHARED_COST,
        PhoneNumberType.PERSONAL_NUMBER,
    }
)
_PLACELESS = frozenset({PhoneNumberType.TOLL_FREE, PhoneNumberType.UAN})
_UNITED_STATES = "US"
_NO_COUNTRY = "001"
_ISLANDS_BEHIND_ONE = "AG AI BB BM BS DM DO GD JM KN KY LC MS SX TC TT VC VG"
_COUNTRIES_OF_THEIR_OWN = (
    "AC CK CU DJ FK GM GN GW IO KI KM KP MV NF NR NU PG SB SH SL SO ST TA TD TK TL TV VU WF"
)
TOLL_FRAUD_REGIONS = frozenset(f"{_ISLANDS_BEHIND_ONE} {_COUNTRIES_OF_THEIR_OWN}".split())
"""ISO 3166 codes, as ``phonenumbers`` has them; the dialplan's list is the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberFault:
    """Why a number is never dialled; ``rule_id`` is stable, ``message`` is for people."""

    rule_id: str
    message: str


_EMERGENCY = NumberFault(
    rule_id="number.emergency", message="Emergency and crisis numbers are never dialled."
)
_NOT_E164 = NumberFault(
    rule_id="number.not_e164",
    message="The number must be in E.164 form: + then country code and digits, no spaces.",
)
_INVALID = NumberFault(
    rule_id="number.invalid", message="No such number exists in its country's numbering plan."
)
_PREMIUM = NumberFault(
    rule_id="number.premium", message="Premium-rate and shared-cost numbers are never dialled."
)
_SERVICE = NumberFault(
    rule_id="number.service_code", message="Service codes like 411 or 911 are never dialled."
)
_SATELLITE = NumberFault(
    rule_id="number.satellite",
    message="Satellite and other numbers without a country are never dialled.",
)
_TOLL_FRAUD = NumberFault(
    rule_id="number.toll_fraud",
    message="Calls to this country are a usual end of toll fraud; OPENDEEP_COUNTRIES can allow it.",
)
_COUNTRY = NumberFault(
    rule_id="number.country", message="The number's country is not among OPENDEEP_COUNTRIES."
)

_PATTERNS = ((_SERVICE_AREA, _SERVICE), (_PREMIUM_AREA, _PREMIUM), (_FICTION, None))
"""Judged before the metadata, in this order."""


@lru_cache(maxsize=10_000)
def number_fault(number: str, countries: frozenset[str] | None = frozenset()) -> NumberFault | None:
    """Return why ``number`` is refused, or None for one that may be dialled.

    Args:
        number: any text.
        countries: the ISO 3166 codes of the countries that may be called; empty means every one
            but those of :data:`TOLL_FRAUD_REGIONS`, and None leaves that to somebody else.
            International free-phone may always be.
    """
    if _SHORT.match(number) and _is_emergency(number):
        return _EMERGENCY
    if not _E164.match(number):
        return _NOT_E164
    for pattern, fault in _PATTERNS:
        if pattern.match(number):
            return fault
    try:
        parsed = phonenumbers.parse(number)
        return _class_fault(parsed) or _country_fault(parsed, countries)
    except phonenumbers.NumberParseException:
        return _INVALID


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberHome:
    """Where a number may be.

    Attributes:
        country: ISO 3166 code, or None where it has none.
        zones: the IANA zones in which it may ring; empty when nothing is known.
        has_place: whether the zones mean a place, and not everywhere that may call the number.
    """

    country: str | None
    zones: tuple[str, ...]
    has_place: bool


@lru_cache(maxsize=10_000)
def number_home(number: str) -> NumberHome:
    """Return where a number in E.164 form is at home; nowhere for a text that is no number."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return NumberHome(country=None, zones=(), has_place=False)
    zones = candidate_zones(number)
    region = phonenumbers.region_code_for_number(parsed)
    # A number that is reserved for fiction need not be in the numbering plan.
    country = region or (_UNITED_STATES if number.startswith("+1") else None)
    placed = region != _NO_COUNTRY and phonenumbers.number_type(parsed) not in _PLACELESS
    return NumberHome(
        country=None if country == _NO_COUNTRY else country,
        zones=zones,
        has_place=placed and bool(zones),
    )


def candidate_zones(number: str) -> tuple[str, ...]:
    """Return the IANA zones in which the number may ring; empty when nothing is known."""
    try:
        zones = number_zones.time_zones_for_number(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        return ()
    return tuple(zone for zone in zones if zone != _UNKNOWN_ZONE)


def _class_fault(parsed: phonenumbers.PhoneNumber) -> NumberFault | None:
    country = parsed.country_code or 0
    regions = phonenumbers.region_codes_for_country_code(country)
    if regions == (_NO_COUNTRY,) and country != _INTERNATIONAL_FREEPHONE:
        return _SATELLITE
    if not phonenumbers.is_valid_number(parsed):
        return _INVALID
    return _PREMIUM if phonenumbers.number_type(parsed) in _COSTLY else None


def _country_fault(
    parsed: phonenumbers.PhoneNumber, countries: frozenset[str] | None
) -> NumberFault | None:
    region = phonenumbers.region_code_for_number(parsed)
    if countries is None or region == _NO_COUNTRY:
        return None
    if countries:
        return None if region in countries else _COUNTRY
    return _TOLL_FRAUD if region in TOLL_FRAUD_REGIONS else None


def _is_emergency(number: str) -> bool:
    """Tell whether a short number, bare or behind a country code, is an emergency number."""
    digits = number.removeprefix("+")
    candidates = {digits}
    if number.startswith("+"):
        candidates |= {
            digits[length:]
            for length in range(1, 4)
            if int(digits[:length] or 0) in phonenumbers.COUNTRY_CODE_TO_REGION_CODE
        }
    return any(map(is_emergency, candidates))
