"""What an engine says of its layers: which have maps, which have units, where to start."""

from collections.abc import Collection, Sequence
from typing import Any

from osteo_core.errors import ModelError
from osteo_core.networks.graph import Graph
from osteo_core.networks.layers import LayerInfo, without_maps
from osteo_core.units import Unit

_WITH_CHANNELS = ("convolution", "depthwise convolution", "tokens")


def _has_maps(layer: LayerInfo) -> bool:
    return len(layer.shape) == 3 and layer.shape[0] * layer.shape[1] > 1


def with_maps(
    graph: Graph, layers: Sequence[LayerInfo], behind_logits: Collection[str]
) -> tuple[str, ...]:
    """Names of a network's convolutions and tokens with maps in front of the logits, in order.

    Where there is none, the last other layer with maps behind a layer with weights.
    """
    spatial = [i for i in layers if _has_maps(i) and i.name not in behind_logits]
    found = tuple(i.name for i in spatial if i.kind in _WITH_CHANNELS)
    if found:
        return found
    learnt = [s.name for s in graph.steps if getattr(s.operation, "weights", ())]
    behind = {name for layer in learnt for name in graph.downstream(layer)}
    return tuple(i.name for i in spatial if i.name in behind)[-1:]


class LayersOf:
    """What an `Engine` says of its layers."""

    name: str
    layers: tuple[LayerInfo, ...]
    memo: dict[Any, Any]
    _by_name: dict[str, LayerInfo]
    _behind_logits: frozenset[str]
    _conv_layers: tuple[str, ...]

    @property
    def graph(self) -> Graph:
        """The network's steps and what feeds what."""
        raise NotImplementedError

    def _last_read(self) -> str:
        raise NotImplementedError

    @property
    def unit_layers(self) -> tuple[str, ...]:
        """Names of the layers whose channels or neurons are units.

        Convolutions, those of one place included, tokens laid out as maps, and fully connected
        layers, in order; scores that are logits are the last. Where there is no convolution with
        maps and there are no tokens, what stands in for them in `conv_layers` as well.
        """
        kinds = (*_WITH_CHANNELS, "dense")
        stand_in = self.conv_layers
        return tuple(i.name for i in self.layers if i.kind in kinds or i.name in stand_in)

    @property
    def conv_layers(self) -> tuple[str, ...]:
        """Names of the convolutions with maps (height × width above 1), and of tokens, in order.

        Where there is none, the last other layer with maps behind a layer with weights, such as a
        reshaping behind a `Conv3D`; empty where there is none either.
        """
        return self._conv_layers

    @property
    def dense_layers(self) -> tuple[str, ...]:
        """Names of the fully connected layers, in order; the logits are the last."""
        return tuple(layer.name for layer in self.layers if layer.kind == "dense")

    @property
    def no_maps(self) -> str:
        """Why there are no maps to explain, and what can be asked instead; "" where there are."""
        if self.conv_layers:
            return ""
        from osteo_core.explain import methods

        has = f"the neurons of {', '.join(self.dense_layers)}" if self.dense_layers else ""
        at_input = ", ".join(m.title for m in methods().values() if m.at_input)
        offered = " and ".join(part for part in (has, f"maps of the input ({at_input})") if part)
        why = "; ".join(without_maps(self.graph))
        return (
            "Expected a layer with maps (height × width above 1) in front of the logits. "
            f"Received: {self.name}, which has none{f' ({why})' if why else ''}; it offers "
            f"{offered}."
        )

    @property
    def default_layer(self) -> str:
        """The last convolution with maps, or the last tokens that the logits read.

        Raises:
            ModelError: The network has neither.
        """
        if not self.conv_layers:
            raise ModelError(self.no_maps)
        last = self.conv_layers[-1]
        if self._by_name[last].kind != "tokens":
            return last
        if "default layer" not in self.memo:
            self.memo["default layer"] = self._last_read()
        found: str = self.memo["default layer"]
        return found

    @property
    def last_maps(self) -> str:
        """The last layer with feature maps before they are pooled or flattened.

        The last convolution where that applies its own activation, as in VGG19; behind its
        normalisation, activation or merge where these are layers of their own: `out_relu` in
        MobileNetV2, whose `Conv_1` itself is below zero nearly everywhere.

        Raises:
            ModelError: The network has no layer with maps.
        """
        last = self.default_layer
        if self._by_name[last].kind == "tokens":
            return last
        for layer in self.layers:  # in order: the last that fits stays
            fits = _has_maps(layer) and layer.kind != "pooling"
            if fits and layer.name not in self._behind_logits:
                last = layer.name
        return last

    def layer(self, name: str) -> LayerInfo:
        """What is known of one layer.

        Raises:
            ModelError: No such layer.
        """
        if name not in self._by_name:
            raise ModelError(
                f"Expected a layer of {self.name}, such as {self.layers[-1].name}. "
                f"Received: {name!r}."
            )
        return self._by_name[name]

    def check_unit(self, unit: Unit) -> Unit:
        """Return a unit if the network has it.

        Raises:
            ModelError: No such layer, it has no units that the logits depend on, or no such unit.
        """
        if unit.layer not in self.unit_layers:
            raise ModelError(
                f"Expected a convolution or a fully connected layer of {self.name}, such as "
                f"{self.unit_layers[-1]}. Received: {unit.layer!r}."
            )
        n_units = self.layer(self.check_before_logits(unit.layer)).n_units
        if not 0 <= unit.index < n_units:
            raise ModelError(
                f"Expected a unit 0 to {n_units - 1} of {unit.layer}. Received: {unit.index}."
            )
        return unit

    def check_before_logits(self, name: str) -> str:
        """Return a layer's name if the logits depend on it.

        Raises:
            ModelError: No such layer, or it stands behind the logits.
        """
        self.layer(name)
        if name in self._behind_logits:
            raise ModelError(f"Expected a layer in front of the logits. Received: {name!r}.")
        return name

    def check_has_maps(self, name: str) -> str:
        """Return the name of the layer that has a layer's maps, where the logits depend on it.

        That is the layer itself, or where its output are tokens, what lays them out as maps.

        Raises:
            ModelError: No such layer, or it has no maps.
        """
        layer = self.layer(name)
        as_maps = self._by_name.get(f"{name}_maps")
        if not _has_maps(layer) and as_maps is not None and as_maps.kind == "tokens":
            return self.check_before_logits(as_maps.name)
        if not _has_maps(layer):
            if not self.conv_layers:
                raise ModelError(self.no_maps)
            raise ModelError(
                "Expected a layer with feature maps (height × width above 1, channels), such as "
                f"{self.default_layer}. Received: {name!r} of shape {layer.shape}."
            )
        return self.check_before_logits(name)
