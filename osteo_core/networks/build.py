"""The two architectures of the papers, as flat functional graphs with Keras' own layer names."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from math import prod
from pathlib import Path
from typing import Any

import keras
from keras import layers

from osteo_core.errors import RecipeError

LOGITS = "logits"
PROBABILITIES = "probabilities"
MOST_SIDE = 2048  # px, where one layer's maps of VGG19 take a gigabyte
MOST_LAYERS = 16
MOST_HEAD_WEIGHTS = 250_000_000  # a gigabyte; VGG19's own head has half of it


@dataclass(frozen=True)
class Head:
    """What stands on the convolution base.

    Attributes:
        pooling: `"avg"` (one mean a channel) or `"flatten"` (every place kept, as paper 000 does).
        units: Widths of the fully connected layers, named `fc1`, `fc2`, ...
        dropout: Share of units dropped behind each of them while training, 0..1.
    """

    pooling: str
    units: tuple[int, ...]
    dropout: float


@dataclass(frozen=True)
class Base:
    """A convolution base.

    Attributes:
        make: Builds it from an input size `(h, w)` and `"imagenet"` or None, flat, without top.
        end: Name of its last layer; the head begins behind it.
        licence: Licence of the ImageNet weights that networks on this base start from.
        channels: Of the last layer's maps, which have a 32nd of the input's sides.
    """

    make: Callable[[tuple[int, int], str | None], Any]
    end: str
    licence: str = "unknown"
    channels: int = 512


def _vgg19(input_size: tuple[int, int], weights: str | None) -> Any:
    return keras.applications.VGG19(
        include_top=False, weights=weights, input_shape=(*input_size, 3)
    )


def _mobilenetv2(input_size: tuple[int, int], weights: str | None) -> Any:
    return keras.applications.MobileNetV2(
        include_top=False, weights=weights, input_shape=(*input_size, 3)
    )


BASES = {
    "vgg19": Base(_vgg19, end="block5_pool", licence="CC BY 4.0"),
    "mobilenetv2": Base(_mobilenetv2, end="out_relu", licence="Apache-2.0", channels=1280),
}
# The papers' own heads: 000 (after Anisuzzaman et al. 2021) and 001 (Chu and Khan).
HEADS = {
    "vgg19": Head(pooling="avg", units=(512, 1024), dropout=0.5),
    "mobilenetv2": Head(pooling="avg", units=(100,), dropout=0.3),
}


def build_network(
    architecture: str,
    n_classes: int,
    input_size: tuple[int, int],
    head: Head | None = None,
    backbone_weights: Path | str | None = None,
) -> Any:
    """Build an untrained classifier.

    The graph is flat: the base's layers are layers of the network itself, so `block1_conv2` is
    found under that name. It ends in a linear `Dense` named `logits` and a softmax named
    `probabilities`; its input is already preprocessed (see `networks.preprocessing`).

    Args:
        architecture: A key of `BASES`.
        n_classes: Number of classes, two or more.
        input_size: Height and width, in pixels.
        head: What stands on the base; the architecture's own of `HEADS` when not given.
        backbone_weights: A weights file of the same base without its top, or `"imagenet"` for
            Keras' own download; random when not given.

    Returns:
        A `keras.Model`, input `(n, h, w, 3)`, output `(n, n_classes)` summing to 1.

    Raises:
        RecipeError: Unknown architecture or pooling, or sizes that no memory holds.

    Reference:
        Simonyan and Zisserman 2014, arXiv:1409.1556; Sandler et al. 2018, arXiv:1801.04381.
    """
    if architecture not in BASES:
        raise RecipeError(
            f"Architecture must be one of {', '.join(BASES)}. Received: {architecture!r}."
        )
    head = head or HEADS[architecture]
    check_sizes(BASES[architecture], n_classes, input_size, head)
    download = "imagenet" if backbone_weights == "imagenet" else None
    base = BASES[architecture].make(input_size, download)
    if backbone_weights is not None and download is None:
        base.load_weights(str(backbone_weights))
    return keras.Model(
        base.input,
        _add_head(base.outputs[0], n_classes, head),
        name=architecture,
    )


def check_sizes(base: Base, n_classes: int, input_size: tuple[int, int], head: Head) -> None:
    """Make sure that a network can be built, before any of it is.

    Raises:
        RecipeError: A side, a width or the number of weights is out of bounds.
    """
    if not all(1 <= side <= MOST_SIDE for side in input_size):
        raise RecipeError(
            f"Input sides must be 1 to {MOST_SIDE} px. "
            f"Received: {' × '.join(map(str, input_size))}."
        )
    if n_classes < 2 or any(width < 1 for width in head.units):
        raise RecipeError(
            "A head must have two classes or more and layers of one unit or more. "
            f"Received: {n_classes} classes, layers of {list(head.units)[:9]}."
        )
    if not 0 <= head.dropout < 1:
        raise RecipeError(f"Dropout must be 0 or more and below 1. Received: {head.dropout}.")
    places = prod(side // 32 for side in input_size) if head.pooling == "flatten" else 1
    widths = [base.channels * places, *head.units, n_classes]
    weights = sum(a * b for a, b in pairwise(widths))
    if len(head.units) > MOST_LAYERS or weights > MOST_HEAD_WEIGHTS:
        raise RecipeError(
            f"A head must have at most {MOST_LAYERS} layers and {MOST_HEAD_WEIGHTS:,} weights. "
            f"Received: {len(head.units)} layers, {weights:,} weights."
        )


def _add_head(features: Any, n_classes: int, head: Head) -> Any:
    x = _pooling(head.pooling)(features)
    for number, width in enumerate(head.units, start=1):
        x = layers.Dense(width, activation="relu", name=f"fc{number}")(x)
        x = layers.Dropout(head.dropout, name=f"dropout{number}")(x)
    x = layers.Dense(n_classes, name=LOGITS)(x)
    return layers.Softmax(name=PROBABILITIES)(x)


def _pooling(kind: str) -> Any:
    if kind == "avg":
        return layers.GlobalAveragePooling2D(name="avg_pool")
    if kind == "flatten":
        return layers.Flatten(name="flatten")
    raise RecipeError(f"Pooling must be 'avg' or 'flatten'. Received: {kind!r}.")
