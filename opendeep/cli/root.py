"""The root of the command line: errors as one line with the remedy, exit codes as documented.

Exit codes: 0 done, 1 failed, 2 wrong usage. Commands are imported when they are used: the whole
product takes seconds to import, and ``--help`` should not.
"""

import gc
import importlib
import sys
from collections.abc import Mapping
from types import MappingProxyType, ModuleType

import click

from opendeep import __version__
from opendeep.common.errors import OpenDeepError

_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
_COMMANDS: Mapping[str, tuple[str, str, str]] = MappingProxyType(
    {
        "serve": ("running", "serve", "Run OpenDeep until Ctrl-C."),
        "practice": ("practice", "practice", "Run one whole campaign on the practice network."),
        "practice-network": ("practice", "practice_network", "Run the practice network alone."),
        "doctor": ("running", "doctor", "Check every outside system that is configured."),
        "campaign": ("campaigns", "campaign_commands", "Import, show, pause, cancel campaigns."),
        "stop": ("campaigns", "stop", "Dial nothing more and hang up every call."),
        "resume": ("campaigns", "resume", "Let dialling go on after a stop."),
        "dnd": ("do_not_call", "dnd_commands", "Keep do-not-disturb lists."),
        "policy": ("do_not_call", "policy_commands", "Check what the dialling policy decided."),
        "db": ("database", "database_commands", "Upgrade, check or print the database."),
    }
)


class _LazyGroup(click.Group):
    """Knows its commands by name, and imports one when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order of the help."""
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command; None for an unknown one."""
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        module, name, _ = _COMMANDS[cmd_name]
        command: click.Command = getattr(_import_quickly(f"opendeep.cli.{module}"), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, help_text) for name, (_, _, help_text) in _COMMANDS.items()])


def _import_quickly(module: str) -> ModuleType:
    """Import without collecting garbage meanwhile, which would take a fifth of the start.

    What is imported stays for good, so it is kept out of later collections too.
    """
    gc.disable()
    try:
        return importlib.import_module(module)
    finally:
        gc.freeze()
        gc.enable()


@click.group(cls=_LazyGroup, context_settings=_CONTEXT)
@click.version_option(__version__, prog_name="opendeep")
def cli() -> None:
    """OpenDeep places phone calls for people: chat, plan, confirm, dial, talk, report."""


def main() -> None:
    """Run the command line; errors that OpenDeep raises on purpose become one line."""
    try:
        cli()
    except OpenDeepError as error:
        click.echo(f"opendeep: {error.message}", err=True)
        sys.exit(1)
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        click.echo(f"opendeep: The system refuses: {error.strerror or error}{where}.", err=True)
        sys.exit(1)
