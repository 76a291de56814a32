"""The Report button in the sidebar: on every page, a job, then one file to download."""

import time

import pytest

from osteo_ui import jobs
from tests.pages.looking import labels, press

MAKE = "Make a report"


@pytest.fixture(autouse=True)
def forgotten(toy):
    """No report of another test is at hand."""
    jobs._jobs.clear()


def downloads(at):
    return [e.proto.label for e in at.get("download_button") if e.proto.label.startswith("Report")]


def finished(at, seconds=60):
    until = time.monotonic() + seconds
    while not downloads(at) and time.monotonic() < until:
        time.sleep(0.1)
        at.run()
    assert downloads(at)
    return at


@pytest.mark.parametrize("page", ["read_tile", "metrics", "lessons"])
def test_it_is_on_every_page(open_page, page):
    assert MAKE in labels(open_page(page))


def test_it_makes_a_file_of_what_is_on_view(open_page, monkeypatch):
    made = []
    from osteo_core import report

    real = report.report_steps

    def watched(request):
        done = yield from real(request)
        made.append((request, done))
        return done

    monkeypatch.setattr(report, "report_steps", watched)
    link = {"tile": ["example:Synthetic Viable 1"], "class": "Viable", "part": "validation"}
    at = finished(press(open_page("metrics", **link), MAKE))
    assert MAKE not in labels(at)
    request, done = made[0]
    assert [bundle.name for bundle in request.bundles] == ["toy"]
    assert request.part == "validation"
    assert done.n_pictures == 2  # the tile on view and its map
    assert "Synthetic Viable 1" in done.html
    assert "for the logit of Viable" in done.html
    at.segmented_control(key="widget.part").select("test").run()
    assert MAKE in labels(at)  # another view is another report
    at.segmented_control(key="widget.part").select("validation").run()
    assert downloads(at)
    assert len(made) == 1


def test_with_a_cohort_it_holds_the_audit_and_telling_tiles(open_page, toy_cohort, monkeypatch):
    at = open_page("metrics", cohort=str(toy_cohort), source="cohort", part="test")
    made = finished(press(at, MAKE))
    key = made.session_state["osteo.report.asked"]
    html = jobs._jobs()._kept[key].result.html
    assert "The audit" in html
    assert "9 tiles, split by" in html


def test_what_goes_wrong_is_a_sentence(open_page, toy_models, monkeypatch):
    from osteo_core import report
    from osteo_core.errors import BundleError

    def broken(request):
        yield 0.0
        raise BundleError("Expected predictions. Received: none.")

    monkeypatch.setattr(report, "report_steps", broken)
    at = press(open_page("metrics"), MAKE)
    until = time.monotonic() + 30
    while not any("Expected predictions" in e.value for e in at.error):
        assert time.monotonic() < until
        time.sleep(0.1)
        at.run()
    assert MAKE in labels(at)
