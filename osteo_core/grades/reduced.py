"""Slow methods at less effort, for the checks that make a map again and again."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from osteo_core.explain import Method, Question, find_method

if TYPE_CHECKING:
    from osteo_core.engine import Engine

_QUICK = 6.0  # forward passes up to which a method is made again as it is
_LESS = {
    "smoothgrad": {"samples": 2},
    "integrated_gradients": {"steps": 2},
    "scorecam_fast": {"channels": 3},
    "occlusion": {"grid": 6, "window": 1},
    "rise": {"masks": 48},
}
# A mean over random draws, of which fewer are drawn: the map itself is the best estimate of it.
_MEANS = ("smoothgrad", "rise")
_INSTEAD = {"scorecam": "scorecam_fast"}


@dataclass(frozen=True)
class Effort:
    """How a map is made again.

    Attributes:
        method: Name of the method.
        parameters: Its settings.
        words: What was reduced, in a sentence; "" where nothing was.
    """

    method: str
    parameters: Mapping[str, Any]
    words: str = ""

    @property
    def is_reduced(self) -> bool:
        """Whether it differs from how the map itself was made."""
        return bool(self.words)

    @property
    def needs_original(self) -> bool:
        """Whether the map itself must be made again, to be compared with its like."""
        return self.is_reduced and self.method not in _MEANS


def effort(engine: "Engine", method: Method, asked: Question) -> Effort:
    """Choose how a map is made again under changes of the tile and of the network.

    Args:
        engine: The network.
        method: The method.
        asked: The question, with a value for every parameter.
    """
    given = dict(asked.parameters)
    if method.cost(engine, asked) <= _QUICK:
        return Effort(method.name, given)
    name = _INSTEAD.get(method.name, method.name)
    less = _smaller(given, _LESS.get(name, {}))
    if not less:
        return Effort(method.name, given)
    known = {parameter.name for parameter in find_method(name).parameters}
    parameters = {key: value for key, value in {**given, **less}.items() if key in known}
    told = ", ".join(f"{key} {value}" for key, value in less.items())
    instead = f"{find_method(name).title}, " if name != method.name else ""
    words = f"For speed the map was made again with {instead}{told}, and the network was "
    words += "randomised once, as a whole."
    return Effort(name, parameters, words)


def _smaller(given: Mapping[str, Any], less: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in less.items() if key not in given or value < given[key]}
