"""Fonts for PDFs: Bitstream Vera, which reportlab brings, and others of the machine for the rest.

A sign that Vera does not have is taken from the first font that has it: DejaVu where the system
has it, then the fonts for Chinese, Japanese and Korean that PDF readers bring along. What none
has is shown as a box, never dropped in silence.
"""

import html
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

import reportlab
from reportlab.lib.fonts import addMapping
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont

REGULAR = "OpenDeep"
BOLD = "OpenDeep-Bold"
_WIDE = "OpenDeep-Wide"
_FOLDER = Path(reportlab.__file__).parent / "fonts"
_SYSTEM_FONTS = (
    Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"),
    Path("/usr/share/fonts/dejavu/DejaVuSans.ttf"),
    Path("/usr/share/fonts/TTF/DejaVuSans.ttf"),
    Path("/Library/Fonts/Arial Unicode.ttf"),
)
_MISSING = "□"
_MISSING_PLAIN = "?"
_EAST_ASIAN = (
    ((0x3040, 0x30FF), "HeiseiKakuGo-W5"),
    ((0xAC00, 0xD7AF), "HYGothic-Medium"),
    ((0x2E80, 0x9FFF), "STSong-Light"),
    ((0xFF00, 0xFFEF), "HeiseiKakuGo-W5"),
)
_INVISIBLE = {"\u200b", "\u200e", "\u200f", "\u202a", "\u202b", "\u202c", "\u202d", "\u202e",
              "\u2066", "\u2067", "\u2068", "\u2069", "\ufeff", "\u00ad"}  # fmt: skip


@cache
def register() -> None:
    """Make the fonts known to reportlab; again is harmless."""
    pdfmetrics.registerFont(TTFont(REGULAR, str(_FOLDER / "Vera.ttf")))
    pdfmetrics.registerFont(TTFont(BOLD, str(_FOLDER / "VeraBd.ttf")))
    addMapping(REGULAR, 0, 0, REGULAR)
    addMapping(REGULAR, 0, 1, REGULAR)
    addMapping(REGULAR, 1, 0, BOLD)
    addMapping(REGULAR, 1, 1, BOLD)
    for name in sorted({font for _, font in _EAST_ASIAN}):
        pdfmetrics.registerFont(UnicodeCIDFont(name))
    for path in _SYSTEM_FONTS:
        if path.exists():
            pdfmetrics.registerFont(TTFont(_WIDE, str(path)))
            return


def markup(text: str) -> str:
    """Return text as reportlab's paragraphs read it: escaped, each sign in a font that has it.

    Signs that turn the direction of what follows are taken out: they can make a quote read as
    something that nobody said.
    """
    register()
    signs = [sign for sign in text if sign not in _INVISIBLE]
    runs = []
    for font, run in groupby(signs, key=_font_of):
        words = "".join(run)
        if font == REGULAR:
            runs.append(html.escape(words, quote=False))
        elif font is None:
            runs.append(_stand_in() * len(words))
        else:
            runs.append(f'<font name="{font}">{html.escape(words, quote=False)}</font>')
    return "".join(runs).replace("\n", "<br/>")


def drawable(text: str) -> str:
    """Return text for a drawing, which has one font: other signs are shown as question marks."""
    register()
    return "".join(sign if _font_of(sign) == REGULAR else _MISSING_PLAIN for sign in text)


def _stand_in() -> str:
    font = _font_of(_MISSING)
    return _MISSING_PLAIN if font is None else f'<font name="{font}">{_MISSING}</font>'


@cache
def _font_of(sign: str) -> str | None:
    if sign in "\n\t " or _has(REGULAR, sign):
        return REGULAR
    if _has(_WIDE, sign):
        return _WIDE
    code = ord(sign)
    return next((font for (low, high), font in _EAST_ASIAN if low <= code <= high), None)


def _has(font: str, sign: str) -> bool:
    if font not in pdfmetrics.getRegisteredFontNames():
        return False
    known: Any = pdfmetrics.getFont(font)
    return ord(sign) in known.face.charToGlyph
