"""What is told of each layer before anything is computed: kind, shape, reach, parameters."""

from dataclasses import dataclass
from typing import Any, Literal

import keras

from osteo_core.errors import ModelError
from osteo_core.networks.graph import Graph, Step
from osteo_core.networks.receptive import Field, receptive_fields

Kind = Literal["convolution", "depthwise convolution", "dense", "pooling", "other"]

_CONVOLUTIONS = (
    keras.layers.Conv2D,
    keras.layers.SeparableConv2D,
    keras.layers.Conv2DTranspose,
)


@dataclass(frozen=True)
class LayerInfo:
    """A layer as a reader sees it.

    Attributes:
        name: The layer's name in the flat network.
        kind: What it does. A dense layer applied at every place of a map is a convolution.
        shape: Shape of its output for one tile: (height, width, channels) or (units,).
        n_units: Channels or units.
        receptive_field: Height and width in input pixels that one place sees; None for all of it.
        stride: Input pixels from one place to the next; None where there are no places.
        activation: Name of the activation that the layer applies itself, `"linear"` for none.
        parameters: Number of weights.
    """

    name: str
    kind: Kind
    shape: tuple[int, ...]
    n_units: int
    receptive_field: tuple[int, int] | None
    stride: int | None
    activation: str
    parameters: int


def describe_layers(graph: Graph) -> tuple[LayerInfo, ...]:
    """Describe every layer of a flat network, in order.

    Raises:
        ModelError: The network keeps its channels first.
    """
    fields = receptive_fields(graph)
    return tuple(_describe(step, graph.shape(step.name), fields[step.name]) for step in graph.steps)


def _describe(step: Step, shape: tuple[int, ...], field: Field | None) -> LayerInfo:
    layer = step.operation
    if getattr(layer, "data_format", None) == "channels_first":
        raise ModelError(
            "Expected a network that keeps its channels last. "
            f"Received: {step.name!r} with channels first."
        )
    function = getattr(layer, "activation", None)
    return LayerInfo(
        name=step.name,
        kind=_kind(layer, shape),
        shape=shape,
        n_units=int(shape[-1]) if shape else 1,
        receptive_field=field.size if field else None,
        stride=int(max(field.stride)) if field else None,
        activation=getattr(function, "__name__", "linear"),
        parameters=int(layer.count_params()) if isinstance(layer, keras.layers.Layer) else 0,
    )


def _kind(layer: Any, shape: tuple[int, ...]) -> Kind:
    if isinstance(layer, keras.layers.DepthwiseConv2D):
        return "depthwise convolution"
    if isinstance(layer, _CONVOLUTIONS):
        return "convolution"
    if isinstance(layer, keras.layers.Dense):
        return "dense" if len(shape) == 1 else "convolution"
    if "Pooling" in type(layer).__name__:
        return "pooling"
    return "other"
