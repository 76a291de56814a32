"""Weights are made as large as what is stored for them, whatever a stranger's settings ask for."""

import inspect
import math
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import keras

from osteo_core.model_files.limits import Unreadable
from osteo_core.model_files.settings import described, registered

_SPARE = 1_024  # numbers that Keras makes and does not store: a scale, a count


class _Budget:
    def __init__(self, left: int) -> None:
        self.left = left


_budget: ContextVar[_Budget | None] = ContextVar("stored", default=None)


@keras.saving.register_keras_serializable("osteo")
class Stored(keras.initializers.Initializer):  # type: ignore[misc]
    """Zeros, to be overwritten by what the file has stored, and no more than that in all."""

    def __call__(self, shape: Any, dtype: Any = None, **_: Any) -> Any:
        """Zeros of a shape.

        Raises:
            Unreadable: More are asked for than the file holds.
        """
        budget = _budget.get()
        if budget is not None:
            budget.left -= math.prod(shape)
            if budget.left < 0:
                raise Unreadable(
                    "its settings ask for more weights than it holds "
                    f"(one of shape {' × '.join(map(str, shape))})",
                )
        return keras.ops.zeros(shape, dtype)


@contextmanager
def at_most(numbers: int) -> Iterator[None]:
    """While it lasts, `Stored` gives out no more than so many numbers in all.

    Args:
        numbers: How many the file has stored.
    """
    token = _budget.set(_Budget(numbers + _SPARE))
    try:
        yield
    finally:
        _budget.reset(token)


def use_stored(config: Any) -> None:
    """Let every layer that settings describe make its weights by `Stored`; changed in place.

    What costs time and changes no answer is switched off too: loops over a sequence written out,
    states kept from tile to tile, training aids that are merged into the weights.
    """
    for part in described(config):
        kind, inner = getattr(keras.layers, part["class_name"], None), part.get("config")
        if not isinstance(inner, dict) or registered(part):
            continue
        if isinstance(kind, type):
            use_stored_in(kind, inner)
        else:
            check_counts(inner)
        inner.pop("lora_rank", None)
        for key in ("unroll", "stateful"):
            if key in inner:
                inner[key] = False


def use_stored_in(kind: type, inner: dict[str, Any]) -> None:
    """Set every initializer that a layer's class takes; changed in place."""
    for key in inspect.signature(kind).parameters:
        if key.endswith("_initializer"):
            inner[key] = {
                "module": None,
                "class_name": "Stored",
                "config": {},
                "registered_name": "osteo>Stored",
            }


def check_counts(inner: dict[str, Any]) -> None:
    """Refuse a count above what is stored, for a layer that makes its weights by itself.

    Raises:
        Unreadable: There is one.
    """
    budget = _budget.get()
    for key, value in inner.items():
        if budget and key != "seed" and isinstance(value, int) and value > budget.left:
            raise Unreadable(f"its {key!r} asks for more weights than it holds ({value:,})")


def forget_stored(model: Any) -> None:
    """Put Keras' own zeros in the place of `Stored`, so that others can read the model's settings.

    Args:
        model: A built model; changed in place.
    """
    for layer in model._flatten_layers():
        for key, value in list(vars(layer).items()):
            if isinstance(value, Stored):
                setattr(layer, key, keras.initializers.Zeros())
