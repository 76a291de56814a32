"""Files of Keras 2 that cannot be rebuilt: named, with the version and the way out."""

import pytest

from osteo_core import open_model
from osteo_core.errors import ModelError
from tests.core.keras2_files import (
    conv,
    function,
    head,
    layer,
    ramp,
    ramp_weights,
    recurrent_network,
    write_archive,
    write_h5,
)
from tests.toys import CLASSES


def _own_layer():
    return ramp(maps=layer("MyLayer", "maps", "input_1")), ramp_weights()


def _lambda():
    code = ["4wEAAAA=", None, None]
    return ramp(maps=layer("Lambda", "maps", "input_1", function=code)), ramp_weights()


def _other_function():
    return ramp(maps=function("math.bessel_i0", "maps", "input_1")), ramp_weights()


def _time_first():
    config, weights, _ = recurrent_network()
    config["config"]["layers"][2]["config"]["layer"]["config"]["time_major"] = True
    return config, weights


def _other_setting():
    return ramp(maps=conv("maps", "input_1", spin=3)), ramp_weights()


def _too_few():
    return ramp(), {**ramp_weights(), "logits": head()[:1]}


def _none():
    return ramp(), {"maps": ramp_weights()["maps"]}


def _turned():
    (name, kernel), bias = head()
    return ramp(), {**ramp_weights(), "logits": [(name, kernel.T), bias]}


def _circle():
    return ramp(maps=conv("maps", "means")), ramp_weights()


def _subclassed():
    return {**ramp(), "class_name": "MyModel"}, ramp_weights()


REFUSED = [
    (_own_layer, "'MyLayer' ('maps')"),
    (_lambda, "Lambda layer"),
    (_other_function, "tf.math.bessel_i0"),
    (_time_first, "time_major=True"),
    (_other_setting, "spin=3"),
    (_too_few, "'logits' have the shapes 3×2 where 3×2, 2 belong"),
    (_none, "'logits' have the shapes none"),
    (_turned, "shapes 2×3, 2 where 3×2, 2 belong"),
    (_circle, "fed by something that is not there"),
    (_subclassed, "'MyModel'"),
]


@pytest.mark.parametrize(("make", "says"), REFUSED)
def test_what_cannot_be_rebuilt_is_named_with_the_version_and_the_way_out(tmp_path, make, says):
    file = write_h5(tmp_path / "m.h5", *make(), version="2.11.0")
    with pytest.raises(ModelError, match=r"written by Keras 2\.11\.0") as refusal:
        open_model(file, CLASSES, "none")
    assert says in str(refusal.value)
    assert "model.save('x.keras')" in str(refusal.value)


def test_an_archive_without_a_layers_weights_is_refused(tmp_path):
    maps = [value for _, value in ramp_weights()["maps"]]
    file = write_archive(tmp_path / "m.keras", ramp(), {"conv2d": maps})
    with pytest.raises(ModelError, match="weights for 0 layers of the kind 'dense' where 1"):
        open_model(file, CLASSES, "none")
