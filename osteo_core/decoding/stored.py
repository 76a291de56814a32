"""What every reader gives and raises, and the sides that a picture may have."""

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

MIN_SIDE = 32
MAX_SIDE = 8192
LIGHT = 1 << 24  # pixels times work on each; more is decoded in a process apart

Values = NDArray[Any]  # uint8 or uint16


class Refusal(Exception):
    """Why a file is not taken: what was expected and what was received instead."""

    def __init__(self, expected: str, received: str) -> None:
        super().__init__(expected, received)
        self.expected, self.received = expected, received


@dataclass(frozen=True, eq=False)
class Stored:
    """Values as a file holds them.

    Attributes:
        values: uint8 or uint16 (h, w, c); c = 1 grey, 2 grey + alpha, 3 RGB, 4 RGB + alpha.
        bits: Bits per value as the file declares them, 8 for uint8 and 9..16 for uint16.
        orientation: EXIF orientation, 1..8.
        notes: What the reader changed or left out, in a user's words.
        empty: Places that the file leaves out on purpose: (top, bottom, left, right) in px.
    """

    values: Values
    bits: int = 8
    orientation: int = 1
    notes: tuple[str, ...] = ()
    empty: tuple[tuple[int, int, int, int], ...] = ()


class Heavy(Exception):
    """A picture that had better be decoded in a process apart."""


_apart = False


def here_is_apart() -> None:
    """Take heavy pictures in this process; called where it is the one apart."""
    global _apart
    _apart = True


def check_sides(width: int, height: int, work: float = 1) -> None:
    """Refuse a picture by the sides its header claims, in px.

    Args:
        width: In px.
        height: In px.
        work: How much there is to do for a pixel; a plain JPEG's is 1.

    Raises:
        Refusal: Too small or too large.
        Heavy: More work than is done here.
    """
    if width < 1 or height < 1:
        raise ValueError("the header has lost its sides")  # damage, not a small picture
    if min(width, height) < MIN_SIDE or max(width, height) > MAX_SIDE:
        expected = f"a picture with sides of {MIN_SIDE} to {MAX_SIDE} px"
        raise Refusal(expected, f"{width} × {height} px")
    if width * height * work > LIGHT and not _apart:
        raise Heavy


def check_channels(kind: str, channels: int, bits: int, signed: bool = False) -> None:
    """Refuse what is neither grey nor RGB, with or without alpha, of 8 to 16 whole bits."""
    if channels not in (1, 2, 3, 4):
        raise Refusal("a grey or RGB picture", f"a {kind} of {channels} channels")
    if signed or not 1 <= bits <= 16:
        sign = "signed" if signed else "whole"
        raise Refusal("a picture of whole 8- or 16-bit values", f"one of {sign} {bits}-bit values")


def channels_last(values: Values) -> Values:
    """Give a grey picture (h, w) its channel axis; (h, w, c) stays."""
    return values[..., None] if values.ndim == 2 else values


def as_orientation(value: Any) -> int:
    """Return an EXIF orientation, 1 (upright) where the file holds nonsense."""
    return int(value) if value in range(1, 9) else 1
