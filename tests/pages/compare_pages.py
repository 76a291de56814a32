"""The comparison page in tests: networks that need no TensorFlow."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from osteo_core.heatmap import HeatMap
from tests.fake_bundles import write_fake

BINARY = ("Non-Tumor", "Viable")


def write_networks(models):
    """Write three bundles: `three` errs on the tiles 0 to 2 of a part, `other` on the tile 3."""
    write_fake(models, "three", wrong=(0, 1, 2))
    write_fake(models, "other", wrong=(3,))
    write_fake(models, "binary", BINARY, wrong=(0,))


class FakeEngine:
    """Calls every tile Viable and looks at the upper left quarter."""

    def __init__(self, bundle):
        self.name, self.digest, self.classes = bundle.name, bundle.digest, bundle.card.classes
        self.conv_layers = ("early", "late") if len(self.classes) == 3 else ("other",)
        self.default_layer, self.layers = self.conv_layers[-1], ()
        self.unit_layers, self.no_maps = self.conv_layers, ""

    def read(self, tile, keep="stages"):
        probabilities = np.array([0.1, 0.2, 0.7][-len(self.classes) :], np.float32)

        def heatmap(method, layer=None, target=""):
            values = np.zeros((4, 4), np.float32)
            values[:2, :2] = 2.5
            if self.name == "other":
                values = np.rot90(values, 2)
            told = (method, layer, target, 1.25, 0.7, False, tile.sha256, tile.name)
            return HeatMap(values, *told, self.name, self.digest)

        return SimpleNamespace(
            classes=self.classes,
            probabilities=probabilities,
            predicted=self.classes[int(probabilities.argmax())],
            heatmap=heatmap,
            tile_sha256=tile.sha256,
            activation=lambda layer: tile.pixels[::64, ::64].astype(np.float32),
        )
