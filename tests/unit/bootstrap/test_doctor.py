"""What ``opendeep doctor`` tells of a place that cannot be used."""

import pytest

from opendeep.bootstrap import doctor
from opendeep.bootstrap.doctor import examine
from opendeep.common.errors import UnavailableError
from opendeep.config.app_config import load_config


async def test_an_unusable_data_directory_is_two_failed_checks(tmp_path, monkeypatch, capsys):
    """Database and disk are told with their remedies, and nothing is written beside the checks."""

    def far_ends(_config):
        raise UnavailableError("no practice network in this test")

    monkeypatch.setattr(doctor, "far_ends", far_ends)
    (tmp_path / "file").touch()
    config = load_config(
        {"OPENDEEP_DATA_DIR": str(tmp_path / "file" / "data")}, env_file=None, strict=True
    )

    checks = {check.name: check for check in await examine(config)}

    assert [checks[name].ok for name in ("database", "disk")] == [False, False]
    assert "OPENDEEP_DATA_DIR" in checks["disk"].message
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(("enough_bytes", "ok"), [(0, True), (10**18, False)])
async def test_the_disks_room_is_checked(tmp_path, monkeypatch, enough_bytes, ok):
    """Too little room for recordings is a failed check that says how much there is."""

    def far_ends(_config):
        raise UnavailableError("no practice network in this test")

    monkeypatch.setattr(doctor, "far_ends", far_ends)
    monkeypatch.setattr(doctor, "_ENOUGH_DISK_BYTES", enough_bytes)
    config = load_config({"OPENDEEP_DATA_DIR": str(tmp_path)}, env_file=None, strict=True)

    checks = {check.name: check for check in await examine(config)}

    assert checks["disk"].ok is ok
    assert "MB free" in checks["disk"].message
