"""`osteo index`, what it costs, and what the shipped bundles carry."""

import pytest
from click.testing import CliRunner

from osteo_core.bundles import list_bundles
from osteo_core.cli import osteo
from osteo_core.unit_index import gallery_cohort, gallery_index, open_index, shipped_summary
from osteo_core.unit_index.cost import index_ratio
from tests.core.test_bundles import bundle, network  # noqa: F401
from tests.core.unit_index_cohorts import noise_cohort
from tests.toys import engine_of, shaped


@pytest.fixture
def call(bundle, monkeypatch):  # noqa: F811
    monkeypatch.setenv("OSTEO_MODELS", str(bundle.folder.parent))
    return lambda *args: CliRunner().invoke(osteo, [str(arg) for arg in args])


def test_it_indexes_ships_and_says_where(call, bundle, tmp_path):  # noqa: F811
    cohort = noise_cohort(tmp_path / "cohort", 12)
    result = call("index", "--model", "small", "--cohort", cohort.folder, "--ship")
    assert result.exit_code == 0, result.output
    folder = cohort.folder / "units" / "small"
    assert result.stdout.startswith(f"{folder}: 12 tiles, ")
    assert "tiles: 12/12" in result.stderr
    assert open_index(folder).card.bundle_digest == bundle.digest
    assert shipped_summary(bundle).n_tiles == len(
        [t for t in cohort.part("train") if t.label in bundle.card.classes]
    )
    assert len(gallery_index(bundle).card.tiles) == 12


def test_bad_tiles_are_named_and_other_cohorts_refused(call, tmp_path):
    cohort = noise_cohort(tmp_path / "cohort", 5)
    cohort.path(cohort.tiles[1]).unlink()
    to = tmp_path / "index"
    result = call("index", "--model", "small", "--cohort", cohort.folder, "--to", to)
    assert result.exit_code == 1
    assert "left out tile-01.png" in result.stderr
    assert len(open_index(to).card.tiles) == 4
    other = noise_cohort(tmp_path / "other", 6)
    result = call("index", "--model", "small", "--cohort", other.folder, "--to", to)
    assert "this cohort" in str(result.exception)
    result = call("index", "--model", "nobody.keras", "--cohort", other.folder, "--ship")
    assert "nobody.keras" in str(result.exception)


def test_the_cost_is_a_ratio():
    engine = engine_of(shaped("plain", "flat"), preprocessing="rescale")
    files = [gallery_cohort().path(tile) for tile in gallery_cohort().tiles[:4]]
    assert index_ratio(engine, files, pairs=2) > 0


@pytest.mark.parametrize("shipped", list_bundles(), ids=lambda shipped: shipped.name)
def test_shipped_bundles_carry_their_units(shipped):
    summary, gallery = shipped_summary(shipped), gallery_index(shipped)
    assert summary is not None
    assert gallery is not None
    assert summary.classes == shipped.card.classes
    assert summary.n_tiles == shipped.card.split.parts["train"].tiles
    assert gallery.card.cohort_digest == gallery_cohort().digest
    assert gallery.layers[-1].units in (1, len(shipped.card.classes))
    assert (shipped.folder / "units.npz").stat().st_size < 4e6
    assert summary.n_units == gallery.n_units
    known = set(shipped.predictions()["tile"])
    assert {tile.sha256 for tile in summary.card.tiles} <= known
