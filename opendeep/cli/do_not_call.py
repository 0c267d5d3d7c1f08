"""``opendeep dnd add|remove|list|import|export`` and ``opendeep policy replay``."""

import asyncio
import sys
from pathlib import Path

import click

from opendeep import bootstrap
from opendeep.common.errors import InvalidInputError

_user = click.option("--user", default="default", show_default=True, help="Whose list.")


@click.group("dnd")
def dnd_commands() -> None:
    """Keep do-not-disturb lists: numbers that are never called for a user."""


@dnd_commands.command("add")
@click.argument("number")
@click.option("--reason", default="", help="Why; kept with the entry.")
@_user
def add_number(number: str, reason: str, user: str) -> None:
    """List NUMBER, as in +12025550100."""
    config = bootstrap.read_config()
    click.echo(asyncio.run(bootstrap.add_to_dnd(config, user, number, reason)))


@dnd_commands.command("remove")
@click.argument("number")
@click.option("--reason", required=True, help="Why; the audit log keeps it.")
@_user
def remove_number(number: str, reason: str, user: str) -> None:
    """Take NUMBER off the list."""
    config = bootstrap.read_config()
    click.echo(asyncio.run(bootstrap.remove_from_dnd(config, user, number, reason)))


@dnd_commands.command("list")
@_user
def list_numbers(user: str) -> None:
    """Print the list: number, reason, who listed it, in which call, when."""
    click.echo(asyncio.run(bootstrap.list_dnd(bootstrap.read_config(), user)))


@dnd_commands.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--reason", default="", help="For lines without a reason.")
@_user
def import_numbers(file: Path, reason: str, user: str) -> None:
    """List every number of a CSV FILE with a column phone_number (and reason)."""
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InvalidInputError(f"{file} is not UTF-8 text.") from error
    done = asyncio.run(bootstrap.import_dnd(bootstrap.read_config(), user, text, reason))
    click.echo(f"{done.added} listed, {done.known} were listed already.")
    for fault in done.faults:
        click.echo(f"opendeep: line {fault.line}: {fault.reason}", err=True)
    if done.faults:
        sys.exit(1)


@dnd_commands.command("export")
@_user
def export_numbers(user: str) -> None:
    """Print the list as CSV, for `opendeep dnd import`."""
    click.echo(asyncio.run(bootstrap.export_dnd(bootstrap.read_config(), user)), nl=False)


@click.group("policy")
def policy_commands() -> None:
    """Check what the dialling policy decided."""


@policy_commands.command("replay")
def replay() -> None:
    """Decide every stored decision again; exit 1 if one comes out differently."""
    done = asyncio.run(bootstrap.replay_policy(bootstrap.read_config()))
    for found in done.differences:
        rules = "" if found.same_version else " (decided by other rules)"
        click.echo(
            f"opendeep: decision {found.decision_id} was {found.stored}, is {found.now}{rules}",
            err=True,
        )
    same = done.decisions - len(done.differences)
    click.echo(f"{same} of {done.decisions} decisions come out the same.")
    if done.differences:
        sys.exit(1)
