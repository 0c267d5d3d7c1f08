"""`opendeep practice`: whole campaigns on the practice network, judged by the callees' records."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from opendeep.bootstrap.rehearsal_table import EXPECTED

pytestmark = [pytest.mark.integration, pytest.mark.timeout(400)]

IN_CI = ("00", "01", "04", "06", "12", "13")


def practise(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command in an empty directory."""
    return subprocess.run(
        [sys.executable, "-m", "opendeep", "practice", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=380,
        check=False,
    )


def test_six_callees_end_as_the_contract_says(tmp_path: Path) -> None:
    """Six callees side by side end as CONTRACT §5 says, by their own records, with exit 0."""
    chosen = [part for callee in IN_CI for part in ("--callee", callee)]
    done = practise(tmp_path, *chosen, "--answer", "Take it", "--json")

    results = {result["callee"]: result for result in json.loads(done.stdout)}
    assert {dd: result["faults"] for dd, result in results.items()} == {dd: [] for dd in IN_CI}
    assert {dd: results[dd]["task_status"] for dd in IN_CI} == {
        dd: EXPECTED[dd].value for dd in IN_CI
    }
    assert done.returncode == 0
    speakers = {line["speaker"] for line in results["00"]["transcript"]}
    assert {"ai", "callee"} <= speakers
