"""What holds for every test: loopback only, no task left behind, time-outs by kind."""

import asyncio
import inspect
from collections.abc import AsyncIterator

import pytest
from hypothesis import HealthCheck, settings

LOOPBACK = "127.0.0.0/8,::1"
SLOW_SECONDS = 180.0

# Examples are bounded by number, not by the clock: the machine may be busy.
settings.register_profile(
    "quick", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("long", settings.get_profile("quick"), max_examples=3000)
settings.load_profile("quick")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Let pytest-socket refuse every host but our own; must run before it reads its options."""
    config.option.allow_hosts = config.option.allow_hosts or LOOPBACK
    config.option.allow_unix_socket = True


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give tests with real servers, speech models or browsers the longer time-out."""
    for item in items:
        slow = item.get_closest_marker("integration") or item.get_closest_marker("live")
        if slow and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(SLOW_SECONDS))


@pytest.fixture(autouse=True)
def no_task_left_behind(request: pytest.FixtureRequest) -> None:
    """Fail an asynchronous test that ends while tasks that it started still run."""
    if inspect.iscoroutinefunction(getattr(request, "function", None)):
        request.getfixturevalue("_tasks_before_and_after")


@pytest.fixture
async def _tasks_before_and_after() -> AsyncIterator[None]:
    async for _ in watch_tasks():
        yield


async def watch_tasks() -> AsyncIterator[None]:
    """Fail, at the second step, if tasks run that did not run at the first."""
    before = asyncio.all_tasks()
    yield
    await asyncio.sleep(0)  # a task that was told to end at the test's last line may do so
    left = asyncio.all_tasks() - before - {asyncio.current_task()}
    if left:
        pytest.fail("Tasks left running: " + ", ".join(sorted(map(str, left))), pytrace=False)
