"""What a way to make a heat map is, what it is asked, and what it answers."""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from osteo_core.errors import ModelError

if TYPE_CHECKING:
    from osteo_core.engine import Engine
    from osteo_core.reading import Reading

Values = npt.NDArray[np.float32]
Family = Literal["cam", "gradient", "perturbation"]
Explains = Literal["logit", "probability"]
INPUT = "input"  # the network's own input, asked about as if it were a layer

# Yields the share done, 0..1, between steps of well under a second each; may be left after any.
Steps = Generator[float, None, "Explanation"]


@dataclass(frozen=True, eq=False)
class Explanation:
    """What a method makes of a reading.

    Attributes:
        values: float32 (h, w), raw.
        empty_reason: One sentence where the map shows nothing, saying why; else None.
        figures: What the method measured of its own work, such as an error that should be small.
    """

    values: Values
    empty_reason: str | None = None
    figures: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Parameter:
    """A setting of a method.

    Attributes:
        name: As in `heatmap(..., parameters={name: value})`.
        title: As on the screen.
        default: Its value when not given; of the type that is expected.
        low: Least value of a number.
        high: Greatest value of a number.
        choices: The values that a text may have.
        help: One sentence on what it does.
    """

    name: str
    title: str
    default: int | float | str
    low: float = 0.0
    high: float = float("inf")
    choices: tuple[str, ...] = ()
    help: str = ""

    def check(self, value: Any) -> int | float | str:
        """Return a value as the method takes it.

        Raises:
            ModelError: Another type, out of range, or not among the choices.
        """
        if self.choices:
            if value in self.choices:
                return str(value)
            raise ModelError(
                f"Expected {self.name} to be one of {', '.join(self.choices)}. Received: {value!r}."
            )
        kind = type(self.default)
        whole = kind is float or float(value).is_integer() if _is_number(value) else False
        if not whole or not self.low <= value <= self.high:
            what = "a whole number" if kind is int else "a number"
            raise ModelError(
                f"Expected {self.name} to be {what} from {self.low:g} to {self.high:g}. "
                f"Received: {value!r}."
            )
        return kind(value)


@dataclass(frozen=True)
class Question:
    """What a method is asked about a reading.

    Attributes:
        layer: A layer with maps, or `INPUT`.
        target: The class that is explained.
        against: The class it is held against: the score is then the difference of the two logits.
        parameters: A value for every parameter of the method.
    """

    layer: str
    target: str
    against: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def score(self) -> str:
        """The score in words, for sentences."""
        return f"{self.target} rather than {self.against}" if self.against else self.target


@dataclass(frozen=True)
class Method:
    """A way to make a heat map.

    Attributes:
        name: How it is called for.
        title: How it is written.
        family: What it is made from.
        signed: Whether its values can be negative, meaning evidence against the class.
        at_input: Whether it can be asked about the input; by default it then is.
        differentiates: What is differentiated, or run instead, in a clause.
        reference: Where it was published.
        deviation: Where this differs from the paper, in one or two sentences; "" if nowhere.
        parameters: Its settings.
        explains: The score that its values are of.
        explain: Makes the map, step by step.
        cost: Estimates its forward passes from a reading, a gradient counted as what it takes.
        takes_activations: Whether it adds up activations as they are. It then starts at the last
            maps, behind their activation: a convolution that leaves normalisation and activation
            to later layers is mostly below zero, and what is below zero is cut off.
    """

    name: str
    title: str
    family: Family
    signed: bool
    at_input: bool
    differentiates: str
    reference: str
    explain: Callable[["Reading", Question], Steps]
    cost: Callable[["Engine", Question], float]
    deviation: str = ""
    parameters: tuple[Parameter, ...] = ()
    explains: Explains = "logit"
    takes_activations: bool = False

    def settings(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Fill in what is not given.

        Raises:
            ModelError: A parameter that the method does not have, or a bad value.
        """
        known = {parameter.name: parameter for parameter in self.parameters}
        for name in given:
            if name not in known:
                raise ModelError(
                    f"Expected a parameter of {self.title}: {', '.join(known) or 'it has none'}. "
                    f"Received: {name!r}."
                )
        return {name: p.check(given.get(name, p.default)) for name, p in known.items()}

    def offered(self, engine: "Engine") -> bool:
        """Whether there is anything in a network that it can be asked about."""
        return self.at_input or bool(engine.conv_layers)

    def default_layer(self, engine: "Engine") -> str:
        """What it is asked about when no layer is named."""
        if self.at_input:
            return INPUT
        return engine.last_maps if self.takes_activations else engine.default_layer

    def layers(self, engine: "Engine") -> tuple[str, ...]:
        """What it is offered for: every convolution, and what it starts with, in order."""
        names = (*engine.conv_layers, self.default_layer(engine))
        order = [INPUT, *(layer.name for layer in engine.layers)]
        return tuple(name for name in order if name in names)

    def check_layer(self, engine: "Engine", layer: str) -> str:
        """Return a layer's name if the method can be asked about it.

        Raises:
            ModelError: No such layer, it has no maps, or the method cannot be asked about the
                input.
        """
        if layer != INPUT:
            return engine.check_has_maps(layer)
        if not self.at_input:
            raise ModelError(
                f"Expected a layer with feature maps for {self.title}"
                f"{', such as ' + engine.default_layer if engine.conv_layers else ''}. "
                "Received: the network's input."
            )
        return layer


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
