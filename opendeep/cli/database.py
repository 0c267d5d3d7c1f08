"""``opendeep db upgrade|check|schema``."""

import sys

import click

from opendeep import bootstrap


@click.group("db")
def database_commands() -> None:
    """Upgrade, check or print the database."""


@database_commands.command()
def upgrade() -> None:
    """Bring the database to this version."""
    click.echo(bootstrap.database_upgrade(bootstrap.read_config()))


@database_commands.command()
def check() -> None:
    """Tell whether the database is at this version."""
    fits, message = bootstrap.database_check(bootstrap.read_config())
    click.echo(message, err=not fits)
    if not fits:
        sys.exit(1)


@database_commands.command()
def schema() -> None:
    """Print the schema as SQL."""
    click.echo(bootstrap.database_schema(bootstrap.read_config()))
