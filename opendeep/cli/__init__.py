"""The command line: ``opendeep …``."""

from opendeep.cli.root import main

__all__ = ["main"]
