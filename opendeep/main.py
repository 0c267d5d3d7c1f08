"""The entry point: composes and runs every service of OpenDeep in one process."""

import sys

from opendeep import bootstrap
from opendeep.cli import main as command_line


async def main_services() -> None:
    """Run every service with the settings of the environment, until SIGINT or SIGTERM.

    Raises:
        SettingsError: something in the configuration cannot be used.
        UnavailableError: the database or a port.
    """
    await bootstrap.serve(bootstrap.read_config(strict=True), announce=print)


def main() -> None:
    """Run the command line; without arguments, ``serve``."""
    if len(sys.argv) == 1:
        sys.argv.append("serve")
    command_line()


if __name__ == "__main__":
    main()
