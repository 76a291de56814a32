"""Masks of where the evidence lies: the shipped tiles have one, for others one can be uploaded."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import streamlit as st

from osteo_core.cohorts.synthetic import examples
from osteo_core.errors import OsteoError
from osteo_core.grades import load_mask
from osteo_core.tiles import Tile
from osteo_ui import state, widgets
from osteo_ui.sources import Shown

Mask = npt.NDArray[np.bool_]

_UPLOADED = "osteo.masks"  # of this session, by the tile's SHA-256
_PROBLEMS = "osteo.masks.problems"
_KEPT = 16
SUFFIXES = ["png", "tif", "tiff", "bmp", "jpg", "jpeg", "json", "geojson"]


def mask_of(item: Shown) -> Mask | None:
    """Return the mask of a tile: the one uploaded for it, else the shipped one, else None."""
    tile = item.tile
    if tile is None:
        return None
    uploaded: Mask | None = _uploaded().get(tile.sha256)
    if uploaded is not None:
        return uploaded
    if item.entry.ref.source != "example":
        return None
    return _shipped(item.entry.ref.ident, tile.width, tile.height)


@st.cache_resource(max_entries=32, show_spinner=False)
def _shipped(name: str, width: int, height: int) -> Mask | None:
    file = next((example.mask_path for example in examples() if example.name == name), None)
    if file is None or not Path(file).is_file():
        return None
    return load_mask(file, (height, width))


def draw(shown: Sequence[Shown]) -> None:
    """Draw the place where masks are uploaded, with what is known of each tile's."""
    box = st.expander(
        "Where the evidence lies",
        icon=":material/gesture_select:",
        key="heat.masks",
        on_change="rerun",
    )
    if not box.open:
        return
    with box:
        st.caption(
            "A mask is outlined on the map and adds two figures to its grade. A picture of the "
            "tile's shape in which everything but black is inside, or GeoJSON polygons in the "
            "tile's pixels, as QuPath exports them. Files stay in this computer's memory."
        )
        key = widgets.key_of("outline")
        now = bool(state.selection().outline)
        widgets.told(st.toggle, "Draw its outline", key, now, on_change=_take_outline, args=(key,))
        for item in shown:
            _box(item)


def _take_outline(key: str) -> None:
    if not state.is_echo(key):
        state.update(outline=int(st.session_state[key]))


def outline(mask: Mask | None) -> Mask | None:
    """Return the mask that is drawn over a map: none where that is not wanted."""
    return mask if state.selection().outline else None


def _box(item: Shown) -> None:
    tile = item.tile
    if tile is None:
        return
    mask, own = mask_of(item), tile.sha256 in _uploaded()
    kind = "uploaded" if own else "shipped with the tile"
    told = "no mask yet" if mask is None else f"{kind}, {mask.mean():.0%} of the tile"
    key = f"mask.{tile.short_id}"
    st.file_uploader(
        f"Mask of {item.entry.title}: {told}",
        SUFFIXES,
        key=key,
        on_change=_take,
        args=(key, tile),
        max_upload_size=64,
    )
    if problem := _problems().get(tile.sha256):
        st.error(problem, icon=":material/broken_image:")


def _take(key: str, tile: Tile) -> None:
    """Read the file of an upload box; without one the tile has its shipped mask again."""
    file, kept, problems = st.session_state.get(key), _uploaded(), _problems()
    kept.pop(tile.sha256, None)
    problems.pop(tile.sha256, None)
    if file is None:
        return
    try:
        kept[tile.sha256] = load_mask(file.getvalue(), (tile.height, tile.width))
    except OsteoError as error:
        problems[tile.sha256] = str(error)
    while len(kept) > _KEPT:
        kept.pop(next(iter(kept)))


def _uploaded() -> dict[str, Mask]:
    kept: dict[str, Mask] = st.session_state.setdefault(_UPLOADED, {})
    return kept


def _problems() -> dict[str, str]:
    kept: dict[str, str] = st.session_state.setdefault(_PROBLEMS, {})
    return kept
