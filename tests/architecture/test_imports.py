"""The layers and doors that ``pyproject.toml`` declares are the ones that the code keeps."""

from importlinter import cli

from tests.architecture.measures import ROOT


def test_import_contracts() -> None:
    """import-linter finds every contract kept."""
    config = str(ROOT / "pyproject.toml")
    assert cli.lint_imports(config_filename=config, no_cache=True) == cli.EXIT_STATUS_SUCCESS
