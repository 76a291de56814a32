"""Do two networks see alike? Linear CKA between their layers over the same tiles.

Two layers are alike when the tiles that lie close in the one lie close in the other, whatever
the units are called, how strong they are and how many there are.
"""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from osteo_core.errors import ModelError, OsteoError

if TYPE_CHECKING:
    from osteo_core.engine import Engine
    from osteo_core.reading import Reading
    from osteo_core.tiles import Tile

GRID = 4  # cells a side that maps are averaged over
FEWEST = 4  # tiles: the debiased estimate divides by n - 3

Floats = npt.NDArray[np.float64]
Load = Callable[[], "Tile"]


@dataclass(frozen=True, eq=False)
class Similarity:
    """Linear CKA of every layer of one network with every layer of another.

    Attributes:
        first: Name of the first network.
        second: Name of the second.
        layers_first: Its layers, in order: the rows.
        layers_second: The second's layers: the columns.
        values: float64 (rows, columns), 1 for layers that are alike up to turning and scaling,
            about 0 for unrelated ones; NaN where a layer says the same of every tile.
        n_tiles: Tiles that were read.
        failures: Tiles left out, and why in a sentence.
    """

    first: str
    second: str
    layers_first: tuple[str, ...]
    layers_second: tuple[str, ...]
    values: Floats
    n_tiles: int
    failures: tuple[tuple[str, str], ...] = ()

    def table(self) -> pd.DataFrame:
        """One row a layer of the first network, one column a layer of the second."""
        frame = pd.DataFrame(self.values, columns=list(self.layers_second))
        frame.insert(0, f"layer of {self.first}", self.layers_first)
        return frame

    def closest(self) -> tuple[str, str, float] | None:
        """The two layers that are most alike, and their CKA; None when nothing varies."""
        if not np.isfinite(self.values).any():
            return None
        row, column = np.unravel_index(np.nanargmax(self.values), self.values.shape)
        value = float(self.values[row, column])
        return self.layers_first[row], self.layers_second[column], value


def linear_cka(first: npt.ArrayLike, second: npt.ArrayLike, debiased: bool = True) -> float:
    """Centred kernel alignment of two sets of features of the same tiles.

    Args:
        first: (n, p), one row a tile.
        second: (n, q), the same tiles.
        debiased: Use the unbiased estimate of HSIC. The plain one is near 1 for anything when
            there are more features than tiles, which here there always are.

    Returns:
        At most 1; plain at least 0, debiased a little below 0 for unrelated features. NaN when
        either says the same of every tile.

    Raises:
        ValueError: when the tiles differ in number or are fewer than 2, debiased 4.

    Reference:
        S. Kornblith and others (2019), ICML, arXiv:1905.00414, equations 3 and 4; debiased: L. Song
        and others (2012), JMLR 13:1393, equation 5, as in T. Nguyen and others (2021), ICLR,
        arXiv:2010.15327.
    """
    x, y = np.asarray(first, np.float64), np.asarray(second, np.float64)
    fewest = FEWEST if debiased else 2
    if len(x) != len(y) or len(x) < fewest:
        raise ValueError(
            f"Expected features of the same tiles, at least {fewest}. Received: {len(x)} and "
            f"{len(y)}."
        )
    a, b = (centred_gram(features, debiased) for features in (x, y))
    return float(_aligned([a], [b])[0, 0])


def centred_gram(features: npt.ArrayLike, debiased: bool = True) -> Floats:
    """Inner products of all pairs of tiles, centred so that HSIC is their inner product.

    Args:
        features: (n, p).
        debiased: Centre without the diagonal ("U-centring"), which gives the unbiased estimate.

    Returns:
        float64 (n, n).

    Reference:
        Debiased: G. Szekely, M. Rizzo (2014), Annals of Statistics 42:2382, definition 2; the
        inner product of two such matrices over n(n - 3) is Song and others' estimate.
    """
    x = np.asarray(features, np.float64)
    x = x - x.mean(axis=0)  # changes nothing but rounding
    gram: Floats = x @ x.T
    n = len(gram)
    if not debiased:
        gram += gram.mean() - gram.mean(axis=0) - gram.mean(axis=1, keepdims=True)
        return gram
    np.fill_diagonal(gram, 0)
    rows = gram.sum(axis=1)
    gram += rows.sum() / ((n - 1) * (n - 2)) - (rows[:, None] + rows) / (n - 2)
    np.fill_diagonal(gram, 0)
    return gram


def layer_features(reading: "Reading", layer: str) -> npt.NDArray[np.float32]:
    """What a layer says of a tile, as one short row.

    Maps are averaged over the cells of a 4 x 4 grid, which keeps roughly where something was seen
    and lets layers of any resolution be held in memory. Kornblith and others flatten whole maps.

    Returns:
        float32 (features,): up to 16 a channel, or one a neuron.
    """
    values: npt.NDArray[np.floating] = reading.activation(layer)
    for axis in range(values.ndim - 1):
        size = values.shape[axis]
        edges = np.arange(min(GRID, size)) * size // min(GRID, size)
        cells = np.diff(np.append(edges, size))
        shape = [-1 if i == axis else 1 for i in range(values.ndim)]
        values = np.add.reduceat(values, edges, axis=axis) / cells.reshape(shape).astype(np.float32)
    flat: npt.NDArray[np.float32] = values.astype(np.float32, copy=False).ravel()
    return flat


def similarity_steps(
    first: "Engine", second: "Engine", tiles: Sequence[tuple[str, Load]]
) -> Generator[float, None, Similarity]:
    """Compare every convolution and fully connected layer of two networks over some tiles.

    Args:
        first: A network.
        second: Another; the same one gives how its own layers resemble each other.
        tiles: Name and loader of each tile; one that cannot be read is left out and named.

    Yields:
        The share done, 0..1.

    Returns:
        Debiased linear CKA.

    Raises:
        ModelError: Fewer than four tiles can be read.
    """
    engines = (first, second)
    rows: list[list[list[npt.NDArray[np.float32]]]] = [[], []]  # of a network, a tile, a layer
    failures = []
    for done, (name, load) in enumerate(tiles):
        try:
            tile = load()
        except OsteoError as error:
            failures.append((name, str(error)))
            continue
        for kept, engine in zip(rows, engines, strict=True):
            reading = engine.read(tile, keep="convolutions")
            kept.append([layer_features(reading, layer) for layer in engine.unit_layers])
        yield (done + 1) / (len(tiles) + 1)
    if len(rows[0]) < FEWEST:
        raise ModelError(
            f"Expected {FEWEST} readable tiles or more to compare layers. Received: {len(rows[0])}."
        )
    grams = [[centred_gram(np.stack(f)) for f in zip(*r, strict=True)] for r in rows]
    return Similarity(
        first.name,
        second.name,
        first.unit_layers,
        second.unit_layers,
        _aligned(grams[0], grams[1]),
        len(rows[0]),
        tuple(failures),
    )


def _aligned(first: Sequence[Floats], second: Sequence[Floats]) -> Floats:
    """Cosines of all pairs of centred Gram matrices, (len(first), len(second))."""
    a, b = (_unit(np.stack([g.ravel() for g in grams])) for grams in (first, second))
    cosines: Floats = np.clip(a @ b.T, -1, 1)
    return cosines


def _unit(rows: Floats) -> Floats:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    unit = np.full_like(rows, np.nan)
    np.divide(rows, lengths, out=unit, where=lengths > 0)
    return unit
