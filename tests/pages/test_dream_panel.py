"""The dream panel: cost told before, a run to its end, one cut short, one stopped, one kept."""

import numpy as np
import pytest
from streamlit.runtime.scriptrunner import StopException
from streamlit.testing.v1 import AppTest

from osteo_core.explain.dream_store import DreamStore
from osteo_core.explain.synthesis import DreamSettings, dream
from osteo_core.units import Unit
from osteo_ui import dream_panel
from tests.pages.looking import labels, press, said

UNIT = Unit("block1_conv2", 2)
SHORT = DreamSettings(steps=6)


def page():
    import streamlit as st

    from osteo_core.bundles import load_bundle
    from osteo_core.units import Unit
    from osteo_ui import dream_panel, services

    unit = Unit.parse(st.session_state.get("unit", "block1_conv2:2"))
    engine = services.engine(load_bundle("toy"))
    dream_panel.draw(engine, unit, st.session_state.get("strongest"))


@pytest.fixture
def store(toy, tmp_path, monkeypatch):
    monkeypatch.setenv("OSTEO_CACHE", str(tmp_path))
    monkeypatch.setattr(dream_panel, "DreamSettings", lambda: SHORT)
    return DreamStore()


@pytest.fixture
def cut_short(monkeypatch):
    """Make a run end after three steps, as a click does; returns what lets it go on."""
    taken, real = [], dream_panel.DreamJob.step

    def step(job):
        if len(taken) == 3:
            raise StopException
        taken.append(job)
        real(job)

    monkeypatch.setattr(dream_panel.DreamJob, "step", step)
    return lambda: monkeypatch.setattr(dream_panel.DreamJob, "step", real)


def opened(**state):
    at = AppTest.from_function(page, default_timeout=60)
    for key, value in state.items():
        at.session_state[key] = value
    at.run()
    assert not at.exception
    return at


def files(store):
    return list(store.folder.iterdir()) if store.folder.exists() else []


def test_a_run_is_kept_and_comes_back_at_once(store, toy, monkeypatch):
    at = opened(strongest=0.25)
    assert labels(at) == ["Make the picture"]
    assert "This takes a few seconds on this computer and is kept for next time." in said(at)
    assert not at.get("image")
    press(at, "Make the picture")
    kept = store.load(toy.digest, UNIT, SHORT)
    assert kept.activation > kept.on_grey
    assert "the strongest real tile to 0.25" in said(at)
    monkeypatch.setattr(dream_panel, "DreamJob", None)  # nothing is made a second time
    again = opened()
    for shown in (at, again):
        assert len(shown.get("image")) == 1
        assert "Made from noise in 6 steps" in said(shown)
        assert "No tile looks like this" in said(shown)
        assert [button.label for button in shown.get("download_button")] == ["PNG"]


def test_a_run_goes_on_after_a_click(store, toy, cut_short):
    at = press(opened(), "Make the picture")
    assert "Stop" in labels(at)
    assert not files(store)
    cut_short()
    at.run()
    assert np.array_equal(
        at.session_state["osteo.dream"].dream.picture, store.load(toy.digest, UNIT, SHORT).picture
    )


def test_a_stopped_run_leaves_nothing(store, cut_short):
    at = press(opened(), "Make the picture")
    cut_short()
    press(at, "Stop")
    assert not files(store)
    assert labels(at) == ["Make the picture"]
    assert "osteo.dream" not in at.session_state


def test_a_run_waits_while_another_unit_is_looked_at(store, toy, cut_short):
    at = press(opened(), "Make the picture")
    cut_short()
    at.session_state["unit"] = "block1_conv2:3"
    at.run()
    assert "The picture of block1_conv2:2 waits at step 3 of 6" in said(at)
    at.session_state["unit"] = str(UNIT)
    at.run()
    assert store.load(toy.digest, UNIT, SHORT) is not None


def test_a_damaged_picture_is_said_to_be_and_made_anew(store, toy):
    *_, end = dream(toy, UNIT, SHORT)
    store.save(end.dream).write_bytes(b"no picture")
    at = opened()
    assert "Make it anew to repair it." in said(at)
    press(at, "Make the picture")
    assert store.load(toy.digest, UNIT, SHORT) is not None


def test_a_unit_that_nothing_moves(store):
    at = press(opened(unit="logits:0"), "Make the picture")  # its weights are 0
    assert "no change of a grey canvas moves" in said(at)
    assert not files(store)
