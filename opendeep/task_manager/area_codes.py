"""In which state a number of the United States is at home, by its area code.

Only for states whose calling hours differ from the federal ones. A number may have moved with its
owner; Florida, Oklahoma and Washington presume the state of the area code, and so do we for all.
Source: the geographical data of ``phonenumbers``; its test compares every row with it.
"""

from collections.abc import Mapping
from types import MappingProxyType

AREA_CODES: Mapping[str, str] = MappingProxyType(
    {
        "AL": "205 251 256 334 659 938",
        "CT": "475 860 959",
        "FL": (
            "239 305 321 324 352 386 407 448 561 645 656 689 727 728 754 772 786 813 850 863 904 "
            "941 954"
        ),
        "KY": "270 364 502 606 859",
        "LA": "225 318 337 504 985",
        "MA": "339 351 413 508 617 774 781 857 978",
        "MD": "227 240 301 410 443 667",
        "MI": "231 248 269 313 517 586 616 734 810 906 947 989",
        "MN": "218 320 507 612 651 763 952",
        "MS": "228 601 662 769",
        "NM": "505 575",
        "NV": "702 725 775",
        "OK": "405 539 572 580 918",
        "RI": "401",
        "TX": (
            "210 214 254 281 325 346 361 409 430 432 469 512 682 726 737 806 817 830 832 903 915 "
            "936 940 945 956 972 979"
        ),
        "WA": "206 253 360 425 509 564",
    }
)
"""By postal abbreviation."""

_STATES = {code: state for state, codes in AREA_CODES.items() for code in codes.split()}
_AREA_AT = 2


def state_of(number: str) -> str | None:
    """Return the state of a number in E.164 form; None where its hours are the federal ones."""
    return _STATES.get(number[_AREA_AT : _AREA_AT + 3]) if number.startswith("+1") else None
