"""A loaded network made readable: built once, shared by all who use it, safe on threads."""

import threading
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from osteo_core.errors import ModelError
from osteo_core.networks.activations import Activations
from osteo_core.networks.agreement import check_agreement, check_weights, probe
from osteo_core.networks.backward import Backward
from osteo_core.networks.flatten import flatten
from osteo_core.networks.graph import Graph
from osteo_core.networks.head import Headed, expose_logits
from osteo_core.networks.layers import LayerInfo, describe_layers
from osteo_core.networks.pieces import Pieces
from osteo_core.networks.preprocessing import check_preprocessing, prepare
from osteo_core.networks.sweep import Sweep
from osteo_core.reading import Reading
from osteo_core.tiles import Tile
from osteo_core.units import Unit

if TYPE_CHECKING:
    from osteo_core.bundles import Card

Keep = Literal["stages", "convolutions"]
Batch = npt.NDArray[np.float32]


class Engine:
    """A trained network in memory.

    Args:
        model: A built `keras.Model` in any shape that `flatten` reads; it is copied.
        name: What to call the network.
        digest: Identity of its weights.
        classes: Class names in the order of its outputs; for one sigmoid unit, no and then yes.
        preprocessing: A key of `networks.preprocessing.PREPROCESSING`.
        card: The bundle's card, if there is one.
        input_size: Height and width, for a network that leaves them open.
        checked: Whether the network is a copy of one that was opened before.

    Raises:
        ModelError: The network cannot be read, the classes do not fit its outputs, its weights are
            not finite, or it does not give the same answers here as in Keras.

    Attributes:
        network: The flat functional `keras.Model`, preprocessed input to probabilities.
        logits_layer: Name of the tensor that the final activation takes; that of the layer which
            makes it, where it is the layer's only output.
        output: What the network's output is and what is called a logit, in one sentence.
        softmax_added: Whether the final activation is ours: the network itself ends in scores.
        input_size: Height and width, in pixels.
        layers: What is known of every layer, in order.
        memo: What others worked out from the weights and want to keep as long as the network.
    """

    def __init__(
        self,
        model: Any,
        *,
        name: str,
        digest: str,
        classes: Sequence[str],
        preprocessing: str,
        card: "Card | None" = None,
        input_size: tuple[int, int] | None = None,
        checked: bool = False,
    ) -> None:
        self.name = name
        self.digest = digest
        self.preprocessing = check_preprocessing(preprocessing)
        self.card = card
        flat = flatten(model, input_size)
        if not checked:
            check_weights(flat)
        headed = expose_logits(flat)
        self.classes = _checked(classes, headed.n_classes)
        self.network = headed.network
        self.logits_layer = headed.logits
        self.output = headed.sentence
        self.softmax_added = headed.gives == "scores"
        self._pieces = Pieces(headed)
        self._lock = threading.RLock()
        graph = self._pieces.graph
        self._backward = Backward(graph)
        self.memo: dict[Any, Any] = {}
        self.input_size: tuple[int, int] = graph.shape(graph.input)[:2]  # type: ignore[assignment]
        self.layers: tuple[LayerInfo, ...] = describe_layers(graph)
        self._by_name = {layer.name: layer for layer in self.layers}
        self._behind_logits = graph.downstream(self.logits_layer)
        if not checked:
            self._check_agreement(model, headed)

    @property
    def graph(self) -> Graph:
        """The network's steps and what feeds what."""
        return self._pieces.graph

    @property
    def unit_layers(self) -> tuple[str, ...]:
        """Names of the layers whose channels or neurons are units: convolutions and dense ones.

        In order; the logits are the last.
        """
        kinds = ("convolution", "depthwise convolution", "dense")
        return tuple(layer.name for layer in self.layers if layer.kind in kinds)

    @property
    def conv_layers(self) -> tuple[str, ...]:
        """Names of the convolutions, in order."""
        kinds = ("convolution", "depthwise convolution")
        return tuple(layer.name for layer in self.layers if layer.kind in kinds)

    @property
    def dense_layers(self) -> tuple[str, ...]:
        """Names of the fully connected layers, in order; the logits are the last."""
        return tuple(layer.name for layer in self.layers if layer.kind == "dense")

    @property
    def default_layer(self) -> str:
        """The last convolution.

        Raises:
            ModelError: The network has none.
        """
        if not self.conv_layers:
            raise ModelError(
                f"Expected a network with a convolution. Received: {self.name}, which has none."
            )
        return self.conv_layers[-1]

    @property
    def last_maps(self) -> str:
        """The last layer with feature maps before they are pooled or flattened.

        The last convolution where that applies its own activation, as in VGG19; behind its
        normalisation, activation or merge where these are layers of their own: `out_relu` in
        MobileNetV2, whose `Conv_1` itself is below zero nearly everywhere.

        Raises:
            ModelError: The network has no convolution.
        """
        last = self.default_layer
        for layer in self.layers:  # in order: the last that fits stays
            is_map = len(layer.shape) == 3 and layer.shape[0] * layer.shape[1] > 1
            if is_map and layer.kind != "pooling" and layer.name not in self._behind_logits:
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
        """Return a layer's name if its output is feature maps that the logits depend on.

        Raises:
            ModelError: No such layer, or it has no maps.
        """
        shape = self.layer(name).shape
        if len(shape) != 3:
            raise ModelError(
                "Expected a layer with feature maps (height, width, channels), such as "
                f"{self.default_layer}. Received: {name!r} of shape {shape}."
            )
        return self.check_before_logits(name)

    def prepare(self, tile: Tile) -> Batch:
        """A tile as the network takes it, float32 (1, h, w, 3)."""
        return prepare(tile.pixels, self.input_size, self.preprocessing)

    def read(self, tile: Tile, keep: Keep = "stages") -> Reading:
        """Run the network once and keep what is needed to look at any layer.

        Args:
            tile: The tile; stretched to the network's input size.
            keep: `"stages"` keeps the smallest tensor of each resolution, the last convolution and
                the fully connected layers; any other layer is made when asked for, by running one
                stage. `"convolutions"` keeps every convolution's maps, about ten times the memory.

        Returns:
            The reading.
        """
        prepared = self.prepare(tile)
        activations = Activations.of(self._pieces, self._lock, prepared, self._kept(keep))
        return Reading(self, activations, tile.sha256, tile.name)

    def _check_agreement(self, model: Any, headed: Headed) -> None:
        """Refuse a network to which `read`, `predict` and Keras do not give the same answers."""
        # One input for a network of our own, in whose layers inputs cannot mix: it is opened often.
        rows = model.inputs[0].shape[0] or (1 if self.card else 2)
        batch = probe(self.input_size, self.preprocessing, rows)
        read = Activations.of(self._pieces, self._lock, batch[:1], self._kept("stages"))
        output = self._pieces.told(read.tensor(self.graph.output))
        answers = {
            "Engine.read": read.probabilities()[None],
            "Engine.predict": np.asarray(output) if self.card else self.forward(batch),
        }
        check_agreement(model, headed, batch, answers)

    def _kept(self, keep: Keep) -> list[str]:
        convolutions = self.conv_layers if keep == "convolutions" else self.conv_layers[-1:]
        return [*convolutions, *self.dense_layers, self.graph.output]

    def sweep(self, activations: Activations) -> Sweep:
        """The way back through a tile's activations, for all classes at once."""
        return Sweep(self._backward, activations, self.unit_layers)

    def forward(self, batch: Batch) -> Batch:
        """The plain compiled forward pass.

        Args:
            batch: float32 (n, h, w, 3), preprocessed.

        Returns:
            Probabilities, float32 (n, classes).
        """
        with self._lock:
            probabilities = self._pieces.forward(batch)
        return np.asarray(probabilities)

    def predict(self, tiles: Iterable[Tile], batch_size: int = 16) -> Batch:
        """Class probabilities of many tiles.

        Args:
            tiles: The tiles; taken a batch at a time, so an iterator is never held as a whole.
            batch_size: Tiles in one pass.

        Returns:
            float32 (tiles, classes).
        """
        parts = list(self.predict_batches(tiles, batch_size))
        return np.concatenate(parts) if parts else np.zeros((0, len(self.classes)), np.float32)

    def calls(self, probabilities: npt.NDArray[np.floating[Any]]) -> list[str]:
        """The most probable class of each row that `predict` returned; of equals, the first."""
        return [self.classes[i] for i in probabilities.argmax(axis=1)]

    def predict_batches(self, tiles: Iterable[Tile], batch_size: int = 16) -> Iterator[Batch]:
        """`predict`, one batch after another, for long runs that show progress."""
        waiting = iter(tiles)
        while some := list(islice(waiting, batch_size)):
            yield self.forward(np.concatenate([self.prepare(tile) for tile in some]))


def _checked(classes: Sequence[str], n_classes: int) -> tuple[str, ...]:
    names = tuple(classes)
    if len(names) != n_classes or len(set(names)) != n_classes:
        raise ModelError(
            f"Expected {n_classes} different class names, one for each output of the network. "
            f"Received: {', '.join(names) or 'none'}."
        )
    return names
