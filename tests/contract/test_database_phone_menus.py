"""The ways through phone menus: one a number, replaced, forgotten, never too many."""

import pytest

from opendeep.database.repositories import PhoneMenus, phone_menus

NUMBER = "+12015550142"


async def test_a_way_is_replaced_and_forgotten(database, seeds):
    """A number has one way; the last one counts, until it is forgotten."""
    user = await seeds.user("ada")
    async with database.transaction() as tx:
        menus = PhoneMenus(tx, user)
        assert await menus.find(NUMBER) is None
        await menus.put(NUMBER, {"keys": "1"})
        assert (await menus.put(NUMBER, {"keys": "2"})).route == {"keys": "2"}
    async with database.transaction() as tx:
        menus = PhoneMenus(tx, user)
        found = await menus.find(NUMBER)
        assert found is not None
        assert found.route == {"keys": "2"}
        await menus.remove(NUMBER)
        await menus.remove(NUMBER)
        assert await menus.find(NUMBER) is None


async def test_not_too_many_are_kept(database, seeds, monkeypatch: pytest.MonkeyPatch):
    """Of a user's ways the newest are kept; another user's stay."""
    monkeypatch.setattr(phone_menus, "MOST", 2)
    ada, eve = await seeds.user("ada"), await seeds.user("eve")
    numbers = [f"+1201555014{digit}" for digit in range(4)]
    for number in numbers:
        async with database.transaction() as tx:
            await PhoneMenus(tx, eve if number == numbers[0] else ada).put(number, {})
    async with database.transaction() as tx:
        kept = [await PhoneMenus(tx, ada).find(number) for number in numbers]
        assert [menu is not None for menu in kept] == [False, False, True, True]
        assert await PhoneMenus(tx, eve).find(numbers[0]) is not None
