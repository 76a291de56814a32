"""Labels NA, None, 0/1, 01 and True are those texts, from the cohort to the pages' tables."""

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from PIL import Image

from osteo_core.bundles import load_bundle
from osteo_core.cohorts import import_cohort, read_cohort
from osteo_core.commands.evaluate import evaluate
from osteo_ui import services
from tests import dashboard
from tests.dashboard import no_engine
from tests.fake_bundles import fake_card, fake_history


def made(tmp_path, classes):
    """A cohort of six slides a class, and a bundle that calls 5 of its 6 test tiles rightly."""
    for name in classes:
        for slide in range(6):
            for i in range(2):
                pixels = np.random.default_rng([slide, i, *name.encode()])
                path = tmp_path / "src" / name / f"s{slide}-{name}" / f"{i}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(pixels.integers(0, 255, (40, 40, 3), np.uint8)).save(path)
    cohort = import_cohort(tmp_path / "src", tmp_path / "c").cohort
    cohort = read_cohort(cohort.folder)
    rows = []
    for t in cohort.tiles:
        rows.append([t.sha256, t.file, t.slide, t.case, t.split, t.label])
        rows[-1] += [0.9 if name == t.label else 0.1 for name in classes]
    head = ["tile", "file", "slide", "case", "split", "label", *(f"p_{c}" for c in classes)]
    table = pd.DataFrame(rows, columns=head)
    first = table.index[(table["split"] == "test") & (table["label"] == classes[0])][0]
    table.loc[first, head[-2:]] = [0.2, 0.8]
    folder = tmp_path / "models" / "net"
    folder.mkdir(parents=True)
    table.to_csv(folder / "predictions.csv", index=False)
    fake_history().to_csv(folder / "history.csv", index=False)
    (folder / "card.json").write_text(fake_card("net", classes).model_dump_json())
    return cohort, table


@pytest.mark.parametrize("classes", [("NA", "None"), ("0", "1"), ("01", "02"), ("False", "True")])
def test_labels_stay_what_they_are(tmp_path, monkeypatch, classes):
    cohort, table = made(tmp_path, classes)
    assert {tile.label for tile in cohort.tiles} == set(classes) == set(cohort.classes)
    bundle = load_bundle(tmp_path / "models" / "net")
    assert bundle.predictions()["label"].tolist() == table["label"].tolist()
    tested = int((table["split"] == "test").sum())
    done = CliRunner().invoke(evaluate, ["--model", str(bundle.folder)])
    assert f"accuracy {(tested - 1) / tested:.4f}" in done.output
    monkeypatch.setenv("OSTEO_MODELS", str(tmp_path / "models"))
    monkeypatch.setattr(services, "engine", no_engine)
    at = dashboard.open_page("metrics", {"model": "net"})
    at.run()
    assert not at.exception
    assert not at.error
    shown = [text for frame in at.dataframe for text in frame.value.astype(str).to_numpy().ravel()]
    assert set(classes) <= set(shown)
    at = dashboard.open_page("cohort", {"cohort": str(cohort.folder), "audit": "classes"})
    at.run()
    assert not at.exception
    frames = [frame.value for frame in at.dataframe]
    names = [str(n) for f in frames for n in (*f.columns, *f.to_numpy().ravel())]
    assert set(classes) <= set(names)
