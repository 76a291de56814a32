"""What one forward pass of one tile gave; all views of a tile are drawn from it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from osteo_core.errors import ModelError
from osteo_core.explain import find_method
from osteo_core.heatmap import HeatMap, library_versions
from osteo_core.unit_questions import UnitQuestions

if TYPE_CHECKING:
    from osteo_core.engine import Engine
    from osteo_core.networks.activations import Activations

Values = npt.NDArray[np.float32]


class Reading(UnitQuestions):
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
    def classes(self) -> tuple[str, ...]:
        """Class names, in the order of `logits` and `probabilities`."""
        return self._engine.classes

    @property
    def engine_digest(self) -> str:
        """Digest of the network that read."""
        return self._engine.digest

    @property
    def logits(self) -> Values:
        """Class scores before the final activation, float32 (classes,).

        For a network with one sigmoid unit z: [-z, z], the log-odds of either class.
        """
        scores: Values = self._once(("logits",), self._activations.scores)
        return scores

    @property
    def probabilities(self) -> Values:
        """Class probabilities, float32 (classes,), summing to 1."""
        probabilities: Values = self._once(("probabilities",), self._activations.probabilities)
        return probabilities

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
        return _as_array(self._activations.tensor(layer))

    def tensor(self, name: str) -> Values:
        """What any step of `Engine.graph` gave out, `"input"` among them, as `activation` does.

        Raises:
            ModelError: No such tensor.
        """
        if name not in self._engine.graph.tensors:
            raise ModelError(f"Expected a tensor of {self._engine.name}. Received: {name!r}.")
        return _as_array(self._activations.tensor(name))

    def gradient(self, layer: str, target: str | None = None) -> Values:
        """Gradient of a class's logit with respect to a layer's output.

        Args:
            layer: A layer in front of the logits.
            target: The class; the predicted one when not given.

        Returns:
            float32, the layer's own shape, not writeable.

        Raises:
            ModelError: No such layer or class, or the layer stands behind the logits.
        """
        self._engine.check_before_logits(layer)
        direction = np.zeros(len(self.classes), np.float32)
        direction[self._index(target)] = 1
        return _as_array(self._activations.gradient(layer, direction))

    def heatmap(
        self, method: str = "gradcam", layer: str | None = None, target: str | None = None
    ) -> HeatMap:
        """Map where a layer finds what speaks for a class.

        Args:
            method: Name of the method.
            layer: A layer with maps; the last convolution when not given.
            target: The class; the predicted one when not given.

        Returns:
            Raw values of the layer's own height and width.

        Raises:
            ModelError: No such method, layer or class, or the layer has no maps.
        """
        layer = self._engine.check_has_maps(layer or self._engine.default_layer)
        target = self.classes[self._index(target)]
        key = ("heatmap", method, layer, target)
        made: HeatMap = self._once(key, lambda: self._heatmap(method, layer, target))
        return made

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
        target = self.classes[self._index(target)]
        made: Values = self._once(
            ("contributions", layer, target), lambda: self._contributions(layer, target)
        )
        return made

    def _changed(
        self, activations: "Activations", silenced: Mapping[str, tuple[int, ...]]
    ) -> "Reading":
        return Reading(self._engine, activations, self.tile_sha256, self.tile_name, silenced)

    def _heatmap(self, method: str, layer: str, target: str) -> HeatMap:
        found = find_method(method)
        explanation = found.explain(self, layer, target)
        index = self._index(target)
        explanation.values.setflags(write=False)
        silenced = {name: list(units) for name, units in self.silenced.items()}
        return HeatMap(
            values=explanation.values,
            method=method,
            layer=layer,
            target=target,
            target_logit=float(self.logits[index]),
            target_probability=float(self.probabilities[index]),
            signed=found.signed,
            tile_sha256=self.tile_sha256,
            tile_name=self.tile_name,
            bundle=self._engine.name,
            bundle_digest=self._engine.digest,
            parameters={**explanation.parameters, **({"without": silenced} if silenced else {})},
            versions=library_versions(),
            empty_reason=explanation.empty_reason,
        )

    def _contributions(self, layer: str, target: str) -> Values:
        product = self.gradient(layer, target) * self.activation(layer)
        places = tuple(range(product.ndim - 1))
        summed: Values = product.sum(axis=places, dtype=np.float64).astype(np.float32)
        summed.setflags(write=False)
        return summed

    def _index(self, target: str | None) -> int:
        if target is None:
            return int(self.logits.argmax())
        if target not in self.classes:
            raise ModelError(f"Expected a class: {', '.join(self.classes)}. Received: {target!r}.")
        return self.classes.index(target)

    def _once(self, key: tuple[str, ...], make: Any) -> Any:
        with self._activations.lock:
            if key not in self._known:
                self._known[key] = make()
            return self._known[key]


def _as_array(tensor: Any) -> Values:
    """One tile's tensor as an array without its batch axis: a view of the same memory on CPUs."""
    array: Values = np.asarray(tensor)[0].astype(np.float32, copy=False)
    array.setflags(write=False)
    return array
