"""A network that forgets from the top: a copy whose layers are drawn anew, stage by stage.

The network itself is never changed. One copy is kept for each network and its weights are put in
place for as long as one step of work takes, so that nothing is compiled twice and memory is that
of one copy.
"""

import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from osteo_core.engine import Engine


@dataclass(frozen=True)
class Stage:
    """How far a network is randomised.

    Attributes:
        name: The metric that it gives.
        layers: Names of the layers drawn anew, those of the stages before included.
    """

    name: str
    layers: tuple[str, ...]


def stages(engine: "Engine") -> tuple[Stage, ...]:
    """The stages of a network, from the top: logits, dense layers, last block, everything.

    The last block is every layer whose maps are as large as those of the last convolution. A stage
    that would add no layer is left out; the last is always there.
    """
    weighted = [step.name for step in engine.graph.steps if _is_learnt(step.operation)]
    dense = set(engine.dense_layers)
    block = set()
    if engine.conv_layers:
        size = engine.graph.shape(engine.default_layer)[:2]
        block = {name for name in weighted if engine.graph.shape(name)[:2] == size}
    wanted = (
        ("randomised_logits", {engine.logits_layer}),
        ("randomised_dense", dense),
        ("randomised_block", block),
        ("randomised_all", set(weighted)),
    )
    found: list[Stage] = []
    reached: set[str] = set()
    for name, layers in wanted:
        more = layers & set(weighted)  # logits may be a tensor that no layer with weights makes
        if name == "randomised_all" or not more <= reached:
            reached |= more
            found.append(Stage(name, tuple(n for n in weighted if n in reached)))
    return tuple(found)


class Randomised:
    """A network's copy that can be put to any stage.

    Safe on threads: what runs inside `at` has the copy to itself. Keep that short.

    Args:
        engine: The network.
        seed: Of the weights drawn.

    Attributes:
        stages: See `stages`.

    Reference:
        Adebayo et al. 2018, arXiv:1810.03292, section 3, cascading randomisation. Kernels are
        drawn from a uniform distribution of mean 0 and variance 1 / fan-in (LeCun 1998), so that
        signals neither vanish nor saturate in any architecture; offsets become 0, scales and
        variances 1. The paper uses each layer's own initialiser.
    """

    def __init__(self, engine: "Engine", seed: int) -> None:
        from osteo_core.engine import Engine

        self.stages = stages(engine)
        self._seed = seed
        self._original = engine.network
        self._copy = Engine(
            engine.network,
            name=f"{engine.name}, randomised",
            digest=f"{engine.digest}-randomised-{seed}",
            classes=engine.classes,
            preprocessing=engine.preprocessing,
            input_size=engine.input_size,
            checked=True,
        )
        self._lock = threading.RLock()
        self._random: frozenset[str] = frozenset()  # layers drawn anew at present

    @contextmanager
    def at(self, stage: Stage) -> Iterator["Engine"]:
        """Hold the copy at one stage."""
        with self._lock:
            self._put(frozenset(stage.layers))
            yield self._copy

    def _put(self, wanted: frozenset[str]) -> None:
        for name in wanted - self._random:
            layer = self._copy.network.get_layer(name)
            for variable in layer.weights:
                variable.assign(_drawn(layer, variable, self._seed))
        for name in self._random - wanted:
            ours = self._copy.network.get_layer(name).weights
            theirs = self._original.get_layer(name).weights
            for variable, original in zip(ours, theirs, strict=True):
                variable.assign(original)
        self._random = wanted


def _is_learnt(operation: Any) -> bool:
    """Whether it has weights; those of a `Normalization` are part of the preprocessing."""
    return bool(getattr(operation, "weights", ())) and type(operation).__name__ != "Normalization"


def _drawn(layer: Any, variable: Any, seed: int) -> Any:
    shape = tuple(variable.shape)
    if len(shape) < 2:
        is_scale = variable.name in ("gamma", "moving_variance")
        return np.full(shape, float(is_scale), np.float32)
    # A depthwise kernel (h, w, channels, multiplier) sees one channel.
    is_depthwise = "Depthwise" in type(layer).__name__ or variable.name == "depthwise_kernel"
    fan_in = int(np.prod(shape[:2] if is_depthwise else shape[:-1]))
    # By name, so that a layer's weights are the same at every stage.
    random = np.random.default_rng([seed, zlib.crc32(f"{layer.name}/{variable.name}".encode())])
    return (random.random(shape, np.float32) * 2 - 1) * np.float32(np.sqrt(3 / fan_in))
