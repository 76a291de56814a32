"""Keras' files, cut, flipped and edited: right answers, or a sentence that refuses them."""

import io
import json
import random
import tempfile
import zipfile
from pathlib import Path

import h5py
import numpy as np

from osteo_core.errors import OsteoError

ODD = (
    *(None, True, False, -1, 0, 1, 2, 3, 7, 1.5, 1e308, float("nan"), float("inf"), 20_000, 10**9),
    *(2**63, 10**30, "", "x", "../x", "/etc/passwd", "relu", "softmax", "Lambda", "os", "ÿ" * 300),
    *([], {}, [[]], [None, None, None, 3], [1, 2], [-1, 0], {"class_name": "Dense", "config": {}}),
)
KINDS = ("Dense", "Conv2D", "LSTM", "Embedding", "RepeatVector", "UpSampling2D", "StringLookup")
BASES: dict[str, bytes] = {}
ANSWERS: dict[str, np.ndarray] = {}


def prepare() -> None:
    """Make the four files that are mutated, and what they answer."""
    from tests.core.keras2_files import head, ramp, ramp_weights, write_archive, write_h5
    from tests.toys import ramp_network

    folder = Path(tempfile.mkdtemp(prefix="osteo-soak-"))
    maps = [value for _, value in ramp_weights()["maps"]]
    ramp_network().save(folder / "three.keras")
    ramp_network().save(folder / "three.h5")
    write_h5(folder / "two.h5", ramp(), ramp_weights())
    last = [value for _, value in head()]
    write_archive(folder / "two.keras", ramp(), {"conv2d": maps, "dense": last})
    from tests.core.keras2_files import recurrent_network
    from tests.core.test_keras2_files import functions_network, shapes_network
    from tests.core.test_keras2_nested import nested_network

    for make in (functions_network, recurrent_network, shapes_network):
        config, weights, _ = make()
        write_h5(folder / f"{make.__name__}.h5", config, weights)
    write_h5(folder / "nested_network.h5", *nested_network(frozen=False))
    for file in sorted(folder.iterdir()):
        BASES[file.name] = file.read_bytes()
        ANSWERS[file.name] = _answer(file)


def _answer(file: Path) -> np.ndarray:
    from osteo_core import open_model
    from tests.toys import CLASSES, THREE, ramp_tile

    classes = THREE if file.stem in ("functions_network", "shapes_network") else CLASSES
    engine = open_model(file, classes=classes, preprocessing="none")
    return engine.predict([ramp_tile()])


def trial(seed: int, folder: Path) -> None:
    """One mutated file."""
    draw = random.Random(seed)
    name = draw.choice(sorted(BASES))
    how = draw.choice((flip, cut, edit, edit, edit, strip, regroup))
    data, is_same = how(draw, name, BASES[name])
    file = folder / name
    file.write_bytes(data)
    said = None
    try:
        answer = _answer(file)
    except OsteoError as error:
        said = str(error)
    if said is not None:
        assert 0 < len(said) < 900, said
        assert "\n" not in said, said
        return
    assert np.isfinite(answer).all(), f"{how.__name__}: {answer}"
    assert abs(answer.sum() - 1) < 1e-4, f"{how.__name__}: {answer}"
    if is_same:
        np.testing.assert_allclose(answer, ANSWERS[name], atol=1e-5, err_msg=how.__name__)


def flip(draw: random.Random, name: str, data: bytes) -> tuple[bytes, bool]:
    """A few bits turned; an archive knows its contents by their checksums, HDF5 does not."""
    changed = bytearray(data)
    for _ in range(draw.choice((1, 2, 8, 64))):
        changed[draw.randrange(len(changed))] ^= 1 << draw.randrange(8)
    return bytes(changed), name.endswith(".keras")


def cut(draw: random.Random, name: str, data: bytes) -> tuple[bytes, bool]:
    """The end is missing, or a part in the middle, or something stands behind it."""
    at, length = draw.randrange(len(data)), draw.choice((1, 10, 1000))
    return draw.choice((data[:at], data[:at] + data[at + length :], data + b"x" * length)), True


def edit(draw: random.Random, name: str, data: bytes) -> tuple[bytes, bool]:
    """A few of the settings replaced, removed or doubled."""
    config = json.loads(_settings(name, data))
    for _ in range(draw.choice((1, 1, 2, 5))):
        _edit(draw, config)
    try:
        text = json.dumps(config)
    except (ValueError, RecursionError):
        return data, True
    return _with_settings(name, data, text), False


def _edit(draw: random.Random, config: object) -> None:
    places = [(holder, key) for holder in _holders(config) for key in _keys(holder)]
    if not places:
        return
    holder, key = draw.choice(places)
    what = draw.random()
    if what < 0.6:
        holder[key] = json.loads(json.dumps(draw.choice(ODD)))
    elif what < 0.75:
        del holder[key]
    elif what < 0.85 and isinstance(holder, list):
        holder.extend(json.loads(json.dumps(holder)) * draw.choice((1, 3)))
    elif isinstance(holder, dict):
        holder[draw.choice(("class_name", "module", "units", "filters", "name"))] = draw.choice(
            (*KINDS, 10**9, "os", "keras.src.utils.file_utils")
        )


def _holders(value: object) -> list:
    found, todo = [], [value]
    while todo:
        value = todo.pop()
        if isinstance(value, dict | list):
            found.append(value)
            todo.extend(value.values() if isinstance(value, dict) else value)
    return found


def _keys(holder: dict | list) -> list:
    return list(holder) if isinstance(holder, dict) else list(range(len(holder)))


def strip(draw: random.Random, name: str, data: bytes) -> tuple[bytes, bool]:
    """A member, a group or an array is missing."""
    if name.endswith(".h5"):
        return _with_weights(data, lambda content: _drop(draw, content)), True
    members = _members(data)
    if draw.random() < 0.5:
        members["model.weights.h5"] = _with_weights(
            members["model.weights.h5"], lambda content: _drop(draw, content)
        )
    else:
        members.pop(draw.choice(sorted(members)))
    return _packed(members), True


def _drop(draw: random.Random, content: h5py.File) -> None:
    names: list[str] = []
    content.visit(names.append)
    del content[draw.choice(names)]


def regroup(draw: random.Random, name: str, data: bytes) -> tuple[bytes, bool]:
    """An array of another shape, type or size, or a link, where the weights stand."""
    if name.endswith(".h5"):
        return _with_weights(data, lambda content: _replace(draw, content)), False
    members = _members(data)
    members["model.weights.h5"] = _with_weights(
        members["model.weights.h5"], lambda content: _replace(draw, content)
    )
    return _packed(members), False


def _replace(draw: random.Random, content: h5py.File) -> None:
    names: list[str] = []
    content.visititems(lambda n, item: names.append(n) if hasattr(item, "shape") else None)
    name = draw.choice(names)
    shape = content[name].shape
    del content[name]
    match draw.randrange(7):
        case 0:
            content[name] = np.zeros(shape, draw.choice(("f2", "f8", "i8", "u1", "c8", "S3")))
        case 1:
            content[name] = np.zeros(shape[::-1] or (2,), "f4")
        case 2:
            content.create_dataset(name, (10**5, 10**5), "f4", chunks=(100, 100))
        case 3:
            content[name] = h5py.SoftLink("/" + draw.choice(names))
        case 4:
            content[name] = h5py.ExternalLink("/etc/passwd", "x")
        case 5:
            content.create_dataset(name, (*shape, 0), "f4")
        case _:
            content[name] = np.full(shape, draw.choice((np.nan, np.inf, 1e38, 1e-45)), "f4")


def _with_weights(data: bytes, change) -> bytes:
    held = io.BytesIO(data)
    with h5py.File(held, "r+") as content:
        change(content)
    return held.getvalue()


def _settings(name: str, data: bytes) -> str:
    if name.endswith(".keras"):
        return _members(data)["config.json"].decode()
    with h5py.File(io.BytesIO(data)) as content:
        text = content.attrs["model_config"]
    return text.decode() if isinstance(text, bytes) else text


def _with_settings(name: str, data: bytes, text: str) -> bytes:
    if name.endswith(".keras"):
        return _packed({**_members(data), "config.json": text.encode()})

    def write(content: h5py.File) -> None:
        del content.attrs["model_config"]
        content.attrs["model_config"] = text

    return _with_weights(data, write)


def _members(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _packed(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()
