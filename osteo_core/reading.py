"""What one forward pass of one tile gave; all views of a tile are drawn from it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from osteo_core.errors import ModelError
from osteo_core.heat_questions import HeatQuestions, as_array
from osteo_core.unit_questions import UnitQuestions

if TYPE_CHECKING:
    from osteo_core.engine import Engine
    from osteo_core.networks.activations import Activations

Values = npt.NDArray[np.float32]


class Reading(HeatQuestions, UnitQuestions):
    """One tile, read by one network.

    Made by `Engine.read`. Safe on threads; nothing here runs the network in front of the layer
    asked about again, and nothing is computed twice.

    Args:
        engine: The network.
        activations: What the pass gave.
        tile_sha256: SHA-256 of the tile's file.
        tile_name: Name of the tile's file.
        silenced: Units switched off or held at other values, by layer.
    """

    def __init__(
        self,
        engine: "Engine",
        activations: "Activations",
        tile_sha256: str,
        tile_name: str,
        silenced: Mapping[str, tuple[int, ...]] | None = None,
    ) -> None:
        self.tile_sha256 = tile_sha256
        self.tile_name = tile_name
        self.silenced = dict(silenced or {})
        self._engine = engine
        self._activations = activations
        self._known: dict[tuple[str, ...], Any] = {}  # small results only

    @property
    def engine(self) -> "Engine":
        """The network that read."""
        return self._engine

    @property
    def engine_digest(self) -> str:
        """Digest of the network that read."""
        return self._engine.digest

    @property
    def predicted(self) -> str:
        """The class of the highest probability."""
        return self.classes[int(self.logits.argmax())]

    def activation(self, layer: str) -> Values:
        """What a layer gave out.

        Args:
            layer: Any layer of `Engine.layers`.

        Returns:
            float32, shape (h, w, channels) or (units,), not writeable; a view where possible.

        Raises:
            ModelError: No such layer.
        """
        self._engine.layer(layer)
        return as_array(self._activations.tensor(layer))

    def tensor(self, name: str) -> Values:
        """What any step of `Engine.graph` gave out, `"input"` among them, as `activation` does.

        Raises:
            ModelError: No such tensor.
        """
        if name not in self._engine.graph.tensors:
            raise ModelError(f"Expected a tensor of {self._engine.name}. Received: {name!r}.")
        return as_array(self._activations.tensor(name))

    def contributions(self, layer: str, target: str | None = None) -> Values:
        """What each unit of a layer adds to a class's logit, to first order.

        Gradient times activation, summed over the places of a map. For the layer in front of a
        linear `logits` this is weight times activation exactly.

        Args:
            layer: A layer in front of the logits.
            target: The class; the predicted one when not given.

        Returns:
            float32 (units,), in units of the logit; negative where a unit speaks against the class.

        Raises:
            ModelError: No such layer or class, or the layer stands behind the logits.
        """
        target = self.classes[self.class_index(target)]
        made: Values = self._once(
            ("contributions", layer, target), lambda: self._contributions(layer, target)
        )
        return made

    def _changed(
        self, activations: "Activations", silenced: Mapping[str, tuple[int, ...]]
    ) -> "Reading":
        return Reading(self._engine, activations, self.tile_sha256, self.tile_name, silenced)

    def _contributions(self, layer: str, target: str) -> Values:
        product = self.gradient(layer, target) * self.activation(layer)
        places = tuple(range(product.ndim - 1))
        summed: Values = product.sum(axis=places, dtype=np.float64).astype(np.float32)
        summed.setflags(write=False)
        return summed
