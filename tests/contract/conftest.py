"""The three databases behind one fixture, a PostgreSQL to throw away, and rows to begin with."""

import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from opendeep.common.clock import Clock
from opendeep.common.data_models import CallStatus, CampaignPlan, PlanTask, TaskStatus
from opendeep.common.event_bus import InProcessEventBus
from opendeep.common.ids import UserId
from opendeep.database import migrate
from opendeep.database.engine import Database, MemoryDatabase, SqlDatabase
from opendeep.database.models import Call, Campaign, Task
from opendeep.database.repositories import Calls, Campaigns, SystemUsers, Tasks
from tests.postgres import NoPostgresError, new_postgres_database, running_postgres

START = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)
NUMBER = "+12015550100"

MakeDatabase = Callable[[], AbstractAsyncContextManager[Database]]


class ManualClock:
    """A clock that only the test moves."""

    def __init__(self) -> None:
        self.instant = START

    def now(self) -> datetime:
        """Return the instant that the test chose."""
        return self.instant

    def monotonic(self) -> float:
        """Return the seconds since the start."""
        return (self.instant - START).total_seconds()

    def precise(self) -> float:
        """Return the same."""
        return self.monotonic()

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.instant += timedelta(seconds=seconds)


class Seeds:
    """Makes rows in the state that a test begins with, through the repositories alone."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def user(self, name: str = "ada") -> UserId:
        """Make an account."""
        async with self._database.transaction() as tx:
            return (await SystemUsers(tx).ensure(name)).id

    async def campaign(self, user_id: UserId, *plans: PlanTask) -> Campaign:
        """Make a campaign without tasks."""
        plan = CampaignPlan(title="Dentist", goal="A cleaning", tasks=list(plans))
        async with self._database.transaction() as tx:
            return await Campaigns(tx, user_id).create(plan)

    async def task(
        self, user_id: UserId, campaign: Campaign | None = None, **fields: object
    ) -> Task:
        """Make a pending task, due now."""
        plan = plan_task(**fields)
        async with self._database.transaction() as tx:
            return await Tasks(tx, user_id).create(campaign.id if campaign else None, plan)

    async def queued(self, user_id: UserId, **fields: object) -> Task:
        """Make a task that is queued for a call."""
        task = await self.task(user_id, **fields)
        async with self._database.transaction() as tx:
            return await Tasks(tx, user_id).change(
                task.id,
                expected={TaskStatus.PENDING},
                status=TaskStatus.QUEUED_FOR_CALL,
                status_before_claim=TaskStatus.PENDING,
                claimed_by="scheduler",
                claim_expires_at=self._clock.now() + timedelta(seconds=30),
            )

    async def call(self, user_id: UserId, status: CallStatus = CallStatus.INITIATING) -> Call:
        """Make a call in the given status, of a task of its own."""
        task = await self.queued(user_id)
        async with self._database.transaction() as tx:
            calls = Calls(tx, user_id)
            call = await calls.create_attempt(task)
            if status is CallStatus.INITIATING:
                return call
            ended_at = None if status.is_live else self._clock.now()
            return await calls.change(
                call.id, expected={CallStatus.INITIATING}, status=status, ended_at=ended_at
            )


def plan_task(**fields: object) -> PlanTask:
    """Make a plan's task; the fields that the test does not care about are filled in."""
    plain = {"title": "Book", "phone_number": NUMBER, "goal": "Book", "success_criteria": "Date"}
    return PlanTask.model_validate({**plain, **fields})


@pytest.fixture
def clock() -> ManualClock:
    """Offer a clock that stands at the start."""
    return ManualClock()


@pytest.fixture
def bus() -> InProcessEventBus:
    """Offer an empty bus."""
    return InProcessEventBus()


@pytest.fixture(
    params=["memory", "sqlite", pytest.param("postgresql", marks=pytest.mark.integration)]
)
def make_database(
    request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock, bus: InProcessEventBus
) -> MakeDatabase:
    """Offer a maker of connections to one empty database; in memory each is a database."""
    if request.param == "memory":
        return lambda: MemoryDatabase(bus, clock=clock)
    url = f"sqlite:///{tmp_path}/opendeep.db"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_url")
        request.getfixturevalue("empty_postgres")
    migrate.upgrade(url)
    return lambda: SqlDatabase(url, bus, clock=clock)


@pytest.fixture
async def database(make_database: MakeDatabase) -> AsyncIterator[Database]:
    """Offer an open database without rows."""
    async with make_database() as opened:
        yield opened


@pytest.fixture
def seeds(database: Database, clock: ManualClock) -> Seeds:
    """Offer rows to begin with."""
    return Seeds(database, clock)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """Run a PostgreSQL of our own; the address has no database name yet."""
    with ExitStack() as stack:
        try:
            address = stack.enter_context(running_postgres("fsync=off"))
        except NoPostgresError as error:
            if os.environ.get("CI") == "true":  # noqa: TID251 - a test may ask who runs it
                pytest.fail(str(error), pytrace=False)
            pytest.skip(str(error))
        yield address


@pytest.fixture(scope="session")
def postgres_url(postgres_server: str) -> str:
    """Offer a database on the throw-away server for all tests in turn."""
    return new_postgres_database(postgres_server, "contract")


@pytest.fixture
def empty_postgres(postgres_url: str) -> None:
    """Take every table away that an earlier test left."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
