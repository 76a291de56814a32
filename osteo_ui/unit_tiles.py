"""Tiles that drive a unit most, each cut to about what the unit sees; picking one goes there."""

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import streamlit as st

from osteo_core import crops, pictures
from osteo_core.errors import OsteoError
from osteo_ui import atlas, saving, sources, state, unit_figures, unit_rows, unit_services
from osteo_ui import unit_words as words
from osteo_ui.selection import TileRef
from osteo_ui.store import WeighedStore
from osteo_ui.unit_figures import Best

if TYPE_CHECKING:
    from osteo_core.bundles import Bundle
    from osteo_core.explain.cards import UnitCard
    from osteo_core.explain.fields import EffectiveField
    from osteo_core.unit_index import TopTile

SIDE = 112  # px of a piece
LEAST = 24  # px of the network's input that a piece shows at least: less is a blot of colour
_SMALL = 768  # px of a tile from which pieces are cut
_SMALL_BYTES = 250_000_000
Pixels = npt.NDArray[np.uint8]
Size = tuple[int, int]


def draw(
    bundle: "Bundle", card: "UnitCard", field: "EffectiveField | None", input_size: Size, now: str
) -> None:
    """Draw the tiles that drive a unit most, from the best source at hand.

    Args:
        bundle: The network.
        card: Of the unit.
        field: Its effective field on the tile on view, if it is known by now.
        input_size: Height and width of the network's input, px.
        now: SHA-256 of the tile on view.
    """
    by, cohort = state.selection().best, state.selection().cohort
    own = unit_figures.of_cohort(bundle, cohort, card.unit, by)
    training = None if own else unit_figures.of_training(bundle, cohort, card.unit, by)
    best = own or (training and training.pictured)
    if not best or not best.tops:
        best = unit_figures.of_gallery(bundle, card.unit, by)
    if best is None:
        st.caption(words.no_index(bundle.name))
    else:
        if any(top.value for top in best.tops):
            _strip(best, card, piece_size(card, field, input_size), input_size, now)
        st.caption(words.best(card, best, by, _cut(card, field, input_size)))
    if training is not None:
        _names(training, card, by)


def piece_size(card: "UnitCard", field: "EffectiveField | None", input_size: Size) -> int | None:
    """Return the side of what a piece shows, px of the input; None for the whole tile."""
    if card.map is None:
        return None
    if field is not None and field.size is not None:
        side = max(field.size)
    else:
        side = min(max(card.layer.receptive_field or input_size), min(input_size) // 2)
    return min(max(LEAST, side), min(input_size))


def _cut(card: "UnitCard", field: "EffectiveField | None", input_size: Size) -> str:
    side = piece_size(card, field, input_size)
    if side is None:
        return "Whole tiles."
    if field is not None and field.size is not None:
        what = "the longer side of its effective field on the tile on view"
        if max(field.size) < LEAST:
            what += f", at least {LEAST} px"
    else:
        what = "the textbook field, half the tile at most"
    return f"Each shows {side} × {side} px of the input around its strongest place: {what}."


def _strip(best: Best, card: "UnitCard", side: int | None, input_size: Size, now: str) -> None:
    grid = None if card.map is None else card.map.shape
    late = _picture(best, str(card.unit), grid, side, input_size)
    found = late.get()
    tops = [best.tops[i] for i in found[1]]
    refs = [best.refs[i] for i in found[1]]
    if not tops:
        st.caption("The pictures of these tiles cannot be read.")
        return
    here = [i for i, top in enumerate(tops) if top.sha256 == now]
    alt = f"Tiles that drive {card.unit} most, of {best.among}"
    atlas.strip(
        "unit.best",
        found[0],
        count=len(tops),
        cell=(SIDE, SIDE),
        gap=4,
        captions=[f"{top.label}\n{words.number(top.value)}" for top in tops],
        selected=here[0] if here else None,
        alt=alt,
        on_pick=lambda i: show(refs[i]),
        side=SIDE,
    )
    stem = saving.file_stem(str(card.unit), state.selection().best, "tiles")
    saving.download("PNG", found[0], f"{stem}.png", "image/png", "The row as one picture")


def _picture(
    best: Best, unit: str, grid: Size | None, side: int | None, input_size: Size
) -> unit_services.Late:
    """The pieces in one row as PNG, and which of the tiles could be read."""
    folder = state.selection().cohort
    wanted = list(zip(best.tops, best.refs, strict=True))

    def one(pair: "tuple[TopTile, TileRef]") -> Pixels | None:
        return _piece(*pair, folder, grid, side, input_size)

    def make() -> tuple[bytes, list[int]]:
        with ThreadPoolExecutor(4) as pool:
            pieces = dict(enumerate(pool.map(one, wanted)))
        read = [i for i, piece in pieces.items() if piece is not None]
        if not read:
            return b"", []
        row = crops.strip([pieces[i] for i in read], SIDE, 4)
        return pictures.png(row, text={"unit": unit, "tiles": " ".join(_shas(best, read))}), read

    key = ("strip", unit, folder, side, *_shas(best, range(len(best.tops))))
    return unit_services.Late(key, make, 400_000)


def _shas(best: Best, some: "list[int] | range") -> list[str]:
    return [best.tops[i].sha256 for i in some]


def _piece(
    top: "TopTile",
    ref: TileRef,
    folder: str,
    grid: Size | None,
    side: int | None,
    input_size: Size,
) -> Pixels | None:
    try:
        pixels = _small(ref, folder)
    except OsteoError:
        return None
    if side is None or grid is None or top.place is None:
        return pixels
    tall, wide = pixels.shape[:2]
    centre = (top.place[0] + 0.5) / grid[0], (top.place[1] + 0.5) / grid[1]
    part = round(side / input_size[0] * tall), round(side / input_size[1] * wide)
    return crops.crop(pixels, centre, (max(1, part[0]), max(1, part[1])))


def _small(ref: TileRef, folder: str) -> Pixels:
    """A tile, shrunk: twelve tiles of full size would be decoded at each new unit."""

    def make() -> Pixels:
        return pictures.thumbnail(sources.tile(ref, folder).pixels, _SMALL).copy()

    key = (folder if ref.source == "cohort" else "", ref.encode())
    pixels: Pixels = _smalls().get(key, make, lambda made: made.nbytes)
    return pixels


@st.cache_resource(show_spinner=False)
def _smalls() -> WeighedStore:
    return WeighedStore(_SMALL_BYTES)


def show(ref: TileRef) -> None:
    """Put a tile first on view, in place of the one that was. For callbacks."""
    others = tuple(other for other in state.selection().tiles[1:] if other != ref)
    state.update(tiles=(ref, *others), source=ref.source, place="")


def _names(training: Best, card: "UnitCard", by: str) -> None:
    """Draw the names of training tiles whose pictures are not here, when asked for."""
    missing = sum(ref is None for ref in training.refs)
    if not missing:
        return
    title = f"The {len(training.tops)} training tiles that drive it most, by name"
    box = st.expander(title, key="unit.training", on_change="rerun")
    if not box.open:
        return
    with box:
        st.caption(words.no_pictures(missing, len(training.tops)))
        rows = [
            unit_rows.Row(top.name, top.value, words.number(top.value), top.label)
            for top in training.tops
        ]
        unit_rows.draw(
            "unit.names", rows, alt=f"Training tiles that drive {card.unit} most, by {by}"
        )
