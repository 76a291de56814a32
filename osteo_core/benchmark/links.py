"""How long a click on a unit waits for what is linked to it."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from osteo_core import crops, pictures
from osteo_core.colours import Pixels
from osteo_core.explain.cards import UnitCard, unit_card
from osteo_core.tiles import load_tile
from osteo_core.units import Unit

if TYPE_CHECKING:
    from osteo_core.engine import Engine
    from osteo_core.reading import Reading
    from osteo_core.unit_index import TopTile, UnitIndex, UnitSummary

LINKS = 200
MAP_SIDE = 256  # px of a map as it is laid over the tile
PIECE_SIDE = 112  # px of a top tile's piece


@dataclass(frozen=True, eq=False)
class Linked:
    """What lies ready before a click: the tile read, the index open, its tiles decoded.

    Attributes:
        reading: Of the tile on view, its units prepared.
        index: Over the twelve examples.
        summary: The class figures.
        pixels: Tiles by digest.
    """

    reading: "Reading"
    index: "UnitIndex"
    summary: "UnitSummary"
    pixels: Mapping[str, Pixels]

    def click(self, unit: Unit) -> tuple[UnitCard, bytes, bytes, object]:
        """Make everything that is linked to a unit, but for its effective field.

        Returns:
            The card, its map and the pieces of its top tiles as PNG, and its class figures.
        """
        card = unit_card(self.reading, unit)
        pieces = [self._piece(card, top) for top in self.index.top(unit)]
        strip = pictures.png(crops.strip(pieces, PIECE_SIDE))
        return card, _map_png(card), strip, self.summary.figures(unit)

    def _piece(self, card: UnitCard, top: "TopTile") -> Pixels:
        pixels = self.pixels[top.sha256]
        if card.map is None or top.place is None:
            return pixels
        centre = tuple((at + 0.5) / n for at, n in zip(top.place, card.map.shape, strict=True))
        size = self.reading.engine.input_size
        seen = card.layer.receptive_field or size
        height, width = (
            max(1, round(min(part, whole / 2) / whole * side))
            for part, whole, side in zip(seen, size, pixels.shape[:2], strict=True)
        )
        return crops.crop(pixels, (centre[0], centre[1]), (height, width))


def link_p95_ms(engine: "Engine", links: int = LINKS, seed: int = 0) -> float:
    """The time behind which 95 of 100 clicks have all linked data.

    Units are drawn from all layers from the second cut on (for VGG19 block3), each layer alike
    often; each of them is asked for once, so what is fetched once a layer is inside.

    Args:
        engine: The network.
        links: Units to draw.
        seed: Of the draw.

    Returns:
        Milliseconds, the 95th percentile.
    """
    random = np.random.default_rng(seed)
    layers = deep_layers(engine)
    taken = []
    with _linked(engine) as linked:
        linked.click(Unit(engine.logits_layer, 0))  # modules loaded, files mapped
        for _ in range(links):
            layer = layers[random.integers(len(layers))]
            unit = Unit(layer, int(random.integers(engine.layer(layer).n_units)))
            start = time.perf_counter()
            linked.click(unit)
            taken.append(time.perf_counter() - start)
    return 1000 * float(np.quantile(taken, 0.95))


def deep_layers(engine: "Engine") -> tuple[str, ...]:
    """Unit layers behind the second cut, those that `Reading.prepare_units` prepares."""
    from osteo_core.networks.cuts import cuts

    marks = cuts(engine.graph)
    behind = engine.graph.downstream(marks[min(1, len(marks) - 1)]) if marks else None
    return tuple(name for name in engine.unit_layers if behind is None or name in behind)


def _map_png(card: UnitCard) -> bytes:
    if card.map is None:
        return b""
    height, width = card.map.shape
    scale = max(1, round(MAP_SIDE / max(height, width)))
    blank = np.zeros((height * scale, width * scale, 3), np.uint8)
    return pictures.png(pictures.overlay(blank, card.map, opacity=1.0))


@contextmanager
def _linked(engine: "Engine") -> Iterator[Linked]:
    from osteo_core.cohorts.synthetic import examples
    from osteo_core.unit_index import summarise

    tiles = [load_tile(example.path) for example in examples()]
    reading = engine.read(tiles[0])
    reading.prepare_units()
    with TemporaryDirectory() as folder:
        index, summary = _shipped(engine)
        index = index or _made(engine, Path(folder))
        pixels = {tile.sha256: tile.pixels for tile in tiles}
        yield Linked(reading, index, summary or summarise(index, "all"), pixels)


def _shipped(engine: "Engine") -> "tuple[UnitIndex | None, UnitSummary | None]":
    """What the network's bundle carries."""
    from osteo_core.bundles import list_bundles
    from osteo_core.unit_index import gallery_index, shipped_summary

    bundle = next((found for found in list_bundles() if found.digest == engine.digest), None)
    return (gallery_index(bundle), shipped_summary(bundle)) if bundle else (None, None)


def _made(engine: "Engine", folder: Path) -> "UnitIndex":
    """The index of the examples, for a network that carries none."""
    from osteo_core.unit_index import build_index, gallery_cohort, open_index

    for _ in build_index(engine, gallery_cohort(), folder):
        pass
    return open_index(folder)
