"""What must hold of every network that is opened: finite weights, and one answer by every way."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from osteo_core.errors import ModelError, NotFiniteModelError
from osteo_core.networks.graph import ordered_nodes
from osteo_core.networks.head import Headed
from osteo_core.networks.preprocessing import normalise

TOLERANCE = 1e-4  # of a probability; more only where the network itself rounds to short floats
Batch = npt.NDArray[np.float32]


def check_weights(model: Any) -> None:
    """Refuse a network with weights that are no numbers.

    Args:
        model: A `keras.Model`, nested or flat.

    Raises:
        NotFiniteModelError: Some weight is NaN or infinite; the first such layer is named.
    """
    for layer in _leaves(model):
        for weight in getattr(layer, "weights", ()):
            values = keras.ops.convert_to_numpy(weight)
            wrong = int(np.count_nonzero(~np.isfinite(values)))
            if wrong:
                raise NotFiniteModelError(
                    f"Expected weights that are numbers. Received: {layer.name!r} "
                    f"({type(layer).__name__}), where {wrong:,} of the {values.size:,} values of "
                    f"its {weight.name} are NaN or infinite; train the network again or take an "
                    "earlier file."
                )


def _leaves(model: Any) -> list[Any]:
    found: list[Any] = []
    for node in ordered_nodes(model.inputs, model.outputs):
        nested = isinstance(node.operation, (keras.Function, keras.Sequential))
        found.extend(_leaves(node.operation) if nested else [node.operation])
    return found


def probe(size: tuple[int, int], preprocessing: str, rows: int) -> Batch:
    """Inputs to compare answers on: the same each time, pixels with structure at several sizes.

    Args:
        size: Height and width of the network's input.
        preprocessing: How the network takes its pixels.
        rows: How many.

    Returns:
        float32 `(rows, height, width, 3)`, preprocessed.
    """
    random = np.random.default_rng(0)
    height, width = size
    coarse = random.uniform(0, 255, (rows, -(-height // 16), -(-width // 16), 3))
    pixels = coarse.repeat(16, axis=1).repeat(16, axis=2)[:, :height, :width]
    pixels = np.clip(pixels + random.normal(0, 30, pixels.shape), 0, 255)
    return np.asarray(normalise(pixels, preprocessing), np.float32)


def check_agreement(model: Any, headed: Headed, batch: Batch, answers: Mapping[str, Batch]) -> None:
    """Refuse a network that is read differently from what Keras makes of it.

    Args:
        model: The network as it was given.
        headed: What was made of it.
        batch: Preprocessed inputs, as many as the network wants at once.
        answers: By the way they were come by, probabilities `(n, classes)` of the first n inputs.

    Raises:
        ModelError: Keras cannot run it, its answers are not finite, or two ways give answers that
            lie further apart than `TOLERANCE`.
    """
    wanted = _by_keras(model, headed, batch)
    tolerance = max(TOLERANCE, headed.graph.rounds)
    finite = np.asarray(np.isfinite(wanted).all(axis=1))
    if not finite.any():
        raise NotFiniteModelError(
            "Expected answers that are numbers. Received: "
            f"{model.name!r} answers NaN to every test input, though its weights are finite."
        )
    for way, given in answers.items():
        apart = np.abs(given - wanted[: len(given)])[finite[: len(given)]]
        if not apart.max(initial=0.0) <= tolerance:
            raise ModelError(
                f"Expected {way} and Keras to give the same probabilities for {model.name!r}, to "
                f"{tolerance:g}. Received: up to {apart.max():.2g} apart on test inputs, so its "
                "explanations would be of another network."
            )


def _by_keras(model: Any, headed: Headed, batch: Batch) -> npt.NDArray[np.float32]:
    """Probabilities `(n, classes)` by the network as it was given."""
    try:
        raw = model(batch, training=False)
    except Exception as error:  # somebody else's layers may fail in any way
        why = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise ModelError(
            f"Expected a network that Keras can run. Received: {model.name!r}: {why[:200]}"
        ) from error
    raw = raw[0] if isinstance(raw, (list, tuple)) else raw
    raw = next(iter(raw.values())) if isinstance(raw, dict) else raw
    made = np.asarray(keras.ops.convert_to_numpy(headed.probabilities_of(raw)), np.float32)
    return np.concatenate([1 - made, made], axis=1) if headed.kind == "sigmoid" else made
