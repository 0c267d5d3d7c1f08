"""What one process does of the whole, and when several are refused."""

import pytest

from opendeep.bootstrap.far_ends import far_ends
from opendeep.bootstrap.process_part import ALL_ROLES, Role, part_of
from opendeep.bootstrap.workers import plan_workers
from opendeep.common.errors import SettingsError
from opendeep.config.app_config import AppConfig, load_config

POSTGRES = {"database_url": "postgresql://u@127.0.0.1/x"}
SHARED = {**POSTGRES, "redis_url": "redis://127.0.0.1:6379/0"}


def config(**settings: object) -> AppConfig:
    """Return settings as the environment would give them."""
    return load_config({}, env_file=None, overrides=settings)


@pytest.mark.parametrize("settings", [{}, POSTGRES])
def test_one_process_needs_nothing(settings):
    """Everything in one process runs on SQLite or on PostgreSQL alone."""
    part = part_of(config(**settings), ALL_ROLES, 1)
    assert (part.roles, part.is_one_of_many) == (ALL_ROLES, False)


@pytest.mark.parametrize(
    ("settings", "roles", "workers", "remedy"),
    [
        ({}, ALL_ROLES, 2, "DATABASE_URL"),
        ({"redis_url": SHARED["redis_url"]}, ALL_ROLES, 2, "DATABASE_URL"),
        (POSTGRES, ALL_ROLES, 2, "REDIS_URL"),
        (POSTGRES, frozenset({Role.WEB}), 1, "REDIS_URL"),
        (SHARED, frozenset({Role.WEB}), 2, "--role calls"),
    ],
)
def test_several_processes_need_postgresql_and_redis(settings, roles, workers, remedy):
    """What is missing is named with its remedy."""
    with pytest.raises(SettingsError, match=remedy):
        part_of(config(**settings), roles, workers)


def test_the_calls_of_several_workers_are_theirs():
    """The parent of workers holds no calls itself; with one worker it does."""
    many = part_of(config(**SHARED), ALL_ROLES, 4)
    assert many.roles == ALL_ROLES - {Role.CALLS}
    assert many.is_one_of_many
    assert part_of(config(**SHARED), frozenset({Role.CALLS}), 1).roles == {Role.CALLS}


async def test_each_worker_has_a_name_and_a_port_of_its_own():
    """Names differ and last, ports count up, and port 0 stays free to choose."""
    settings = config(
        **SHARED,
        opendeep_node="box",
        audiosocket_bind="[::1]:9092",
        audiosocket_advertise="media.test:0",
        opendeep_practice_ports="8091,5038",
    )
    async with far_ends(settings) as ends:
        plans = plan_workers(settings, ends, 2)
    assert [plan.node for plan in plans] == ["box-calls-1", "box-calls-2"]
    assert [plan.settings["audiosocket_bind"] for plan in plans] == ["[::1]:9092", "[::1]:9093"]
    assert {plan.settings["audiosocket_advertise"] for plan in plans} == {"media.test:0"}
    assert {plan.settings["opendeep_practice_ports"] for plan in plans} == {"8091,5038"}
