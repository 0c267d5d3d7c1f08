"""Tokens to write Originate: never more in a window than the pace allows, whoever asks."""

import asyncio
from datetime import timedelta

from opendeep.call_processor_service.call_pace import CallPace
from opendeep.common.data_models import CallStatus
from opendeep.database.repositories import Calls

ANY = set(CallStatus)


async def take(database, clock, pace, call):
    """Take a token and store it with a call, as the owner of an attempt does."""
    async with database.transaction() as tx:
        token = await pace.take(tx, clock)
        if token is not None:
            await Calls(tx, call.user_id).change(call.id, expected=ANY, started_at=token.at)
    return token


async def test_a_window_holds_no_more_than_the_pace(database, seeds, clock):
    """The third within a window of two is too soon, until the first lies a window back."""
    user = await seeds.user()
    calls = [await seeds.call(user) for _ in range(3)]
    pace = CallPace(calls=2, window_seconds=60)
    tokens = [await take(database, clock, pace, call) for call in calls]
    assert tokens[0] is not None
    assert tokens[0].until == clock.precise() + pace.slack_seconds
    assert [token is None for token in tokens] == [False, False, True]
    async with database.transaction() as tx:
        back = tokens[0].at - timedelta(seconds=60 + 2 * pace.slack_seconds)
        await Calls(tx, user).change(calls[0].id, expected=ANY, started_at=back)
    assert await take(database, clock, pace, calls[2]) is not None
    assert await take(database, clock, pace, calls[0]) is None


async def test_racing_takers_share_the_window(database, seeds, clock):
    """Of eight who ask at once, as many as the pace allows get a token."""
    user = await seeds.user()
    calls = [await seeds.call(user) for _ in range(8)]
    pace = CallPace(calls=3, window_seconds=60)
    tokens = await asyncio.gather(*[take(database, clock, pace, call) for call in calls])
    assert sum(token is not None for token in tokens) == 3


async def test_without_a_pace_everybody_may(database, seeds, clock):
    """No limit gives a token at once, with the common clock's instant."""
    call = await seeds.call(await seeds.user())
    async with database.transaction() as tx:
        now = await tx.common_now()
    token = await take(database, clock, CallPace(), call)
    assert token is not None
    assert token.at >= now


def test_the_slack_follows_the_machine():
    """Who was late allows itself more time, up to a second; in time, slowly less again."""
    pace = CallPace(calls=1)
    least = pace.slack_seconds
    for _ in range(20):
        pace.was_late()
    assert pace.slack_seconds == 1
    for _ in range(1000):
        pace.was_in_time()
    assert pace.slack_seconds == least
