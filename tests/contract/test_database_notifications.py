"""Claiming messages to targets: the same on every database."""

from datetime import timedelta

from opendeep.database.repositories import Deliveries, NotificationTargets, SystemNotifications


async def test_each_target_has_its_share(database, seeds):
    """No target gets more than its share of a claim, and one that is busy gets nothing."""
    ada = await seeds.user("ada")
    campaign = [await seeds.queued(ada) for _ in range(4)]
    async with database.transaction() as tx:
        targets = NotificationTargets(tx, ada)
        made = [
            await targets.add("webhook", f"https://{name}.example.com", secret="x", last_event_id=0)  # noqa: S106
            for name in ("quick", "slow")
        ]
        for target in made:
            for task in campaign:
                await Deliveries(tx, ada).add(
                    target,
                    task.id,
                    task_version=1,
                    message_id=f"{target.id}-{task.id}",
                    event="task.completed",
                    payload={},
                    expires_at=tx.now() + timedelta(days=1),
                )
    quick, slow = (target.id for target in made)
    claim = {"limit": 9, "lease_seconds": 60, "each": 2}
    async with database.transaction() as tx:
        first = await SystemNotifications(tx).claim_due(now=tx.now(), **claim)
    async with database.transaction() as tx:
        again = await SystemNotifications(tx).claim_due(now=tx.now(), **claim, but=[slow])
    assert sorted(one.target_id for one in first) == [quick] * 2 + [slow] * 2
    assert [one.target_id for one in again] == [quick] * 2
    assert not {one.id for one in first} & {one.id for one in again}
