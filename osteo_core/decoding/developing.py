"""Stored values -> upright RGB of eight bits on white, with a note on each change."""

import cv2
import numpy as np
from numpy.typing import NDArray

from osteo_core.decoding.depth import histogram, top_of
from osteo_core.decoding.stored import Stored, Values, channels_last

_DEPTHS = (1, 8, 10, 12, 14, 16)  # of an alpha channel


def develop(stored: Stored) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    """Return locked RGB (h, w, 3), with notes on the way."""
    colours, alpha = _split(stored.values)
    notes = list(stored.notes)
    alpha, note = _opacity(alpha, stored.bits)
    notes += note
    colours, note = _to_eight_bits(colours, alpha, stored.bits)
    notes += note
    rgb: NDArray[np.uint8] = np.ascontiguousarray(colours)
    if colours.shape[2] == 1:
        rgb = cv2.cvtColor(rgb, cv2.COLOR_GRAY2RGB)
        notes.append("grey repeated in three channels")
    if alpha.size and alpha.min() < 255:
        rgb = cv2.multiply(rgb, cv2.merge([alpha] * 3), scale=1 / 255) + (255 - alpha)
        notes.append("transparency laid on white")
    for top, bottom, left, right in stored.empty:
        rgb[top:bottom, left:right] = 255
    if stored.orientation > 1:
        rgb = np.ascontiguousarray(_turn(rgb, stored.orientation))
        done = "rotated" if stored.orientation in (3, 6, 8) else "mirrored"
        notes.append(f"{done} by its EXIF tag")
    rgb.setflags(write=False)
    return rgb, tuple(notes)


def _split(values: Values) -> tuple[Values, Values]:
    n = 1 if values.shape[2] < 3 else 3
    return values[..., :n], values[..., n:]  # colours, alpha: (h, w, 1 or 3), (h, w, 0 or 1)


def _opacity(alpha: Values, bits: int) -> tuple[NDArray[np.uint8], list[str]]:
    """Return alpha in eight bits, by its own depth; without it where nothing would be seen."""
    if not alpha.size:
        return alpha, []
    highest = int(alpha.max())
    if not highest:
        return alpha[..., :0], ["transparency left out, since all of the picture has it"]
    depth = next(n for n in (*_DEPTHS[:2], *range(9, 17)) if highest < 1 << n)
    depth = max(depth, bits) if bits < 16 and depth > 1 else depth
    return channels_last(cv2.convertScaleAbs(alpha, alpha=255 / ((1 << depth) - 1))), []


def _to_eight_bits(
    colours: Values, alpha: NDArray[np.uint8], bits: int
) -> tuple[NDArray[np.uint8], list[str]]:
    """Scale by the range of the depth, all channels alike."""
    if bits == 8 and colours.dtype == np.uint8:
        return colours, []
    if colours.dtype == np.uint8:
        top, hot = (1 << bits) - 1, 0
    else:
        colours = np.ascontiguousarray(colours)
        counts = histogram(colours, alpha[..., 0] > 0 if alpha.size else None)
        top = top_of(counts, bits)
        hot = int(counts[top + 1 :].sum())
    eight = channels_last(cv2.convertScaleAbs(colours, alpha=255 / top))
    used = top.bit_length()
    kept = f"{bits}-bit values" + (f" that use {used} bits" if used < bits else "")
    scaled = f"scaled from 0..{top} to 0..255" if top != 255 else "taken as they are"
    clipped = f"; {hot} brighter ones shown as white" if hot else ""
    return eight, [f"{kept} {scaled}{clipped}"]


def _turn(rgb: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Undo an EXIF orientation: 2 and 4 mirror, 3, 6 and 8 rotate, 5 and 7 transpose."""
    if orientation in (5, 6, 7, 8):
        rgb = rgb.transpose(1, 0, 2)
    if orientation in (3, 4, 7, 8):
        rgb = rgb[::-1]
    if orientation in (2, 3, 6, 7):
        rgb = rgb[:, ::-1]
    return rgb
