"""What a reading says of regions: gradients, tails and heat maps."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

from osteo_core.errors import ModelError
from osteo_core.explain import INPUT, Explanation, Method, Question, find_method
from osteo_core.heatmap import HeatMap, library_versions
from osteo_core.steps import Steps, finish

if TYPE_CHECKING:
    from osteo_core.engine import Engine
    from osteo_core.networks.activations import Activations
    from osteo_core.networks.tail import Tail
    from osteo_core.reading import Reading

Values = npt.NDArray[np.float32]


class HeatQuestions:
    """The part of `Reading` that asks which regions speak for a class."""

    tile_sha256: str
    tile_name: str
    silenced: dict[str, tuple[int, ...]]
    _engine: "Engine"
    _activations: "Activations"
    _known: dict[tuple[str, ...], Any]

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names, in the order of `logits` and `probabilities`."""
        return self._engine.classes

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

    def direction(self, target: str | None = None, against: str | None = None) -> Values:
        """The score that is explained, as a direction in the space of logits.

        Args:
            target: The class; the predicted one when not given.
            against: A class to hold it against.

        Returns:
            float32 (classes,): 1 for the target, -1 for the other, 0 elsewhere.

        Raises:
            ModelError: No such class, or a class held against itself.
        """
        direction = np.zeros(len(self.classes), np.float32)
        direction[self.class_index(target)] = 1
        if against is not None:
            if self.class_index(against) == self.class_index(target):
                raise ModelError(f"Expected two different classes. Received: {against} twice.")
            direction[self.class_index(against)] = -1
        return direction

    def score(self, target: str, against: str | None = None) -> float:
        """The logit of a class, or how far it lies above that of another."""
        return float(self.logits @ self.direction(target, against))

    def gradient(self, layer: str, target: str | None = None, against: str | None = None) -> Values:
        """Gradient of a class's logit with respect to a layer's output.

        Args:
            layer: A layer in front of the logits, or `"input"`.
            target: The class; the predicted one when not given.
            against: A class to hold it against: the difference of the two logits is taken.

        Returns:
            float32, the layer's own shape, not writeable.

        Raises:
            ModelError: No such layer or class, or the layer stands behind the logits.
        """
        if layer == INPUT:  # the one gradient that takes the whole network: kept
            towards = self.direction(target, against)
            made: Values = self._once(
                ("gradient", *map(str, towards)),
                lambda: as_array(self._activations.gradient(layer, towards)),
            )
            return made
        self._engine.check_before_logits(layer)
        return as_array(self._activations.gradient(layer, self.direction(target, against)))

    def tail(self, layer: str) -> "Tail":
        """The network behind a layer, to be run on changed versions of its output.

        Args:
            layer: A layer in front of the logits, or `"input"` for the whole network.

        Raises:
            ModelError: No such layer, or it stands behind the logits.
        """
        from osteo_core.networks.tail import Tail

        if layer != INPUT:
            self._engine.check_before_logits(layer)
        return Tail(self._activations, layer)

    def heatmap(
        self,
        method: str = "gradcam",
        layer: str | None = None,
        target: str | None = None,
        against: str | None = None,
        parameters: Mapping[str, Any] | None = None,
    ) -> HeatMap:
        """Map where a network finds what speaks for a class.

        Args:
            method: Name of the method; `osteo_core.explain.methods` lists them.
            layer: A layer with maps, or `"input"`; when not given, see `Method.default_layer`.
            target: The class; the predicted one when not given.
            against: A class to hold it against: why the one rather than the other.
            parameters: Settings of the method in place of its defaults.

        Returns:
            Raw values of the layer's own height and width.

        Raises:
            ModelError: No such method, layer, class or setting, or the layer has no maps.
        """
        return finish(self.heatmap_steps(method, layer, target, against, parameters))

    def heatmap_steps(
        self,
        method: str = "gradcam",
        layer: str | None = None,
        target: str | None = None,
        against: str | None = None,
        parameters: Mapping[str, Any] | None = None,
    ) -> Steps[HeatMap]:
        """`heatmap` in steps of well under a second, for progress and for stopping.

        Nothing is kept of a run that is left before its end.

        Yields:
            The share done, 0..1.

        Returns:
            The heat map.

        Raises:
            ModelError: As `heatmap`, at the first step.
        """
        found = find_method(method)
        layer = found.check_layer(self._engine, layer or found.default_layer(self._engine))
        target = self.classes[self.class_index(target)]
        self.direction(target, against)  # raises
        asked = Question(layer, target, against, found.settings(parameters or {}))
        key = ("heatmap", method, layer, target, against or "", repr(asked.parameters))
        with self._activations.lock:
            made: HeatMap | None = self._known.get(key)
        if made is None:
            explanation = yield from found.explain(cast("Reading", self), asked)
            with self._activations.lock:  # the first of two that ran at once is kept
                made = self._known.setdefault(key, self._heatmap(found, asked, explanation))
        return made

    def class_index(self, target: str | None) -> int:
        """Where a class stands in `classes`; the predicted one when not given.

        Raises:
            ModelError: No such class.
        """
        if target is None:
            return int(self.logits.argmax())
        if target not in self.classes:
            raise ModelError(f"Expected a class: {', '.join(self.classes)}. Received: {target!r}.")
        return self.classes.index(target)

    def _heatmap(self, method: Method, asked: Question, explanation: Explanation) -> HeatMap:
        index = self.class_index(asked.target)
        explanation.values.setflags(write=False)
        silenced = {name: list(units) for name, units in self.silenced.items()}
        return HeatMap(
            values=explanation.values,
            method=method.name,
            layer=asked.layer,
            target=asked.target,
            against=asked.against,
            target_logit=float(self.logits[index]),
            target_probability=float(self.probabilities[index]),
            signed=method.signed,
            explains=method.explains,
            tile_sha256=self.tile_sha256,
            tile_name=self.tile_name,
            bundle=self._engine.name,
            bundle_digest=self._engine.digest,
            parameters={**asked.parameters, **({"without": silenced} if silenced else {})},
            versions=library_versions(),
            empty_reason=explanation.empty_reason,
            figures=explanation.figures,
        )

    def _once(self, key: tuple[str, ...], make: Any) -> Any:
        with self._activations.lock:
            if key not in self._known:
                self._known[key] = make()
            return self._known[key]


def as_array(tensor: Any) -> Values:
    """One tile's tensor as an array without its batch axis: a view of the same memory on CPUs."""
    array: Values = np.asarray(tensor)[0].astype(np.float32, copy=False)
    array.setflags(write=False)
    return array
