"""A slice of `make kills`: the command that needs no network, killed and with no room."""

import subprocess
import sys

import pytest

from tests.conftest import PROJECT


@pytest.mark.slow
def test_an_import_ends_in_the_same_bytes_however_it_is_disturbed():
    command = [sys.executable, "-m", "tests.kills", "--only", "import", "--kills", "8"]
    done = subprocess.run(
        [*command, "--fills", "6"], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 wrong, 0 kills between two renames" in done.stdout
