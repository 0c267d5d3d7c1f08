"""The words by which callees ask not to be called again, in eight languages."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opendeep.common import opt_out_words
from opendeep.common.opt_out_phrases import EXCUSES, MORE_PHRASES
from opendeep.common.opt_out_words import PHRASES, asks_to_stop
from tests.unit.common.opt_out_wordings import GO_ON, STOP, lines_of


@pytest.mark.parametrize("language", STOP)
def test_every_wording_is_understood(language: str) -> None:
    """Each of these wordings is a wish not to be called again, also in capitals."""
    missed = [line for line in lines_of(STOP[language]) if not asks_to_stop(line)]
    assert missed == []
    assert all(asks_to_stop(line.upper()) for line in lines_of(STOP[language]) if "ß" not in line)


def test_there_are_enough_wordings() -> None:
    """At least 150 wordings in eight languages are tried."""
    assert sum(len(lines_of(text)) for text in STOP.values()) >= 150
    assert len(STOP) == 8


def test_other_words_are_no_opt_out() -> None:
    """Each of these lets us call again."""
    assert [line for line in lines_of(GO_ON) if asks_to_stop(line)] == []


@given(st.text(max_size=60), st.sampled_from(lines_of(STOP["en"])[:12]), st.text(max_size=60))
def test_it_is_heard_between_other_words(before: str, wish: str, after: str) -> None:
    """Whatever is said around it, a wish is heard, if it is a sentence of its own."""
    assert asks_to_stop(f"{before} never call me again. {after}")
    assert asks_to_stop(wish)


ONE_BY_ONE = [
    *(re.compile(rf"(?:^|\b)(?:{phrase})(?:\b|$)") for phrase in PHRASES),
    *(re.compile(rf"(?<!\w)(?:{phrase})(?!\w)") for phrase in MORE_PHRASES),
]
EXCUSES_ONE_BY_ONE = [re.compile(rf"\b(?:{phrase})\b") for phrase in EXCUSES]
WORDINGS = [line for text in (*STOP.values(), GO_ON) for line in lines_of(text)]


def one_by_one(plain: str) -> bool:
    """Say what each phrase, looked for by itself, has to say."""
    asks = any(phrase.search(plain) for phrase in ONE_BY_ONE)
    return asks and not any(excuse.search(plain) for excuse in EXCUSES_ONE_BY_ONE)


def test_one_search_finds_what_many_would() -> None:
    """Of each wording the one search says what its phrases say one by one."""
    for line in WORDINGS:
        plain = opt_out_words._plain(line)
        assert opt_out_words._asks(line) is one_by_one(plain), line


@given(
    st.lists(
        st.sampled_from(sorted({word for line in WORDINGS for word in line.split()})), max_size=9
    )
)
def test_one_search_finds_what_many_would_in_any_words(words: list[str]) -> None:
    """Of any of these words in any order the one search says what its phrases say one by one."""
    text = " ".join(words)
    assert opt_out_words._asks(text) is one_by_one(opt_out_words._plain(text))


def test_long_speech_costs_little() -> None:
    """A monologue of an hour is looked through in a moment."""
    began = time.perf_counter()
    asks_to_stop("please do not want to be on the list of my calls and never " * 5000)
    assert time.perf_counter() - began < 0.5
