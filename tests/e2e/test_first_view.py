"""What the first visitor of a fresh server sees, and in which order."""

from __future__ import annotations

import pytest

from tests.e2e.first_view import FirstView

pytestmark = pytest.mark.e2e


def test_the_page_is_painted_before_the_network_is_read(first_view: FirstView) -> None:
    seen = first_view.seen
    assert set(seen) == {"title", "tile", "loading", "answer"}
    assert max(seen["title"], seen["tile"], seen["loading"]) < seen["answer"]


def test_an_example_is_called_with_its_probability(first_view: FirstView) -> None:
    called, _, probability = first_view.call.rpartition(", ")
    assert called in ("Non-Tumor", "Non-Viable-Tumor", "Viable")
    assert 100 / 3 <= float(probability.rstrip("%")) <= 100
