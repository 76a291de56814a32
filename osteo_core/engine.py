"""A loaded network made readable: built once, shared by all who use it, safe on threads."""

import threading
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from osteo_core.engine_layers import LayersOf, with_maps
from osteo_core.errors import ModelError
from osteo_core.networks.activations import Activations
from osteo_core.networks.agreement import check_agreement, check_weights, probe
from osteo_core.networks.backward import Backward
from osteo_core.networks.flatten import flatten, rebuilt
from osteo_core.networks.graph import Graph
from osteo_core.networks.head import Headed, expose_logits
from osteo_core.networks.layers import LayerInfo, describe_layers
from osteo_core.networks.pieces import Pieces
from osteo_core.networks.preprocessing import check_preprocessing, prepare
from osteo_core.networks.sweep import Sweep
from osteo_core.reading import Reading
from osteo_core.tiles import Tile

if TYPE_CHECKING:
    from osteo_core.bundles import Card

Keep = Literal["stages", "convolutions"]
Batch = npt.NDArray[np.float32]


class Engine(LayersOf):
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
        self._conv_layers = with_maps(graph, self.layers, self._behind_logits)
        if not checked:
            self._check_agreement(model, headed)

    @property
    def graph(self) -> Graph:
        """The network's steps and what feeds what."""
        return self._pieces.graph

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

        Raises:
            ModelError: The network answers this tile with NaN.
        """
        prepared = self.prepare(tile)
        activations = Activations.of(self._pieces, self._lock, prepared, self._kept(keep))
        if not np.isfinite(activations.probabilities()).all():
            raise self._unanswered(tile.name, activations)
        return Reading(self, activations, tile.sha256, tile.name)

    def _unanswered(self, tile: str, activations: Activations) -> ModelError:
        """What to say of a tile to which the network gives no probabilities.

        Args:
            tile: The tile's name.
            activations: Its values, to find the first layer whose output is not finite.
        """
        names = tuple(self.graph.maker)
        values = zip(names, activations.tensors(names), strict=True)
        wrong = (n for n, v in values if not np.isfinite(np.asarray(v, np.float32)).all())
        where = f"; the first layer with NaN or infinite values is {next(wrong, 'the last')}"
        return ModelError(
            f"Expected probabilities of {tile} from {self.name}. Received: NaN{where}, so there "
            "is no prediction and nothing to explain."
        )

    def _check_agreement(self, model: Any, headed: Headed) -> None:
        """Refuse a network to which `read`, `predict` and Keras do not give the same answers."""
        # One input for a network of our own, in whose layers inputs cannot mix: it is opened often.
        rows = model.inputs[0].shape[0] or (1 if self.card else 2)
        batch = probe(self.input_size, self.preprocessing, rows)
        with rebuilt(model):
            read = Activations.of(self._pieces, self._lock, batch[:1], self._kept("stages"))
            output = self._pieces.told(read.tensor(self.graph.output))
            answers = {
                "Engine.read": read.probabilities()[None],
                "Engine.predict": np.asarray(output) if self.card else self.forward(batch),
            }
        check_agreement(model, headed, batch, answers)

    def _last_read(self) -> str:
        """The last of `conv_layers` whose places count; in the end only the class token may."""
        batch = probe(self.input_size, self.preprocessing, 1)
        read = Activations.of(self._pieces, self._lock, batch, self._kept("stages"))
        direction = np.eye(len(self.classes), dtype=np.float32)[0]
        for name in reversed(self.conv_layers):
            if np.any(np.asarray(read.gradient(name, direction), np.float32)):
                return name
        return self.conv_layers[-1]

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
