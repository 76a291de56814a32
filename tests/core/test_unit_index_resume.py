"""Building the unit index: a kill in the middle, unreadable tiles, other folders."""

import hashlib
import resource
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from osteo_core import open_model
from osteo_core.cohorts import CLASSES
from osteo_core.errors import FileError, UnitIndexError
from osteo_core.files import LOCK
from osteo_core.unit_index import build_index, open_index
from osteo_core.unit_index.build import plan_of
from osteo_core.unit_index.partial import NAME
from tests.core.unit_index_cohorts import build, noise_cohort
from tests.toys import engine_of, shaped

KILLED = """
import os, signal, sys
from pathlib import Path
from osteo_core import open_model
from osteo_core.cohorts import CLASSES, read_cohort
from osteo_core.unit_index import build_index
model, cohort, folder = sys.argv[1:]
engine = open_model(model, classes=CLASSES, preprocessing="rescale")
for step in build_index(engine, read_cohort(cohort), Path(folder)):
    if step.done == 20:
        with (Path(folder) / "units.partial").open("ab") as stream:
            stream.write(bytes(1000))  # a part of the next record
        os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(scope="module")
def engine():
    return engine_of(shaped("plain", "flat"), preprocessing="rescale")


@pytest.fixture
def cohort(tmp_path):
    return noise_cohort(tmp_path / "cohort")


def digests(folder):
    return {f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in folder.iterdir()}


def test_kill_9_in_the_middle_and_resume_gives_the_same_bytes(tmp_path, cohort):
    model = tmp_path / "toy.keras"
    shaped("plain", "flat").save(model)

    given = [str(model), str(cohort.folder), str(tmp_path / "killed")]
    done = subprocess.run([sys.executable, "-c", KILLED, *given], check=False)
    assert done.returncode == -signal.SIGKILL
    assert {file.name for file in (tmp_path / "killed").iterdir()} == {NAME, LOCK}
    engine = open_model(model, classes=CLASSES, preprocessing="rescale")
    _, steps = build(engine, cohort, tmp_path / "killed")
    assert steps[0].done == 20
    whole, _ = build(engine, cohort, tmp_path / "whole")
    assert digests(tmp_path / "killed") == digests(whole.folder)


def test_every_place_to_stop_gives_the_same_bytes(tmp_path, engine, cohort):
    whole, _ = build(engine, cohort, tmp_path / "whole")
    for steps in (1, 2, 10):
        folder = tmp_path / f"stopped-{steps}"
        running = build_index(engine, cohort, folder)
        for _ in range(steps):
            next(running)
        running.close()
        _, seen = build(engine, cohort, folder)
        assert seen[0].done == 4 * (steps - 1)
        assert digests(folder) == digests(whole.folder)


def test_a_whole_index_is_left_as_it_is(tmp_path, engine, cohort):
    build(engine, cohort, tmp_path / "index")
    before = (tmp_path / "index" / "maximum.npy").stat().st_mtime_ns
    _, steps = build(engine, cohort, tmp_path / "index")
    assert [(step.done, step.total) for step in steps] == [(40, 40)]
    assert (tmp_path / "index" / "maximum.npy").stat().st_mtime_ns == before


def test_whole_and_half_of_another_network_or_cohort_are_refused(tmp_path, engine, cohort):
    other = engine_of(shaped("plain", "flat"), preprocessing="rescale", digest="e" * 64)
    fewer = replace(cohort, tiles=cohort.tiles[:8])
    build(engine, fewer, tmp_path / "whole")
    running = build_index(engine, cohort, tmp_path / "half")
    next(running), next(running)
    running.close()
    with pytest.raises(UnitIndexError, match="this network"):
        build(other, fewer, tmp_path / "whole")
    with pytest.raises(UnitIndexError, match="this cohort"):
        build(engine, cohort, tmp_path / "whole")
    before = digests(tmp_path / "half")
    for network, tiles, batch, said in (
        (other, cohort, 4, "bundle digest dddd"),
        (engine, fewer, 4, f"cohort digest {cohort.digest[:12]}"),
        (engine, cohort, 3, "batch 4"),
    ):
        with pytest.raises(UnitIndexError, match=f"delete units.partial.*Received: {said}"):
            build(network, tiles, tmp_path / "half", batch=batch)
    assert digests(tmp_path / "half") == before


def test_two_builds_do_not_write_to_one_folder(tmp_path, engine, cohort):
    running = build_index(engine, cohort, tmp_path / "index")
    next(running)
    with pytest.raises(FileError, match="another `osteo index` is writing now"):
        build(engine, cohort, tmp_path / "index")
    running.close()
    build(engine, cohort, tmp_path / "index")


def test_a_disk_that_takes_a_part_of_a_batch_stops_the_build_at_a_whole_one(
    tmp_path, engine, cohort
):
    folder = tmp_path / "index"
    record = plan_of(engine, cohort).record.itemsize
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096 + 10 * record, resource.RLIM_INFINITY))
    try:
        with pytest.raises(FileError, match=r"units\.partial: it would be larger"):
            build(engine, cohort, folder)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
    _, steps = build(engine, cohort, folder)
    assert steps[0].done == 8
    whole, _ = build(engine, cohort, tmp_path / "whole")
    assert digests(folder) == digests(whole.folder)


def test_an_index_with_fewer_tiles_stays_until_the_new_one_is_whole(
    tmp_path, engine, cohort, monkeypatch
):
    gone = cohort.path(cohort.tiles[6])
    kept = gone.read_bytes()
    gone.unlink()
    build(engine, cohort, tmp_path / "index")
    gone.write_bytes(kept)
    for name in ("maximum.npy", "mean.npy", "place.npy"):  # killed when so many were in place
        moves = []

        def move(file, target, name=name, moves=moves):
            moves.append(file.name)
            if file.name == name:
                raise KeyboardInterrupt
            file.rename(target)

        with monkeypatch.context() as patched:
            patched.setattr(Path, "replace", move)
            with pytest.raises(KeyboardInterrupt):
                build(engine, cohort, tmp_path / "index")
        if name == "maximum.npy":
            assert len(open_index(tmp_path / "index").card.tiles) == 39
    index, _ = build(engine, cohort, tmp_path / "index")
    assert len(index.card.tiles) == 40
    assert digests(tmp_path / "index").keys() == {
        "index.json", "maximum.npy", "mean.npy", "place.npy",
    }  # fmt: skip


def test_unreadable_tiles_are_named_left_out_and_read_when_they_are_back(tmp_path, engine, cohort):
    gone, changed = cohort.path(cohort.tiles[6]), cohort.path(cohort.tiles[39])
    kept = gone.read_bytes()
    gone.write_bytes(b"not a picture")
    Image.new("RGB", (40, 40)).save(changed)
    index, steps = build(engine, cohort, tmp_path / "index")
    named = [one for step in steps for one in step.left_out]
    assert [one.file for one in named] == ["tile-06.png", "tile-39.png"]
    assert "tile-06.png" in named[0].reason
    assert "imported" in named[1].reason
    assert index.card.left_out == tuple(named)
    expected = [tile.sha256 for i, tile in enumerate(cohort.tiles) if i not in (6, 39)]
    assert [tile.sha256 for tile in index.card.tiles] == expected
    assert index.values("conv1", "maximum").shape == (8, 38)
    _, steps = build(engine, cohort, tmp_path / "index")
    assert len(steps) == 1
    assert steps[0].left_out == tuple(named)
    gone.write_bytes(kept)
    index, _ = build(engine, cohort, tmp_path / "index")
    assert [one.file for one in index.card.left_out] == ["tile-39.png"]
    assert len(index.card.tiles) == 39


def test_a_tile_that_is_back_when_a_killed_build_goes_on_is_read(tmp_path, engine, cohort):
    whole, _ = build(engine, cohort, tmp_path / "whole")
    gone = cohort.path(cohort.tiles[6])
    kept = gone.read_bytes()
    gone.unlink()
    running = build_index(engine, cohort, tmp_path / "index")
    while next(running).done < 16:
        pass
    running.close()
    gone.write_bytes(kept)
    _, steps = build(engine, cohort, tmp_path / "index")
    assert steps[0].done == 4
    assert digests(tmp_path / "index") == digests(whole.folder)


def test_what_was_left_out_before_a_kill_is_named_again(tmp_path, engine, cohort):
    cohort.path(cohort.tiles[2]).unlink()
    running = build_index(engine, cohort, tmp_path / "index")
    while next(running).done < 16:
        pass
    running.close()
    _, steps = build(engine, cohort, tmp_path / "index")
    assert [one.file for one in steps[0].left_out] == ["tile-02.png"]
    assert len(open_index(tmp_path / "index").card.left_out) == 1


def test_a_cohort_without_pictures_is_refused(tmp_path, engine, cohort):
    missing = replace(cohort, root=tmp_path / "elsewhere")
    with pytest.raises(UnitIndexError, match=r"tile-00\.png"):
        build(engine, missing, tmp_path / "index")
    build(engine, cohort, tmp_path / "index")  # and the way is free when they are back
