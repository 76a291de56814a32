"""What is told of each layer before anything is computed: kind, shape, reach, parameters."""

from dataclasses import dataclass
from typing import Any, Literal

import keras

from osteo_core.errors import ModelError
from osteo_core.networks.ends import inner
from osteo_core.networks.graph import Graph, Step
from osteo_core.networks.receptive import Field, receptive_fields
from osteo_core.networks.tokens import TokenMaps

Kind = Literal[
    "convolution", "depthwise convolution", "tokens", "dense", "dense on a sequence", "pooling",
    "other",
]  # fmt: skip

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
        kind: What it does, looked for inside wrappers such as `SpectralNormalization`. A dense
            layer applied at every place of a map is a convolution; `"tokens"` are a transformer's,
            laid out as maps (`networks.tokens`). A convolution whose output is not (height, width,
            channels), such as a `Conv3D`, is `"other"`.
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
    layer = inner(step.operation)
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
        parameters=_parameters(step.operation),
    )


def _parameters(operation: Any) -> int:
    return int(operation.count_params()) if isinstance(operation, keras.layers.Layer) else 0


def _kind(layer: Any, shape: tuple[int, ...]) -> Kind:
    if len(shape) == 3:
        if isinstance(layer, keras.layers.DepthwiseConv2D):
            return "depthwise convolution"
        if isinstance(layer, (*_CONVOLUTIONS, keras.layers.Dense)):
            return "convolution"
        if isinstance(layer, TokenMaps):
            return "tokens"
    if isinstance(layer, keras.layers.Dense):
        return "dense" if len(shape) == 1 else "dense on a sequence"
    return "pooling" if "Pooling" in type(layer).__name__ else "other"


def without_maps(graph: Graph) -> tuple[str, ...]:
    """Convolutions whose output is not (height, width, channels), and why they have no maps.

    Returns:
        A clause each, such as `"c3d (Conv3D): its output has shape (62, 62, 1, 4)"`.
    """
    found = []
    for step in graph.steps:
        layer, shape = inner(step.operation), graph.shape(step.name)
        if "Conv" in type(layer).__name__ and hasattr(layer, "kernel_size") and len(shape) != 3:
            kind = type(layer).__name__
            if layer is not step.operation:
                kind = f"{kind} in {type(step.operation).__name__}"
            found.append(f"{step.name} ({kind}): its output has shape {shape}")
    return tuple(found)
