"""What the chaos is judged by, on our side: the rows."""

from dataclasses import dataclass, field

import psycopg

from opendeep.common.data_models import CallStatus, TaskStatus

_USERS = 10
_FINAL = [status.value for status in TaskStatus if status.is_final]
_LIVE = [status.value for status in CallStatus if status.is_live]
# Refused in each way that there is, or answered and gone at once: whoever said a word would need a
# model's judgement. Seldom a network out of order, since five of those in a row rest the trunk.
_NOBODYS = {555, 900, 976}  # no area codes, or premium-rate ones, which no policy lets through
_ENDINGS = ("01", "11", "12", "20", "21", "22", "23", "35", "24", "25", "28", "29", "34")


def numbers(count: int) -> list[str]:
    """Return numbers of the range for fiction, each as far from its like as can be.

    Raises:
        ValueError: there are not so many; nobody may be dialled twice here.
    """
    areas = [area for area in range(201, 990) if area % 100 != 11 and area not in _NOBODYS]
    if count > len(areas) * len(_ENDINGS):
        message = f"at most {len(areas) * len(_ENDINGS)} attempts, since each has its own number"
        raise ValueError(message)
    return [
        f"+1{areas[place % len(areas)]}55501"
        f"{_ENDINGS[(place % len(areas) + place // len(areas)) % len(_ENDINGS)]}"
        for place in range(count)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """The rows at one moment."""

    tasks: dict[str, int] = field(default_factory=dict)
    calls: dict[str, int] = field(default_factory=dict)
    live: int = 0

    @property
    def unfinished(self) -> int:
        """Tasks that are in no final state."""
        return sum(count for status, count in self.tasks.items() if status not in _FINAL)

    @property
    def undialled(self) -> int:
        """Tasks whose attempt did not begin."""
        waiting = {"pending", "queued_for_call", "retry_scheduled", "on_hold"}
        return sum(count for status, count in self.tasks.items() if status in waiting)


def add_tasks(url: str, count: int) -> None:
    """Add due tasks of several users, one attempt each."""
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        for user in range(_USERS):
            cursor.execute("INSERT INTO users (username) VALUES (%s)", [f"user{user}"])
        cursor.execute("SELECT id FROM users ORDER BY id")
        users = [row[0] for row in cursor.fetchall()]
        with cursor.copy(
            "COPY tasks (user_id, title, phone_number, goal, max_attempts) FROM STDIN"
        ) as copy:
            for place, number in enumerate(numbers(count)):
                copy.write_row((users[place % _USERS], "Call", number, "ask for the time", 1))


def tally(url: str) -> Tally:
    """Count tasks and calls by status."""
    with psycopg.connect(url, connect_timeout=2) as connection:
        found = connection.execute("SELECT status, count(*) FROM tasks GROUP BY 1").fetchall()
        calls = connection.execute("SELECT status, count(*) FROM calls GROUP BY 1").fetchall()
    counted = dict(calls)
    return Tally(
        tasks=dict(found), calls=counted, live=sum(counted.get(status, 0) for status in _LIVE)
    )


@dataclass(frozen=True, slots=True)
class NodeRow:
    """The life of a process that holds calls, as its row tells it."""

    incarnation: int
    ready: bool


def nodes(url: str) -> dict[str, NodeRow]:
    """Return each node's life, by its name."""
    with psycopg.connect(url, connect_timeout=2) as connection:
        found = connection.execute("SELECT name, incarnation, ready FROM nodes").fetchall()
    return {name: NodeRow(incarnation, bool(ready)) for name, incarnation, ready in found}


def nodes_that_dialled(url: str) -> set[str]:
    """Return the names of those that have sent an attempt."""
    with psycopg.connect(url, connect_timeout=2) as connection:
        found = connection.execute(
            "SELECT DISTINCT node FROM calls WHERE asterisk_unique_id IS NOT NULL"
        ).fetchall()
    return {row[0] for row in found}


def sent_channels(url: str) -> list[str]:
    """Return the channel id of each attempt that was committed as sent."""
    with psycopg.connect(url) as connection:
        found = connection.execute(
            "SELECT asterisk_unique_id FROM calls WHERE asterisk_unique_id IS NOT NULL"
        )
        return [row[0] for row in found.fetchall()]


def sent_numbers(url: str) -> list[str]:
    """Return the number of each attempt that was committed as sent; no two have the same."""
    with psycopg.connect(url) as connection:
        found = connection.execute(
            "SELECT dialled_number FROM calls WHERE asterisk_unique_id IS NOT NULL"
        )
        return [row[0].removeprefix("+") for row in found.fetchall()]


def most_sent_in_a_second(url: str) -> int:
    """Return the most attempts whose token lies within any sliding second."""
    with psycopg.connect(url) as connection:
        found = connection.execute(
            "SELECT max(n) FROM (SELECT count(*) OVER (ORDER BY started_at RANGE BETWEEN"
            " '999 milliseconds' PRECEDING AND CURRENT ROW) n FROM calls"
            " WHERE started_at IS NOT NULL) t"
        ).fetchone()
    return int(found[0] or 0) if found else 0
