"""The Cohort folder box: whatever is named is a sentence at once, and only what may be is read."""

import os
import time

import pytest

from osteo_ui import services, sources
from tests import dashboard
from tests.core.audit_cohorts import leaky_cohort
from tests.dashboard import no_engine
from tests.fake_bundles import write_fake


@pytest.fixture
def page(tmp_path, monkeypatch):
    """Open the page Cohort with a text in the box."""
    (tmp_path / "models").mkdir()
    monkeypatch.setenv("OSTEO_MODELS", str(tmp_path / "models"))
    monkeypatch.delenv("OSTEO_ROOTS", raising=False)
    monkeypatch.setattr(services, "engine", no_engine)
    write_fake(tmp_path / "models", "net")

    def run(text):
        at = dashboard.open_page("cohort", {"model": "net", "source": "cohort", "cohort": text})
        start = time.process_time()
        at.run()
        assert time.process_time() - start < 5
        assert not at.exception
        return at, " ".join(error.value for error in at.error)

    return run


def test_odd_names_and_files_are_a_sentence_at_once(page, tmp_path):
    pipe = tmp_path / "pipe"
    pipe.mkdir()
    os.mkfifo(pipe / "cohort.csv")
    os.mkfifo(pipe / "cohort.json")
    deep = tmp_path / "deep"
    deep.mkdir()
    (deep / "cohort.json").write_text("[" * 200_000)
    (deep / "cohort.csv").write_text("")
    for text, said in {
        "~nosuchuser": "the name of a folder",
        "a" * 300: "A cohort folder holds",
        "/a" * 400: "A cohort folder holds",
        "/etc/passwd": "A cohort folder holds",
        "/dev/zero": "A cohort folder holds",
        str(pipe): "a pipe",
        str(deep): "200,000 deep",
    }.items():
        assert said in page(text)[1], text


def test_only_what_may_be_named_is_looked_at(page, tmp_path, monkeypatch):
    (tmp_path / "roots" / "mine").mkdir(parents=True)
    inside = leaky_cohort(tmp_path / "roots" / "mine", 8).folder
    assert page(str(inside))[1] == ""
    monkeypatch.setattr(sources, "_local", lambda: False)
    there, gone = page(str(inside))[1], page("/nowhere")[1]
    assert "OSTEO_ROOTS, which is not set" in there
    assert there == gone
    monkeypatch.setenv("OSTEO_ROOTS", str(tmp_path / "roots"))
    assert page(str(inside))[1] == ""
    assert "Received: one outside." in page(str(tmp_path))[1]
    card = inside / "cohort.json"
    card.write_text(card.read_text().replace('"root": "."', '"root": "../.."'))
    assert "whose pictures lie outside" in page(str(inside))[1]


@pytest.mark.parametrize(
    ("headers", "local"),
    [
        ({}, True),
        ({"Host": "localhost:8501"}, True),
        ({"Host": "[::1]:8501"}, True),
        ({"Host": "[::1"}, False),
        ({"Host": "lab.example.org"}, False),
        ({"Host": "localhost:8501", "X-Forwarded-For": "192.0.2.7"}, False),
    ],
)
def test_a_visitor_from_elsewhere_is_known(monkeypatch, headers, local):
    monkeypatch.setattr(sources, "_headers", lambda: headers)
    assert sources._local() is local
