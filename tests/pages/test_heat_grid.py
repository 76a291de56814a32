"""The grid of heat maps: its cells, what it costs, what it shows of grades, and its files."""

import csv
import io
import json
import time
import zipfile

import pytest
from PIL import Image

from osteo_core.explain import INPUT
from osteo_core.explain.again import read_saved
from osteo_core.grades import Grade, GradeSettings
from osteo_core.reading import Reading
from osteo_core.tiles import load_tile
from osteo_ui import (
    grid_cells,
    grid_controls,
    grid_files,
    grid_progress,
    grid_views,
    heat_services,
    jobs,
    services,
    sources,
)
from osteo_ui.grid_controls import FIRST, View
from tests.dashboard import url
from tests.pages.heat_pages import settled
from tests.pages.looking import chart, labels, press, said

VIABLE = {"tile": "example:Synthetic Viable 1"}
SETTINGS = GradeSettings()
held: list[str] = []


def graded(engine, tile, heat, settings, mask=None):
    """In place of the steps of a grade: layers and classes decide, and it can be held up."""
    yield 0.25
    while held:
        time.sleep(0.01)
        yield 0.5
    badge = {"Viable": "pass", "Non-Tumor": "fail"}.get(heat.target, "weak")
    return Grade(badge, (f"This is why: {badge}.",), {"faithfulness": 0.25}, settings, heat.meta())


@pytest.fixture(autouse=True)
def _apart(monkeypatch):
    """Nothing is kept from test to test, and grades are quick."""
    jobs._jobs.clear()
    held.clear()
    monkeypatch.setattr(heat_services, "grade_steps", graded)
    yield
    held.clear()


def pictures(at):
    """The texts of all pictures, for those who cannot see them."""
    return [image.alt for element in at.get("image") for image in element.proto.imgs]


def maps(at):
    return [alt for alt in pictures(at) if " over " in alt and " for " in alt]


def test_methods_and_classes_at_first(open_page):
    at = settled(open_page("heat_grid", **VIABLE))
    assert at.multiselect(key="widget.grid_methods").value == list(FIRST)
    assert len(maps(at)) == 15
    assert "Grad-CAM at block5_conv4 for Viable over Synthetic Viable 1" in maps(at)
    words = said(at)
    assert words.count(": Pass]") == 5
    assert words.count(": Weak]") == 5
    assert words.count(": Fail]") == 5
    assert sum(alt.endswith("drawn pale: it failed") for alt in maps(at)) == 5
    assert "A pale map has failed its grade." in words


def test_no_map_is_without_its_grade_or_a_place_for_it(open_page):
    held.append("on")
    at = open_page("heat_grid", **VIABLE)
    assert said(at).count(": Grading]") == len(maps(at)) == 15
    assert "15 cells to go" in at.get("progress")[0].proto.text
    held.clear()
    assert said(settled(at)).count(": Grading]") == 0


def test_what_takes_long_is_told_and_waits_for_a_click(open_page, monkeypatch):
    monkeypatch.setattr(grid_cells, "AUTO_S", 1e-9)
    at = open_page("heat_grid", row=["gradcam", "saliency"], **VIABLE)
    assert "3 maps and 6 grades to go: **about" in said(at)
    assert said(at).count(": Not graded]") == len(maps(at)) == 3
    assert said(at).count(": Not computed]") == 3
    settled(press(at, "Compute"))
    assert "Compute" not in labels(at)
    assert len(maps(at)) == 6


def test_it_can_be_stopped_and_goes_on(open_page):
    held.append("on")
    at = open_page("heat_grid", row=["gradcam"], **VIABLE)
    press(at, "Stop").run()
    assert "Stop" not in labels(at)
    assert said(at).count(": Not graded]") == 3
    held.clear()
    settled(press(at, "Compute"))
    assert said(at).count(": Not graded]") == 0


def test_layers_are_columns_and_cams_have_none_at_the_input(open_page):
    link = {"columns": "layers", "row": ["gradcam", "saliency"], "class": "Viable", **VIABLE}
    at = settled(open_page("heat_grid", column=[INPUT, "block1_conv2"], **link))
    assert maps(at) == [
        "Grad-CAM at block1_conv2 for Viable over Synthetic Viable 1",
        "Saliency at the input for Viable over Synthetic Viable 1",
        "Saliency at block1_conv2 for Viable over Synthetic Viable 1",
    ]
    why = "Grad-CAM needs a layer with maps; it cannot be asked about the input."
    assert why in said(at)
    at.multiselect(key="widget.grid_layers").set_value(["block5_conv4"]).run()
    assert url(settled(at))["column"] == ["block5_conv4"]
    assert len(maps(at)) == 2


def test_networks_are_columns(open_page):
    link = {"columns": "models", "row": "gradcam", "class": "Viable", **VIABLE}
    at = settled(open_page("heat_grid", model=["toy", "plain"], **link))
    layers = [alt.split(" for ")[0] for alt in maps(at)]
    assert layers == ["Grad-CAM at block5_conv4", "Grad-CAM at late"]


def test_a_class_held_against_another_has_no_column_of_that(open_page):
    at = settled(open_page("heat_grid", row="gradcam", versus="Non-Tumor", **VIABLE))
    assert [alt.split(" for ")[1].split(" over ")[0] for alt in maps(at)] == [
        "Non-Viable-Tumor rather than Non-Tumor",
        "Viable rather than Non-Tumor",
    ]


def test_what_the_methods_agree_on(open_page):
    at = settled(open_page("heat_grid", row=["gradcam", "hirescam", "eigencam"], **VIABLE))
    at.selectbox(key="grid.column.classes").select("Viable").run()
    assert "Mean pairwise rank correlation **" in said(at)
    assert "over 3 pairs of 3 maps" in said(at)
    assert "Consensus of 3 methods, Viable, over Synthetic Viable 1" in pictures(at)
    assert len(chart(at)["data"][0]["y"]) == 3
    at.selectbox(key="grid.column.classes").select("Non-Tumor").run()
    assert "Methods can agree on what is wrong" in said(at)
    at.toggle(key="grid.trusted").set_value(True).run()
    assert "Two maps at least are needed" in said(at)


def test_another_look_computes_nothing(open_page, monkeypatch):
    at = settled(open_page("heat_grid", row=["gradcam", "layercam"], **VIABLE))
    asked = []
    monkeypatch.setattr(Reading, "heatmap", lambda *a, **k: asked.append(a))
    monkeypatch.setattr(heat_services, "grade_steps", lambda *a: asked.append(a))
    at.segmented_control(key="widget.heat_scale").select("shared").run()
    at.selectbox(key="widget.heat_colours").select("magma").run()
    assert not at.exception
    assert asked == []
    assert "Maps of one unit share a scale" in said(at)


@pytest.fixture
def made(toy):
    """A view of two methods and classes on one tile, and its cells, graded."""
    from osteo_core.explain import find_method

    entry = sources.entries("example")[8]
    item = sources.Shown(entry, load_tile(sources.tile_path(entry.ref)))
    columns = [
        grid_cells.Column(name, toy, "", "block5_conv4", name, "") for name in toy.classes[1:]
    ]
    methods = find_method("gradcam"), find_method("hirescam")
    view = View("classes", methods, tuple(columns), "tile", "viridis", "blue-red", SETTINGS)
    grid = [
        [grid_cells.Found(cell, cell.key) for cell in row]
        for row in grid_cells.cells(methods, columns, item.tile)
    ]
    for one in (one for row in grid for one in row):
        q = one.cell.question
        one.heat = services.reading(toy, item.tile).heatmap(one.cell.method.name, q.layer, q.target)
        one.grade = Grade("weak", ("Why.",), {"insertion": 0.5}, SETTINGS, one.heat.meta())
    return view, grid, item


def test_the_files_hold_maps_numbers_and_how_they_were_made(made, tmp_path):
    view, grid, item = made
    packed = zipfile.ZipFile(io.BytesIO(grid_files.archive(view, grid, item)))
    assert len(packed.namelist()) == 5
    file = packed.extract("toy.gradcam.block5_conv4.Viable.npz", tmp_path)
    assert read_saved(file).digest == grid[0][1].heat.values_sha256
    rows = list(csv.DictReader(io.StringIO(grid_files.numbers(grid, item).decode())))
    assert [(row["method"], row["class"]) for row in rows] == [
        (method, name)
        for method in ("gradcam", "hirescam")
        for name in ("Non-Viable-Tumor", "Viable")
    ]
    assert rows[0]["insertion"] == "0.5"
    picture = Image.open(io.BytesIO(grid_files.picture(view, grid, item)))
    told = json.loads(picture.text["osteo"])
    assert [m["values_sha256"] for m in told["grid"]] == [row["values_sha256"] for row in rows]


def test_one_scale_serves_one_unit_of_one_layer(made):
    _, grid, _ = made
    heats = [one.heat for row in grid for one in row]
    shared = grid_views.ends([one for row in grid for one in row])
    assert len(shared) == 1  # Grad-CAM and HiResCAM share out the same logit
    highest = max(float(abs(heat.values).max()) for heat in heats)
    assert grid_views.high_of(heats[0], "shared", shared) == pytest.approx(highest)
    assert grid_views.high_of(heats[0], "tile", shared) == heats[0].values.max()


def test_first_layers_are_spread_and_end_at_the_last():
    assert grid_controls.first_layers(list("abcdefgh")) == ["d", "e", "g", "h"]
    assert grid_controls.first_layers(["a"]) == ["a"]


def test_the_time_left_follows_the_pace_so_far(monkeypatch):
    clock = iter([0.0, 10.0, 11.0])
    monkeypatch.setattr(grid_progress.st, "session_state", {})
    monkeypatch.setattr(grid_progress.time, "monotonic", lambda: next(clock))
    assert grid_progress.at_pace(20.0) == 20.0
    assert grid_progress.at_pace(15.0) == 30.0  # 5 of 20 took 10 seconds: half as fast as told
    assert grid_progress.at_pace(40.0) == 40.0  # more was asked for


def test_a_run_of_the_page_throws_nothing_compiled_away(open_page):
    from keras.src.backend.common import global_state

    at = settled(open_page("heat_grid", row="gradcam", **VIABLE))
    before = global_state.GLOBAL_STATE_TRACKER
    at.run()
    assert global_state.GLOBAL_STATE_TRACKER is before  # keras.backend.clear_session replaces it
