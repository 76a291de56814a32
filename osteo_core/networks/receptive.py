"""How much of the input a place in a feature map can see."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from osteo_core.errors import ModelError
from osteo_core.networks.ends import inner
from osteo_core.networks.graph import Graph, Step

Pair = tuple[int, int]

# Each output place depends on the same place (or channel) of the input only.
_POINTWISE = frozenset(
    {
        *("Dense", "Rescaling", "Normalization", "Identity", "Cast", "ZeroPadding2D", "Cropping2D"),
        *("BatchNormalization", "LayerNormalization", "ActivityRegularization"),
        *("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate"),
        *("Divide", "TrueDivide", "Negative", "Absolute", "Clip"),
        *("Activation", "ReLU", "LeakyReLU", "PReLU", "ELU", "Softmax", "Relu", "Relu6", "Elu"),
        *("Sigmoid", "HardSigmoid", "Silu", "HardSilu", "Gelu", "Selu", "Tanh", "Softplus"),
        *("Dropout", "SpatialDropout2D", "GaussianNoise", "GaussianDropout", "AlphaDropout"),
        *("RandomFlip", "RandomRotation", "RandomZoom", "RandomTranslation", "RandomContrast"),
        "RandomBrightness",
    }
)


@dataclass(frozen=True)
class Field:
    """The receptive field of one place of a feature map, in input pixels.

    Attributes:
        size: Height and width seen, in theory, by one place; may exceed the input's own size.
        stride: Distance between what two neighbouring places see, vertically and horizontally.
    """

    size: Pair
    stride: tuple[Fraction, Fraction]


def receptive_fields(graph: Graph) -> dict[str, Field | None]:
    """Receptive field of every tensor of a flat network.

    Args:
        graph: The network's graph.

    Returns:
        By tensor name; None where a place sees the whole input (behind global pooling, flattening,
        squeeze-and-excite) or where a layer's reach is not known.

    Reference:
        Araujo, Norris and Sim 2019, Computing Receptive Fields of Convolutional Neural Networks,
        eq. 2: size += (kernel - 1) × stride so far, the greatest over all paths.
    """
    one = Fraction(1)
    fields: dict[str, Field | None] = {graph.input: Field((1, 1), (one, one))}
    for step in graph.steps:
        found = _widest([fields[name] for name in step.inputs])
        spatial = len(graph.shape(step.name)) == 3
        behind = _behind(step, found) if found and spatial else None
        fields.update(dict.fromkeys(step.outputs, behind))
    return fields


def receptive_field(model: Any, layer: str) -> tuple[int, int, int]:
    """Receptive field of one place in a layer's feature maps.

    Args:
        model: A flat functional `keras.Model`.
        layer: Name of a layer with feature maps.

    Returns:
        Height, width and stride, in input pixels. VGG19's `block5_conv4` gives (252, 252, 16).

    Raises:
        ModelError: No such layer, or a place of it sees the whole input.
    """
    fields = receptive_fields(Graph.of(model))
    if layer not in fields:
        raise ModelError(f"Expected the name of a layer of {model.name}. Received: {layer!r}.")
    field = fields[layer]
    if field is None:
        raise ModelError(
            "Expected a layer whose places see a part of the input. "
            f"Received: {layer!r}, which sees all of it."
        )
    return (*field.size, int(max(field.stride)))


def _widest(fields: Sequence[Field | None]) -> Field | None:
    known = [field for field in fields if field is not None]
    if not known or len(known) < len(fields):
        return None
    return Field(
        (max(f.size[0] for f in known), max(f.size[1] for f in known)),
        (max(f.stride[0] for f in known), max(f.stride[1] for f in known)),
    )


def _behind(step: Step, field: Field) -> Field | None:
    """The field behind one step, given the field in front of it."""
    layer = inner(step.operation)
    name = type(layer).__name__
    if name == "UpSampling2D":
        up, down = _pair(layer.size)
        return Field(field.size, (field.stride[0] / up, field.stride[1] / down))
    if name == "Conv2DTranspose":
        return _transposed(field, _pair(layer.kernel_size), _pair(layer.strides))
    window = getattr(layer, "kernel_size", None) or getattr(layer, "pool_size", None)
    if window is not None:
        dilation = _pair(getattr(layer, "dilation_rate", 1))
        return _slid(field, _pair(window), _pair(layer.strides), dilation)
    return field if name in _POINTWISE else None


def _slid(field: Field, window: Pair, strides: Pair, dilation: Pair) -> Field:
    grown = [
        size + (kernel - 1) * spread * jump
        for size, kernel, spread, jump in zip(
            field.size, window, dilation, field.stride, strict=True
        )
    ]
    jumps = (field.stride[0] * strides[0], field.stride[1] * strides[1])
    return Field((int(grown[0]), int(grown[1])), jumps)


def _transposed(field: Field, window: Pair, strides: Pair) -> Field:
    reach = [-(-kernel // stride) - 1 for kernel, stride in zip(window, strides, strict=True)]
    size = (
        int(field.size[0] + reach[0] * field.stride[0]),
        int(field.size[1] + reach[1] * field.stride[1]),
    )
    return Field(size, (field.stride[0] / strides[0], field.stride[1] / strides[1]))


def _pair(value: Any) -> Pair:
    if isinstance(value, int):
        return value, value
    return int(value[0]), int(value[1])
