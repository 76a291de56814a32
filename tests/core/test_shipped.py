"""What is shipped: the five trained networks and the gallery of synthetic tiles."""

import pytest

from osteo_core import load_tile, open_model
from osteo_core.bundles import list_bundles, load_bundle, models_dir
from osteo_core.cohorts.synthetic import examples

NAMES = {
    "vgg19-multiclass",
    "mobilenetv2-multiclass",
    "vgg19-nontumor-viable",
    "vgg19-nontumor-nonviable",
    "vgg19-nonviable-viable",
}


def test_five_bundles_share_one_split_and_fit_in_100_mb():
    bundles = list_bundles()
    assert {bundle.name for bundle in bundles} == NAMES
    sizes = [file.stat().st_size for file in models_dir().rglob("*") if file.is_file()]
    assert sum(sizes) <= 100e6
    parts = {}
    for bundle in bundles:
        for row in bundle.predictions().itertuples():
            assert parts.setdefault(row.tile, row.split) == row.split
    slides = [
        set(t.slide) for _, t in load_bundle("vgg19-multiclass").predictions().groupby("split")
    ]
    assert not set.intersection(*slides)


@pytest.mark.parametrize("name", sorted(NAMES))
def test_weights_are_those_of_the_card(name):
    assert load_bundle(name).weight_files()


@pytest.mark.slow
def test_vgg19_calls_at_least_nine_of_the_twelve_examples_rightly():
    engine = open_model("vgg19-multiclass")
    gallery = examples()
    calls = engine.predict(load_tile(example.path) for example in gallery).argmax(axis=1)
    right = sum(engine.classes[c] == e.label for c, e in zip(calls, gallery, strict=True))
    assert len(gallery) == 12
    assert right >= 9


@pytest.mark.slow
def test_stored_predictions_are_what_the_network_says_of_real_tiles(shared_dir):
    bundle = load_bundle("mobilenetv2-multiclass")
    engine = open_model("mobilenetv2-multiclass")
    rows = bundle.predictions().groupby("label").head(2)
    root = shared_dir / "data" / "osteosarcoma-tumor-assessment"
    said = engine.predict(load_tile(root / file) for file in rows["file"])
    stored = rows[[f"p_{name}" for name in bundle.card.classes]].to_numpy()
    assert abs(said - stored).max() < 1e-3
