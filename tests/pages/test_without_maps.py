"""Pages of a network without convolutions, and of one without fully connected layers."""

import pytest

from osteo_core.bundles import load_bundle
from tests import dashboard
from tests.toys import engine_of, wake

SIDE = 32


def _model(convolutions: bool):
    import keras

    start = keras.Input((SIDE, SIDE, 3))
    x = keras.layers.Rescaling(1 / 255)(start)
    if convolutions:
        x = keras.layers.Conv2D(4, 3, activation="relu", name="only")(x)
        x = keras.layers.Conv2D(3, 1, name="scores")(x)
        end = keras.layers.GlobalAveragePooling2D()(x)
    else:
        x = keras.layers.Dense(5, activation="relu", name="fc")(keras.layers.Flatten()(x))
        end = keras.layers.Dense(3, activation="softmax", name="out")(x)
    return wake(keras.Model(start, end))


@pytest.fixture
def open_on(toy_models, monkeypatch):
    """Open a page on a network that is none of the toys'."""
    from osteo_ui import services

    monkeypatch.setenv("OSTEO_MODELS", str(toy_models))
    card = load_bundle(toy_models / "toy").card

    def opened(page, convolutions, **link):
        engine = engine_of(
            _model(convolutions), name="toy", classes=card.classes, digest=f"{convolutions}" * 9
        )
        monkeypatch.setattr(services, "engine", lambda bundle: engine)
        at = dashboard.open_page(page, {"model": "toy", **link}).run()
        assert not at.exception
        return at

    return opened


@pytest.mark.parametrize("page", ["filters", "heat_maps", "heat_grid", "read_tile", "unit"])
def test_a_network_without_maps_is_said_on_its_pages(open_on, page):
    at = open_on(page, convolutions=False)
    said = " ".join(str(e.value) for e in [*at.info, *at.caption])
    if page != "unit":
        assert "layer with maps" in said
    assert not at.error


@pytest.mark.parametrize("page", ["neurons", "read_tile", "filters"])
def test_a_network_without_dense_layers_is_said_on_its_pages(open_on, page):
    at = open_on(page, convolutions=True)
    said = " ".join(str(e.value) for e in [*at.info, *at.caption])
    if page != "filters":
        assert "no fully connected layer" in said
    if page == "read_tile":
        assert "a softmax is added behind them" in said
    assert not at.error
