"""A saved map is made again to the bit: from either file, kept so or so, whatever came before."""

import io
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from osteo_core import load_tile
from osteo_core.cohorts.synthetic import examples
from osteo_core.errors import OsteoError
from osteo_core.explain import methods
from osteo_core.explain.again import again, compare, find_network, find_tile, read_saved
from osteo_core.heatmap import load_heatmap
from osteo_core.pictures import float_download, png
from tests.core.test_bundles import bundle, network  # noqa: F401
from tests.toys import engine_of, noise_tile, shaped

TILE = noise_tile()


@pytest.fixture(scope="module")
def engine():
    return engine_of(shaped("plain", "flat"))


def remade(saved, engine, tile):
    steps = again(saved, engine, tile)
    while True:
        try:
            assert 0 <= next(steps) <= 1
        except StopIteration as end:
            return end.value


@pytest.fixture(scope="module")
def heat(engine):
    return engine.read(TILE).heatmap("gradcam", layer="conv2", target="Non-Tumor")


@pytest.mark.parametrize("name", list(methods()))
def test_every_method_comes_out_the_same_to_the_bit(engine, tmp_path, name):
    target, against = "Viable", "Non-Tumor"
    first = engine.read(TILE, keep="convolutions").heatmap(name, None, target, against)
    before = engine.read(TILE)
    for other in ("saliency", "gradcampp"):
        before.heatmap(other, layer="conv1", target="Non-Viable-Tumor")
    later = before.heatmap(name, None, target, against)
    saved = read_saved(first.save(tmp_path / name))
    for made in (later, remade(saved, engine, TILE)):
        assert compare(saved, made).is_same
        assert made.meta() == first.meta()


def test_a_picture_knows_its_numbers_by_their_digest(engine, heat, tmp_path):
    file = tmp_path / "map.png"
    file.write_bytes(png(np.zeros((4, 4, 3), np.uint8), text=heat.png_text()))
    saved = read_saved(file)
    assert saved.values is None
    assert compare(saved, remade(saved, engine, TILE)).is_same
    found = compare(saved, replace(heat, values=np.nextafter(heat.values, np.float32(9))))
    assert not found.is_same
    assert found.sentence() == "not the same, and the file does not say by how much"


def test_switched_off_units_stay_off(engine, tmp_path):
    first = engine.read(TILE).without("conv1", [0, 3]).heatmap("gradcam", target="Viable")
    saved = read_saved(first.save(tmp_path / "off"))
    assert compare(saved, remade(saved, engine, TILE)).is_same


def test_by_how_much_it_differs(heat, tmp_path):
    saved = read_saved(heat.save(tmp_path / "map"))
    largest = float(heat.values.max())
    found = compare(saved, replace(heat, values=heat.values + np.float32(largest / 4)))
    assert found.is_same is False
    assert found.difference == pytest.approx(largest / 4, rel=1e-3)
    assert found.share == pytest.approx(0.25, rel=1e-3)
    old = replace(heat, versions={**heat.versions, "keras": "2.0"})
    changed = compare(read_saved(old.save(tmp_path / "old")), heat)
    assert changed.is_same
    assert changed.versions == {"keras": ("2.0", heat.versions["keras"])}
    assert compare(saved, replace(heat, values=heat.values[1:])).difference is None


def test_a_download_of_the_dashboard_can_be_read(heat, tmp_path):
    file = tmp_path / "map.npz"
    file.write_bytes(float_download(heat.values, heat.meta()))
    assert load_heatmap(file).meta() == heat.meta()


def test_a_file_that_is_no_heat_map_is_refused(tmp_path):
    bare = io.BytesIO()
    Image.new("RGB", (4, 4)).save(bare, "PNG")
    for name, content, why in (
        ("bare.png", bare.getvalue(), "does not say how it was made"),
        ("broken.png", b"no picture", "Expected a PNG of a heat map"),
        ("broken.npz", b"no archive", "saved as .npz"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(OsteoError, match=why):
            read_saved(tmp_path / name)


def test_another_network_or_tile_is_refused(engine, heat, tmp_path):
    saved = read_saved(heat.save(tmp_path / "map"))
    other = engine_of(shaped("plain", "flat"), digest="e" * 64)
    with pytest.raises(OsteoError, match="the network whose digest is dddddddddddd"):
        next(again(saved, other, TILE))
    with pytest.raises(OsteoError, match="Expected the tile whose SHA-256"):
        next(again(saved, engine, noise_tile(seed=1)))


def test_the_tile_is_found_by_its_bytes(heat, tmp_path):
    example = examples()[0]
    tile = load_tile(example.path)
    saved = read_saved(replace(heat, tile_sha256=tile.sha256).save(tmp_path / "map"))
    assert find_tile(saved).sha256 == tile.sha256
    copied = tmp_path / "copies" / "another name.png"
    copied.parent.mkdir()
    copied.write_bytes(example.path.read_bytes())
    assert find_tile(saved, [copied.parent]).name == "another name.png"
    with pytest.raises(OsteoError, match="none whose SHA-256"):
        find_tile(read_saved(heat.save(tmp_path / "other")), [tmp_path])


def test_the_network_is_found_by_its_digest(bundle, heat, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.setenv("OSTEO_MODELS", str(bundle.folder.parent))
    renamed = replace(heat, bundle="as it was called then", bundle_digest=bundle.digest)
    assert find_network(read_saved(renamed.save(tmp_path / "a"))) == str(bundle.folder)
    with pytest.raises(OsteoError, match="none with this digest"):
        find_network(read_saved(heat.save(tmp_path / "b")))


@pytest.mark.slow
def test_another_process_makes_the_same(engine, tmp_path):
    code = (
        "import sys; from tests.core.test_again import *; "
        "e = engine_of(shaped('plain', 'flat')); "
        "print(e.read(TILE).heatmap('integrated_gradients', target='Viable').values_sha256)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    here = engine.read(TILE).heatmap("integrated_gradients", target="Viable")
    assert done.stdout.split()[-1] == here.values_sha256
