"""Tokens as maps: a sequence whose entries are places of the tile, laid out as height × width.

A transformer keeps its places in a row, `(tokens, channels)`, with or without a class token in
front. Where the row is known to be a grid, and everything runs through it, it is laid out as maps
`(height, width, channels)` and back again: two steps that change no value, and give every method
that asks for maps something to ask about.
"""

from collections.abc import Mapping
from math import isqrt
from typing import Any, NamedTuple

import keras

from osteo_core.networks.cuts import pinches
from osteo_core.networks.ends import is_unchanging
from osteo_core.networks.graph import Graph, Step

_MIXES = ("Permute", "Transpose", "Swapaxes", "Moveaxis", "Sort", "Take", "Flip", "Roll")


class Grid(NamedTuple):
    """How the entries of a sequence lie on the tile.

    Attributes:
        height: Rows of places.
        width: Places in a row.
        before: Entries in front of the first place, such as a class token.
        behind: Entries behind the last place.
    """

    height: int
    width: int
    before: int = 0
    behind: int = 0

    @property
    def length(self) -> int:
        """Entries in all."""
        return self.before + self.height * self.width + self.behind


class TokenMaps(keras.layers.Reshape):  # type: ignore[misc]
    """The maps that a row of tokens makes, `(height, width, channels)`."""


def token_grids(network: Any) -> dict[str, Grid]:
    """Find the sequences of a flat network that are places of the tile.

    The grid is known from the reshaping that laid places in a row: `(h, w, c)` to `(h·w, c)`, and
    `(h, w, ...)` to `(h·w, ...)`. It is followed through every step that keeps the number of
    entries, that puts one in front or behind (a class token), or takes such a one away. A row that
    a layer of somebody else's made of maps is a grid if the number of its entries, or one less, is
    a square, and something in the network attends. A row of rows, `(h, w·c)`, is none.

    Args:
        network: A flat functional `keras.Model`.

    Returns:
        By step, those `(tokens, channels)` with at least 2 × 2 places through which everything
        runs. None where the network has maps of tokens already.
    """
    graph = Graph.of(network)
    if any(isinstance(step.operation, TokenMaps) for step in graph.steps):
        return {}
    attends = any("Attention" in type(step.operation).__name__ for step in graph.steps)
    found: dict[str, Grid | None] = {}
    for step in graph.steps:
        grid = _behind(graph, step, found, attends)
        found.update(dict.fromkeys(step.outputs, grid))
    known = {name: found[name] for name in pinches(graph) if _is_work(graph, name)}
    return {name: grid for name, grid in known.items() if grid and min(grid[:2]) > 1}


def _is_work(graph: Graph, name: str) -> bool:
    """Whether a step makes tokens, rather than laying them out or passing them on."""
    operation = graph.maker[name].operation
    lays_out = type(operation).__name__ in ("Reshape", "Cropping1D", "GetItem", "Flatten")
    return len(graph.shape(name)) == 2 and not lays_out and not is_unchanging(operation)


def _behind(
    graph: Graph, step: Step, found: Mapping[str, Grid | None], attends: bool
) -> Grid | None:
    shape, kind = graph.shape(step.name), type(step.operation).__name__
    if len(shape) < 2 or None in shape or kind in _MIXES:
        return None
    given = [graph.shape(name) for name in step.inputs]
    if kind == "Reshape" and len(given[0]) > 2 and None not in given[0]:
        height, width = given[0][:2]
        if height * width == shape[0]:
            return Grid(height, width)
    grids = [(found.get(name), place) for place, name in enumerate(step.inputs)]
    for grid, place in grids:
        if grid is None or len(given[place]) < 2:
            continue
        followed = _followed(grid, shape[0], first=place == 0, kind=kind)
        if followed is not None:
            return followed
    if attends and kind != "Reshape" and len(shape) == 2 and any(len(s) == 3 for s in given):
        return _square(shape[0])
    return None


def _followed(grid: Grid, length: int, first: bool, kind: str) -> Grid | None:
    """The grid of a sequence made of another; None where the number of entries says it is none."""
    more = length - grid.length
    if more == 0:
        return grid
    if more == 1:
        behind = kind in ("Concatenate", "Append") and first
        return (
            grid._replace(behind=grid.behind + 1)
            if behind
            else grid._replace(before=grid.before + 1)
        )
    if more == -1 and grid.before + grid.behind == 1:
        return grid._replace(before=0, behind=0)
    return None


def _square(length: int) -> Grid | None:
    for before in (0, 1):
        side = isqrt(length - before)
        if side > 1 and side * side == length - before:
            return Grid(side, side, before)
    return None


def as_maps_and_back(tokens: Any, grid: Grid, name: str) -> Any:
    """Lay a row of tokens out as maps and take it back, without a change of any value.

    Args:
        tokens: Symbolic `(n, tokens, channels)`.
        grid: How they lie.
        name: Of the layer that makes the maps; others are named after it.

    Returns:
        A symbolic tensor equal to the tokens, behind a `TokenMaps` layer.
    """
    layers, channels, dtype = keras.layers, tokens.shape[-1], tokens.dtype
    places = grid.height * grid.width
    parts, at = [], 0
    for part, length in (("before", grid.before), ("", places), ("behind", grid.behind)):
        if not length:
            continue
        cut = (at, grid.length - at - length)
        at += length
        row = tokens
        if length < grid.length:
            row = layers.Cropping1D(cut, name=f"{name}_{part or 'places'}", dtype=dtype)(tokens)
        if not part:
            maps = TokenMaps((grid.height, grid.width, channels), name=name, dtype=dtype)(row)
            row = layers.Reshape((places, channels), name=f"{name}_row", dtype=dtype)(maps)
        parts.append(row)
    if len(parts) == 1:
        return parts[0]
    return layers.Concatenate(axis=1, name=f"{name}_all", dtype=dtype)(parts)
