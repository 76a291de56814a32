"""Model files of strangers: sizes come first, and nothing outside the file is read."""

import io
import json
import time
import zipfile

import h5py
import keras
import numpy as np
import pytest

from osteo_core import open_model
from osteo_core.errors import ModelError
from osteo_core.model_files import limits, load
from tests.toys import CLASSES, ramp_network

LAYERS = keras.layers


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """The bytes of one network as an archive and as HDF5."""
    folder = tmp_path_factory.mktemp("saved")
    model = ramp_network()
    for name in ("m.keras", "m.h5"):
        model.save(folder / name)
    return {name: (folder / name).read_bytes() for name in ("m.keras", "m.h5")}


def refused(file, **told):
    before = time.perf_counter()
    with pytest.raises(ModelError, match=r"^Expected [^\n]*Received: [^\n]*\.$") as refusal:
        open_model(file, CLASSES, "none", **told)
    assert time.perf_counter() - before < 20
    return str(refusal.value)


def members_of(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(file, members):
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file


def edited(file, data, change):
    """An archive with other settings; `change` gets the list of layers."""
    members = members_of(data)
    config = json.loads(members["config.json"])
    change(config["config"]["layers"])
    return packed(file, {**members, "config.json": json.dumps(config)})


def _units(layers):
    layers[-1]["config"]["units"] = 10**9


def _filters_by_default(layers):
    layers[1]["config"]["filters"] = 10**9
    del layers[1]["config"]["kernel_initializer"]


def _negative(layers):
    layers[1]["config"]["filters"] = -1


def _wide(layers):
    layers[0]["config"]["batch_shape"] = [None, 20_000, 20_000, 3]


def _none(layers):
    layers[0]["config"]["batch_shape"] = [None, 0, 4, 3]


def _foreign(layers):
    layers[1].update(module="os", class_name="system", config="touch x")


def _words(layers):
    layers[1].update(class_name="StringLookup", config={"vocabulary": "/etc/passwd"})


def _code(layers):
    layers[1]["config"]["activation"] = {"class_name": "__lambda__", "config": {"value": "x"}}


def _deep(layers):
    value = layers[1]["config"]
    for _ in range(limits.SETTINGS_DEPTH):
        value["more"] = {}
        value = value["more"]


def _private(layers):
    layers[1].update(
        module="keras.src.applications.convnext",
        class_name="LayerScale",
        config={"name": "x", "init_values": 1.0, "projection_dim": 10**9},
    )


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (_units, "more weights than it holds"),
        (_filters_by_default, "more weights than it holds"),
        (_private, "more weights than it holds"),
        (_negative, "filters"),
        (_wide, "20000 × 20000"),
        (_none, "0 × 4"),
        (_foreign, "'os'"),
        (_words, "words, not images"),
        (_code, "Lambda layer"),
        (_deep, "deep"),
    ],
)
def test_settings_that_ask_for_too_much(tmp_path, saved, change, says):
    assert says in refused(edited(tmp_path / "m.keras", saved["m.keras"], change))


def test_nested_calls_are_counted_as_if_written_out(tmp_path):
    model = keras.Sequential([keras.Input((4, 4, 3)), LAYERS.Conv2D(3, 1)], name="n0")
    for depth in range(1, 5):
        start = keras.Input((4, 4, 3))
        model = keras.Model(start, model(model(start)), name=f"n{depth}")
    model.save(tmp_path / "m.keras")
    assert load(tmp_path / "m.keras").output_shape == (None, 4, 4, 3)

    def blow_up(layers):
        for layer in layers:
            if layer["class_name"] == "Functional":
                layer["inbound_nodes"] = layer["inbound_nodes"][:1] * 40
                blow_up(layer["config"]["layers"])

    assert "calls of layers" in refused(
        edited(tmp_path / "n.keras", (tmp_path / "m.keras").read_bytes(), blow_up)
    )


def _grown():
    return LAYERS.UpSampling2D(2_000)


def _padded():
    return LAYERS.ZeroPadding2D(100_000)


@pytest.mark.parametrize("make", [_grown, _padded])
@pytest.mark.parametrize("side", [32, None])
def test_layers_that_blow_a_tile_up(tmp_path, make, side):
    start = keras.Input((side, side, 3))
    means = LAYERS.GlobalAveragePooling2D()(make()(start))
    keras.Model(start, LAYERS.Dense(2)(means)).save(tmp_path / "m.keras")
    assert "numbers of every tile" in refused(tmp_path / "m.keras")


def test_a_size_that_is_asked_for_counts(tmp_path):
    start = keras.Input((None, None, 3))
    maps = LAYERS.Conv2D(2, 1, name="c")(start)
    keras.Model(start, LAYERS.GlobalAveragePooling2D()(maps)).save(tmp_path / "m.keras")
    assert "numbers of every tile" in refused(tmp_path / "m.keras", input_size=(20_000, 20_000))
    assert open_model(tmp_path / "m.keras", CLASSES, "none", (32, 40)).input_size == (32, 40)


def _many_steps(x):
    return LAYERS.LSTM(2)(LAYERS.Reshape((-1, 3))(x))


def _many_places(x):
    x = LAYERS.Reshape((-1, 3))(x)
    return LAYERS.GlobalAveragePooling1D()(LAYERS.MultiHeadAttention(1, 1)(x, x))


def _much_work(x):
    x = LAYERS.Conv2D(150, 25, padding="same")(x)
    return LAYERS.GlobalAveragePooling2D()(LAYERS.Conv2D(150, 25, padding="same")(x))


@pytest.mark.parametrize(
    ("make", "says"),
    [(_many_steps, "one by one"), (_many_places, "numbers of every"), (_much_work, "billion")],
)
def test_layers_that_take_too_long(tmp_path, make, says):
    start = keras.Input((512, 512, 3))
    keras.Model(start, LAYERS.Dense(2)(make(start))).save(tmp_path / "m.keras")
    assert says in refused(tmp_path / "m.keras")


def _bomb_of_settings(members):
    members["config.json"] = b'{"a":"' + b" " * (80 << 20) + b'"}'


def _bomb_of_weights(members):
    members["model.weights.h5"] = bytes(80 << 20)


def _out(members):
    members["assets/../../x"] = b"x"


def _absolute(members):
    members["/x"] = b"x"


def _no_settings(members):
    del members["config.json"]


def _no_weights(members):
    del members["model.weights.h5"]


def _bottomless(members):
    members["config.json"] = b"[" * 200_000


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (_bomb_of_settings, "would unpack to"),
        (_bomb_of_weights, "would unpack to"),
        (_out, "leads out"),
        (_absolute, "leads out"),
        (_no_settings, "no config.json"),
        (_no_weights, "no model.weights.h5"),
        (_bottomless, "JSON"),
    ],
)
def test_archives_that_are_refused(tmp_path, saved, change, says):
    members = members_of(saved["m.keras"])
    change(members)
    assert says in refused(packed(tmp_path / "m.keras", members))


def test_members_named_twice_and_links_in_an_archive(tmp_path, saved):
    members = members_of(saved["m.keras"])
    link = zipfile.ZipInfo("link")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(packed(tmp_path / "a.keras", members), "a") as archive:
        archive.writestr(link, "/etc/passwd")
    assert "leads out" in refused(tmp_path / "a.keras")
    with (
        zipfile.ZipFile(packed(tmp_path / "b.keras", members), "a") as archive,
        pytest.warns(UserWarning, match="Duplicate"),
    ):
        archive.writestr("config.json", "{}")
    assert "more than once" in refused(tmp_path / "b.keras")


def _external_link(content, key):
    content[key] = h5py.ExternalLink("other.h5", "/k")


def _soft_link(content, key):
    content[key] = h5py.SoftLink("/other")


def _external_array(content, key):
    content.create_dataset(key, (1, 1, 3, 3), "f4", external=[("/etc/passwd", 0, 36)])


def _virtual_array(content, key):
    layout = h5py.VirtualLayout((1, 1, 3, 3), "f4")
    layout[...] = h5py.VirtualSource("other.h5", "k", (1, 1, 3, 3))
    content.create_virtual_dataset(key, layout)


def _unwritten_array(content, key):
    content.create_dataset(key, (10**5, 10**5), "f4", chunks=(100, 100))


def _other_shape(content, key):
    content[key] = np.zeros((3, 3), np.float32)


def _missing(content, key):
    pass


HDF5 = [
    (_external_link, "a link to something else"),
    (_soft_link, "a link to something else"),
    (_external_array, "read from elsewhere"),
    (_virtual_array, "read from elsewhere"),
    (_unwritten_array, "would unpack to"),
    (_other_shape, ""),
    (_missing, ""),
]


@pytest.mark.parametrize(("change", "says"), HDF5)
@pytest.mark.parametrize("name", ["m.keras", "m.h5"])
def test_weights_that_point_elsewhere_or_do_not_fit(tmp_path, saved, name, change, says):
    members = members_of(saved["m.keras"])
    data = members["model.weights.h5"] if name == "m.keras" else saved[name]
    held = io.BytesIO(data)
    with h5py.File(held, "r+") as content:
        found = []

        def look(key, item):
            if getattr(item, "shape", ()) == (1, 1, 3, 3):
                found.append(key)

        content.visititems(look)
        del content[found[0]]
        change(content, found[0])
    file = tmp_path / name
    if name == "m.keras":
        packed(file, {**members, "model.weights.h5": held.getvalue()})
    else:
        file.write_bytes(held.getvalue())
    assert says in refused(file)


def test_losses_of_ones_own_stop_nobody(tmp_path):
    def focal(true, made):
        return keras.ops.mean(true * made)

    model = ramp_network()
    model.compile("sgd", focal)
    for name in ("m.keras", "m.h5"):
        model.save(tmp_path / name)
        engine = open_model(tmp_path / name, CLASSES, "none")
        np.testing.assert_allclose(
            engine.network.get_layer("maps").get_weights()[0],
            model.get_layer("maps").get_weights()[0],
        )


def test_an_opened_model_can_be_saved_for_others(tmp_path, saved):
    (tmp_path / "m.keras").write_bytes(saved["m.keras"])
    load(tmp_path / "m.keras").save(tmp_path / "n.keras")
    assert "osteo" not in members_of((tmp_path / "n.keras").read_bytes())["config.json"].decode()
