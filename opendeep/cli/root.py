"""The root of the command line: errors as one line with the remedy, exit codes as documented.

Exit codes: 0 done, 1 failed, 2 wrong usage.
"""

import sys

import click

from opendeep import __version__
from opendeep.cli.database import database_commands
from opendeep.cli.practice import practice, practice_network
from opendeep.cli.running import doctor, serve
from opendeep.common.errors import OpenDeepError

_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@click.group(context_settings=_CONTEXT)
@click.version_option(__version__, prog_name="opendeep")
def cli() -> None:
    """OpenDeep places phone calls for people: chat, plan, confirm, dial, talk, report."""


cli.add_command(serve)
cli.add_command(doctor)
cli.add_command(practice)
cli.add_command(practice_network)
cli.add_command(database_commands)


def main() -> None:
    """Run the command line; errors that OpenDeep raises on purpose become one line."""
    try:
        cli()
    except OpenDeepError as error:
        click.echo(f"opendeep: {error.message}", err=True)
        sys.exit(1)
