"""The policy for numbers that a callee is handed over to."""

import pytest

from opendeep.database.repositories import DndList
from opendeep.task_manager.dial_gate import DialRules, PolicyDialGate
from tests.unit.task_manager.conftest import NUMBER, World


async def judge(world: World, number: str, **rules: int) -> str | None:
    """Ask whether a callee may be handed over to a number."""
    gate = PolicyDialGate(DialRules(**rules))  # type: ignore[arg-type]
    async with world.database.transaction() as tx:
        return await gate.check_number(tx, world.user_id, number)


@pytest.mark.parametrize("number", ["911", "7000", "+19005550100", "+1212555010", "12125550100"])
async def test_numbers_that_are_never_dialled(world: World, number: str) -> None:
    """Emergency, premium and malformed numbers and bare extensions are refused, with a reason."""
    assert await judge(world, number)


async def test_a_listed_number_is_refused(world: World) -> None:
    """Whoever asked not to be called is not handed a callee either; the global list counts too."""
    assert await judge(world, NUMBER) is None
    assert await judge(world, NUMBER, global_dnd_threshold=1) is None
    bob = await world.user("bob")
    async with world.database.transaction() as tx:
        await DndList(tx, bob).add(NUMBER, "asked")
    assert await judge(world, NUMBER) is None
    assert await judge(world, NUMBER, global_dnd_threshold=1)
    async with world.database.transaction() as tx:
        await DndList(tx, world.user_id).add(NUMBER, "asked")
    assert await judge(world, NUMBER)
