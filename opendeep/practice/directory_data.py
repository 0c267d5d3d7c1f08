"""The practice directory's businesses: invented, with numbers of the range reserved for fiction.

The last two digits of a number decide who answers (CONTRACT §5).
"""

import re
from dataclasses import dataclass
from typing import Any, Final

Json = dict[str, Any]
TIME_ZONE: Final = "America/Los_Angeles"
NOTE: Final = "Practice data: this business does not exist."
_WORDS: Final = re.compile(r"[a-z0-9]+")
_NOISE: Final = frozenset(
    {
        "the", "a", "an", "of", "in", "at", "near", "me", "for", "and", "my", "to", "san",
        "francisco", "ca", "california", "phone", "number", "opening", "hours", "what", "is",
        "are", "when", "open", "does", "do", "practice", "please", "find", "best", "good", "street",
        "city",
    }
)  # fmt: skip
_WEEK: Final = (
    "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Business:
    """One entry.

    Attributes:
        line: the last two digits of its number, which choose the practice callee.
        kinds: words that find it besides its name.
        hours: opening and closing hour of a working day.
    """

    slug: str
    name: str
    line: str
    street: str
    kinds: frozenset[str]
    primary_type: str
    hours: tuple[int, int] = (8, 17)

    @property
    def number(self) -> str:
        """The number in E.164 form."""
        return f"+141555501{self.line}"

    @property
    def address(self) -> str:
        """The address in one line."""
        return f"{self.street}, Practice City, CA 94000, USA"

    def week(self) -> list[str]:
        """Return one text a weekday."""
        begin, end = (_twelve_hours(hour) for hour in self.hours)
        return [
            f"{day}: Closed" if day == "Sunday" else f"{day}: {begin} to {end}" for day in _WEEK
        ]

    def score(self, query: str) -> int:
        """Return how well a query fits: a word of the name counts two, of its kind one."""
        wanted = set(_WORDS.findall(query.lower()))
        name = set(_WORDS.findall(self.name.lower()))
        telling = wanted - _NOISE
        named = len(telling & name) * 2
        if name <= wanted:
            named += 2
        return named + len(telling & self.kinds)

    def place(self) -> Json:
        """Return the whole entry as Places API (New) writes it."""
        national = f"(415) 555-01{self.line}"
        begin, end = self.hours
        periods = [
            {
                "open": {"day": day, "hour": begin, "minute": 0},
                "close": {"day": day, "hour": end, "minute": 0},
            }
            for day in range(1, 7)
        ]
        return {
            "id": f"practice-{self.slug}",
            "name": f"places/practice-{self.slug}",
            "displayName": {"text": self.name, "languageCode": "en"},
            "formattedAddress": self.address,
            "shortFormattedAddress": self.street,
            "nationalPhoneNumber": national,
            "internationalPhoneNumber": f"+1 415-555-01{self.line}",
            "websiteUri": f"https://{self.slug}.example/",
            "googleMapsUri": f"https://maps.example/practice-{self.slug}",
            "businessStatus": "OPERATIONAL",
            "location": {"latitude": 37.7749, "longitude": -122.4194},
            "utcOffsetMinutes": -480,
            "timeZone": {"id": TIME_ZONE},
            "regularOpeningHours": {
                "openNow": True,
                "periods": periods,
                "weekdayDescriptions": self.week(),
            },
            "types": [self.primary_type, "point_of_interest", "establishment"],
            "primaryType": self.primary_type,
            "pureServiceAreaBusiness": False,
            "editorialSummary": {"text": NOTE, "languageCode": "en"},
        }


def _twelve_hours(hour: int) -> str:
    return f"{(hour - 1) % 12 + 1}:00 {'AM' if hour < 12 else 'PM'}"  # noqa: PLR2004 - noon


def _kinds(words: str) -> frozenset[str]:
    return frozenset(words.split())


BUSINESSES: Final = (
    Business(
        slug="bright-smile-dental", name="Bright Smile Dental", line="00",
        street="12 Garden Street", primary_type="dentist",
        kinds=_kinds("dentist dentists dental teeth tooth cleaning checkup clinic"),
    ),
    Business(
        slug="city-library", name="City Library", line="04", street="14 Garden Street",
        primary_type="library", hours=(9, 19), kinds=_kinds("library libraries book books"),
    ),
    Business(
        slug="harbor-pizza", name="Harbor Pizza", line="07", street="3 Harbor Road",
        primary_type="pizza_restaurant", hours=(11, 22),
        kinds=_kinds("pizza pizzeria restaurant restaurants italian food dinner delivery table"),
    ),
    Business(
        slug="corner-hair-studio", name="Corner Hair Studio", line="13",
        street="1 Corner Lane", primary_type="hair_salon",
        kinds=_kinds("hair haircut hairdresser salon barber stylist cut"),
    ),
    Business(
        slug="grand-plaza-clinic", name="Grand Plaza Clinic", line="08",
        street="200 Plaza Avenue", primary_type="doctor",
        kinds=_kinds("doctor doctors clinic physician medical checkup"),
    ),
    Business(
        slug="maple-auto-repair", name="Maple Auto Repair", line="17", street="77 Maple Road",
        primary_type="car_repair",
        kinds=_kinds("car auto garage mechanic repair oil tires brakes"),
    ),
    Business(
        slug="sunny-side-cafe", name="Sunny Side Cafe", line="15", street="5 Sunny Lane",
        primary_type="cafe", hours=(7, 15),
        kinds=_kinds("cafe coffee breakfast brunch bakery cake"),
    ),
    Business(
        slug="riverside-vet", name="Riverside Veterinary Practice", line="16",
        street="9 River Walk", primary_type="veterinary_care",
        kinds=_kinds("vet veterinary veterinarian dog cat pet animal"),
    ),
    Business(
        slug="tidewater-plumbing", name="Tidewater Plumbing", line="03", street="31 Dock Street",
        primary_type="plumber", kinds=_kinds("plumber plumbing pipe leak heating"),
    ),
    Business(
        slug="quick-fix-phones", name="Quick Fix Phones", line="01", street="8 Market Street",
        primary_type="electronics_store", kinds=_kinds("repair screen mobile electronics"),
    ),
)  # fmt: skip


def search(query: str, limit: int = 20) -> list[Business]:
    """Return the businesses that a query fits, best first."""
    scored = [(business.score(query), business) for business in BUSINESSES]
    hits = sorted((pair for pair in scored if pair[0] > 0), key=lambda pair: -pair[0])
    return [business for _, business in hits[:limit]]
