"""Stored predictions: right ones come back as they were, any other is refused by name."""

import numpy as np
import pandas as pd
import pytest

from osteo_core.bundles import list_bundles, load_bundle
from osteo_core.errors import BundleError
from osteo_core.evaluate import read_part
from osteo_core.prediction_file import KEYS, read_history, read_predictions
from tests.fake_bundles import CLASSES, fake_history, fake_predictions, write_fake

FILE = "predictions.csv"


def write(folder, frame, name=FILE):
    frame.to_csv(folder / name, index=False)
    return folder


def test_predictions_come_back_as_they_were_written(tmp_path):
    frame = fake_predictions(CLASSES, (0, 3))
    found = read_predictions(write(tmp_path, frame), FILE, CLASSES)
    for column in KEYS:
        assert found[column].tolist() == frame[column].tolist()
    values = [f"p_{name}" for name in CLASSES]
    np.testing.assert_array_equal(found[values].to_numpy(), frame[values].to_numpy())


@pytest.mark.parametrize("bundle", list_bundles(), ids=lambda bundle: bundle.name)
def test_what_is_shipped_passes_with_the_tiles_that_its_card_counts(bundle):
    found = bundle.predictions()
    told = {name: part.tiles for name, part in bundle.card.split.parts.items()}
    assert found["split"].value_counts().to_dict() == told
    assert set(found["label"]) == set(bundle.card.classes)
    beyond = bundle.beyond()
    assert not set(beyond["label"]) & set(bundle.card.classes)


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        ("p_Viable", "nan", "'nan' on line 4"),
        ("p_Viable", "", "'' on line 4"),
        ("p_Viable", "high", "'high' on line 4"),
        ("p_Viable", "inf", "'inf' on line 4"),
        ("p_Viable", "-5", "-5 as p_Viable of row 3"),
        ("p_Viable", "1e308", "as p_Viable of row 3"),
        ("p_Viable", "0.5", "must sum to 1"),
        ("p_Viable", "0x1p-1", "on line 4"),
        ("tile", "", "a tile's SHA-256"),
        ("split", "<b>", "'<b>' for row 3"),
        ("split", "Test", "'Test' for row 3"),
    ],
)
def test_a_value_that_cannot_be_is_named(tmp_path, column, value, told):
    frame = fake_predictions(CLASSES, ()).astype(str)
    frame.loc[2, column] = value
    with pytest.raises(BundleError) as refused:
        read_predictions(write(tmp_path, frame), FILE, CLASSES)
    assert told in str(refused.value)
    assert f"{FILE} of {tmp_path.name}" in str(refused.value)


def test_a_doubled_tile_is_named(tmp_path):
    frame = fake_predictions(CLASSES, ())
    frame.loc[7, "tile"] = frame.loc[2, "tile"]
    with pytest.raises(BundleError, match=rf"row 8 .tile {frame['tile'][2][:12]}.*first in row 3"):
        read_predictions(write(tmp_path, frame), FILE, CLASSES)


def test_torn_and_strange_files_are_one_sentence(tmp_path):
    text = fake_predictions(CLASSES, ()).to_csv(index=False)
    lost, doubled = text.replace("slide", "slides", 1), text.replace("p_Viable", "p_Non-Tumor", 1)
    torn = [text[:1500], f"{text}a,b\n", text + "x," * 30, lost, doubled]
    for content in (b"", bytes(range(256)), b"\0" * 999, *(one.encode() for one in torn)):
        (tmp_path / FILE).write_bytes(content)
        with pytest.raises(BundleError, match="Received"):
            read_predictions(tmp_path, FILE, CLASSES)
    (tmp_path / FILE).unlink()
    with pytest.raises(BundleError, match=r"must have a predictions\.csv"):
        read_predictions(tmp_path, FILE, CLASSES)


def test_probabilities_rounded_to_six_digits_sum_to_one_and_to_two_do_not(tmp_path):
    rng = np.random.default_rng(0)
    frame = fake_predictions(CLASSES, ())
    columns = [f"p_{name}" for name in CLASSES]
    values = rng.dirichlet(np.ones(3), len(frame))
    fine = frame.assign(**dict(zip(columns, values.round(6).T, strict=True)))
    assert len(read_predictions(write(tmp_path, fine), FILE, CLASSES)) == len(frame)
    rough = frame.assign(**dict(zip(columns, (values * 0.99).T, strict=True)))
    with pytest.raises(BundleError, match="sum to 1"):
        read_predictions(write(tmp_path, rough), FILE, CLASSES)


def test_classes_named_like_columns_and_missing_words_are_text(tmp_path):
    classes = ("NA", "tile", "label", "0", "a,b")
    sure = np.eye(5)
    rows = [[f"t{i}", "f.png", "S", "01", "test", name, *sure[i]] for i, name in enumerate(classes)]
    frame = pd.DataFrame(rows, columns=[*KEYS, *(f"p_{name}" for name in classes)])
    found = read_predictions(write(tmp_path, frame), FILE, classes)
    assert found["label"].tolist() == list(classes)
    assert found["case"].tolist() == ["01"] * 5
    assert read_part(found, "test", classes).metrics().accuracy == 1.0


def test_labels_that_no_class_has_are_named_and_not_scored(tmp_path):
    frame = fake_predictions(CLASSES, ())
    frame.loc[frame.index[-1], "label"] = "Banana"
    frame.loc[frame.index[-2], "label"] = ""
    part = read_part(read_predictions(write(tmp_path, frame), FILE, CLASSES), "test", CLASSES)
    assert part.n_tiles == 10
    assert part.notes == ("2 tiles left out: no label among this network's classes (Banana).",)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"loss": "high"}, "'high'"),
        ({"val_loss": np.nan}, "''"),
        ({"accuracy": "inf"}, "'inf'"),
        ({"epoch": 1.5}, "whole epochs"),
        ({"epoch": 1e300}, "whole epochs"),
    ],
)
def test_a_history_that_cannot_be_is_named(tmp_path, change, told):
    with pytest.raises(BundleError, match=told):
        read_history(write(tmp_path, fake_history().assign(**change), "history.csv"), "history.csv")


def test_a_history_comes_back_and_beyond_is_held_to_the_same(tmp_path):
    folder = write_fake(tmp_path, "net")
    pd.testing.assert_frame_equal(load_bundle(folder).history(), fake_history(), check_dtype=False)
    write(folder, fake_predictions(CLASSES, ()).assign(p_Viable=0.0), "beyond.csv")
    with pytest.raises(BundleError, match=r"beyond\.csv of net must sum to 1"):
        load_bundle(folder).beyond()


def test_other_columns_are_left_out(tmp_path):
    frame = fake_predictions(CLASSES, ()).assign(call="Banana", p_Banana="x")
    found = read_predictions(write(tmp_path, frame), FILE, CLASSES)
    assert list(found) == [*KEYS, *(f"p_{name}" for name in CLASSES)]
    assert read_part(found, "test", CLASSES).metrics().accuracy == 1.0
