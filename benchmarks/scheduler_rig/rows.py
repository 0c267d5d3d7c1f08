# ruff: noqa: S608 - statements of our own, with our own numbers in them
"""Task rows by the hundred thousand, written by the databases themselves."""

import asyncio
import sqlite3
from pathlib import Path

import psycopg

from opendeep.database import migrate

_TASK = (
    "INSERT INTO tasks (user_id, campaign_id, title, phone_number, goal, success_criteria, "
    "next_action_time) SELECT {user}, {campaign}, 'Book', '+12015550100', 'Book a cleaning', "
    "'A date', {due} FROM {series}"
)


class Rows:
    """The rows of one database.

    Args:
        url: where; made and brought up to date by :meth:`make`.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.is_postgres = url.startswith("postgres")
        self.dialect = "postgresql" if self.is_postgres else "sqlite"

    def make(self, tasks: int, *, users: int = 1) -> None:
        """Make ``tasks`` due rows, dealt out to users with one campaign each."""
        migrate.upgrade(self.url)
        for user in range(1, users + 1):
            self.run(
                f"INSERT INTO users (id, username) VALUES ({user}, 'user{user}')",
                "INSERT INTO campaigns (id, user_id, title) "
                f"VALUES ({user}, {user}, 'Campaign {user}')",
                self.tasks(user, tasks // users),
            )
        self.run("ANALYZE")

    def tasks(self, user: int, count: int) -> str:
        """Return the statement that adds due tasks to the user's campaign."""
        if self.is_postgres:
            series = f"generate_series(1, {count}) AS n"
            due = "now() - interval '1 day' + n * interval '1 millisecond'"
        else:
            series = (
                "(WITH RECURSIVE c(n) AS "
                f"(SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {count}) SELECT n FROM c)"
            )
            due = "strftime('%Y-%m-%d %H:%M:%f000', 'now', '-1 day', (n / 1000.0) || ' seconds')"
        return _TASK.format(user=user, campaign=user, due=due, series=series)

    def run(self, *statements: str) -> None:
        """Run statements, each committed."""
        if self.is_postgres:
            with psycopg.connect(self.url, autocommit=True) as connection:
                for statement in statements:
                    connection.execute(statement.encode())
            return
        file = sqlite3.connect(self.url.removeprefix("sqlite:///"), timeout=30)
        with file:
            for statement in statements:
                file.execute(statement)
        file.close()

    def value(self, question: str) -> int:
        """Ask for one number."""
        if self.is_postgres:
            with psycopg.connect(self.url) as connection:
                row = connection.execute(question.encode()).fetchone()
        else:
            file = sqlite3.connect(self.url.removeprefix("sqlite:///"), timeout=30)
            row = file.execute(question).fetchone()
            file.close()
        return int(row[0]) if row else 0


def sqlite_url(folder: Path, name: str) -> str:
    """Return the address of a SQLite file."""
    return f"sqlite:///{folder / name}.db"


def run_async(work: object) -> object:
    """Run a coroutine on a loop of its own."""
    return asyncio.run(work)  # type: ignore[arg-type]
