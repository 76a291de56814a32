"""What many tests share; nothing heavy is imported here."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder of real tiles and starting weights beside the project, or OSTEO_SHARED."""
    folder = Path(os.environ.get("OSTEO_SHARED", PROJECT.parent / "shared"))
    if not folder.is_dir():
        pytest.skip("no shared folder beside the project; OSTEO_SHARED can name another")
    return folder
