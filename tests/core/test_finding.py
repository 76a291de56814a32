"""Units found: rankings by class, by tile, dead ones; and the scale that tiles are held against."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from osteo_core.errors import ModelError
from osteo_core.explain import finding
from osteo_core.explain.card_table import card_row, unit_row
from osteo_core.explain.cards import unit_card
from osteo_core.explain.spread import Spread
from osteo_core.unit_index import IndexCard, IndexedLayer, IndexedTile, UnitIndex, summarise
from osteo_core.units import Unit
from tests.toys import CLASSES, engine_of, ramp_network, ramp_tile

LABELS = [CLASSES[0]] * 2 + [CLASSES[1]] * 2
# maps: unit 0 speaks for Viable, 1 is dead, 2 speaks against it; logits: 0 against, 1 for
MEANS = [[0, 1, 2, 3], [0, 0, 0, 0], [4, 3, 1, 1]]
MAXIMA = [[0, 2, 4, 8], [0, 0, 0, 0], [8, 8, 2, 2], [5, -1, -5, -5], [-5, 1, 5, 5]]


@pytest.fixture(scope="module")
def summary():
    layers = (
        IndexedLayer(name="maps", units=3, shape=(4, 4, 3), scale=2.0),
        IndexedLayer(name="logits", units=2, shape=(2,), scale=1.0),
    )
    tiles = tuple(
        IndexedTile(sha256=str(i) * 64, label=label, split="train", name=f"{i}.png")
        for i, label in enumerate(LABELS)
    )
    card = IndexCard(
        bundle="toy",
        bundle_digest="d" * 64,
        cohort_digest="c" * 64,
        classes=CLASSES,
        layers=layers,
        tiles=tiles,
    )
    scales = np.array([2, 2, 2, 1, 1])[:, None]
    index = UnitIndex(
        Path("nowhere"),
        card,
        (np.array(MAXIMA) / scales).astype(np.float16),
        (np.array(MEANS) / 2).astype(np.float16),
        np.zeros((3, 4, 2), np.uint8),
    )
    return summarise(index, "train")


def units(table):
    return [
        str(Unit(layer, unit)) for layer, unit in zip(table["layer"], table["unit"], strict=True)
    ]


def test_most_selective_for_a_class_and_against_it(summary):
    found = finding.by_selectivity(summary, "Viable")
    assert units(found.first()) == ["maps:0", "logits:1"]
    assert set(units(found.last())) == {"maps:2", "logits:0"}
    assert found.table["auc"].tolist() == pytest.approx([1, 1, 0.5, 0, 0], abs=1e-4)
    best = found.table.iloc[0]
    assert (best.mean_class, best.mean_rest, best.firing_share) == (2.5, 0.5, 0.75)
    assert units(finding.by_selectivity(summary, "Viable", "logits").first(1)) == ["logits:1"]
    span = found.span
    assert span.shares.index.tolist() == ["maps", "logits"]
    assert span.shares[0.5].tolist() == pytest.approx([0.5, 0.5], abs=1e-4)
    assert units(span.highest) == ["maps:0", "logits:1"]
    assert units(span.lowest) == ["maps:2", "logits:0"]
    with pytest.raises(ModelError, match=r"Expected a class of the summary.*Received: 'Bone'"):
        finding.by_selectivity(summary, "Bone")


def test_two_classes(summary):
    found = finding.by_class_difference(summary, "Viable", "Non-Tumor")
    turned = finding.by_class_difference(summary, "Non-Tumor", "Viable")
    assert set(units(found.first())) == {"maps:0", "logits:1"} == set(units(turned.last()))
    row = found.table.set_index(["layer", "unit"]).loc[("maps", 0)]
    assert row["auc"] == 1
    # Two tiles a class, one apart: each class deviates by 1/2, and their means are 2 apart.
    assert row["difference"] == pytest.approx(4, rel=0.1)  # told from bins


def test_dead_units(summary):
    assert units(finding.dead_units(summary).table) == ["maps:1"]
    assert finding.dead_units(summary, "logits").table.empty
    counted = finding.dead_by_layer(summary)
    assert counted["layer"].tolist() == ["maps", "logits"]
    assert counted["dead"].tolist() == [1, 0]
    assert counted["share"].tolist() == pytest.approx([1 / 3, 0])


def test_the_share_of_tiles_below_a_value(summary):
    spread = Spread.of(summary, "maximum")
    assert spread.below(np.array([-1, 0, 0, -6, -6])).tolist() == [0] * 5
    assert spread.below(np.array([9, 1e-6, 9, 9, 9])).tolist() == [1] * 5
    middle = spread.below(np.array([3, 0, 5, -2, 2]))  # between the tiles, away from their bins
    assert middle.tolist() == [0.5, 0, 0.5, 0.5, 0.5]
    assert Spread.of(summary, "mean", "maps").deviation == pytest.approx(
        np.std(MEANS, axis=1), rel=0.1
    )


def test_activation_of_one_layer_goes_by_the_value_and_of_several_by_its_rarity(summary):
    values = np.array([[3.0, 0.5, 9.0]], np.float32)  # 2 of 4 tiles below; never seen; all below
    maps = finding.layer_figures("maps", values)
    own = finding.by_activation(maps, "maximum", Spread.of(summary, "maximum", "maps"))
    assert units(own.table) == ["maps:2", "maps:0", "maps:1"]
    assert own.table["higher_than"].tolist() == [1, 0.5, 1]
    logits = finding.layer_figures("logits", np.array([-20, 2], np.float32))
    both = pd.concat([maps, logits], ignore_index=True)
    found = finding.by_activation(both, "maximum", Spread.of(summary, "maximum"))
    assert units(found.table)[:2] == ["maps:2", "maps:1"]  # a scale of its own before none at all
    assert units(found.table)[-1] == "logits:0"
    assert np.isnan(found.table["deviations"][1])
    bare = finding.by_activation(both, "maximum")  # against the units of the same layer
    assert bare.table["deviations"].iloc[-1] == pytest.approx(-1.19, abs=0.2)
    assert units(bare.table)[0] == "maps:2"


def test_difference_of_two_tiles(summary):
    first = finding.layer_figures("maps", np.array([[3.0, 0.5, 1.0]], np.float32))
    second = finding.layer_figures("maps", np.array([[1.0, 0.0, 3.0]], np.float32))
    found = finding.by_tile_difference(first, second, Spread.of(summary, "mean", "maps"))
    assert units(found.first()) == ["maps:0"]
    assert units(found.last()) == ["maps:2"]
    assert found.table["difference"][0] == pytest.approx(2 / np.std(MEANS[0]), rel=0.1)
    assert np.isnan(found.table["difference"].iloc[-1])  # it never varied: no scale to count on
    bare = finding.by_tile_difference(first, second)
    scale = np.std([3, 0.5, 1, 1, 0, 3])
    assert bare.table["difference"].tolist() == pytest.approx([2 / scale, 0.5 / scale, -2 / scale])


def test_figures_and_contributions_of_a_tile():
    reading = engine_of(ramp_network(), 2).read(ramp_tile())
    figures = finding.tile_figures(reading, ("maps", "logits"))
    assert units(figures) == ["maps:0", "maps:1", "maps:2", "logits:0", "logits:1"]
    assert figures["maximum"].tolist() == [15, 10, -1, -0.5, 2.5]
    assert figures["mean"].tolist() == [7.5, 2.5, -1, -0.5, 2.5]
    assert figures["share_positive"].tolist() == pytest.approx([15 / 16, 10 / 16, 0, 0, 1])
    shares = reading.contributions_by_class("maps")[:, 1]
    found = finding.by_contribution(figures[figures["layer"] == "maps"], shares)
    assert units(found.first()) == ["maps:1"]  # 4 · 2.5
    assert units(found.last()) == ["maps:0"]  # -7.5
    assert found.table["contribution"].tolist() == pytest.approx([10, 0, -7.5])
    assert found.table["share"].tolist() == pytest.approx([10 / 17.5, 0, -7.5 / 17.5])


def test_a_card_as_a_row(summary):
    reading = engine_of(ramp_network(), 2).read(ramp_tile())
    row = card_row(unit_card(reading, Unit("maps", 0), "Viable"), reading)
    row |= unit_row("toy", Unit("maps", 0), summary)
    assert (row["bundle"], row["layer"], row["unit"], row["tile"]) == ("toy", "maps", 0, "toy.png")
    assert (row["maximum"], row["row"], row["column"], row["mean"]) == (15, 3, 3, 7.5)
    assert row["tile_sha256"] == reading.tile_sha256
    assert row["contribution_Viable"] == pytest.approx(-7.5)
    assert (row["rank"], row["rank_of"], row["rank_class"]) == (3, 3, "Viable")
    assert (row["auc_Viable"], row["dead"]) == (pytest.approx(1), False)
    neuron = card_row(unit_card(reading, Unit("logits", 1)), reading)
    assert (neuron["row"], neuron["column"]) == (None, None)
