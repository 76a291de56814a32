"""A JPEG's markers: how it is coded, its sides, its scans, and bytes that cannot be right."""

import re
from dataclasses import dataclass, field

from osteo_core.decoding.stored import Refusal

MAX_SCANS = 64  # encoders write some ten; each asks for another pass over all pixels
MAX_SCANNED = 24 * 8192 * 8192  # pixels times scans

_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")  # ends coded data; restarts and FF 00 do not
_IMPOSSIBLE = re.compile(rb"\xff\xff+\x00|\xff{16}")  # fill bytes stand in front of a marker only
_HOLE = bytes(10)
_SOI, _EOI, _SOS, _DHT, _APP1, _LOSSLESS, _LS = 0xD8, 0xD9, 0xDA, 0xC4, 0xE1, 0xC3, 0xF7
_PROGRESSIVE = 0xC2
_WAVES = 64  # of a block
_FRAMES = {*range(0xC0, 0xD0), _LS} - {_DHT, 0xC8, 0xCC}
_BARE = {0x01, _SOI, *range(0xD0, 0xD8)}  # markers without a body
_END_OF_BLOCK = 0


@dataclass
class JpegHeader:
    """What the markers say.

    Attributes:
        frame: Second byte of the frame's marker: 0xC0 baseline, 0xC2 progressive, ...
        bits: Bits per value.
        width: In px.
        height: In px.
        channels: Components.
        unit: Height and width of what is coded together, in px.
        scans: Passes over the pixels.
        exif: The EXIF block, with its signature.
        strays: Bytes between the blocks of the header, which belong to none.
        is_ended: Whether the mark of its end is there.
        has_hole: Bytes among the coded ones that no encoder writes.
    """

    frame: int = 0
    bits: int = 0
    width: int = 0
    height: int = 0
    channels: int = 0
    unit: tuple[int, int] = (8, 8)
    scans: int = 0
    exif: bytes = b""
    strays: int = 0
    is_ended: bool = False
    has_hole: bool = False
    _zeros_end_blocks: bool = field(default=False, repr=False)
    _to_come: dict[int, list[int]] = field(default_factory=dict, repr=False)

    @property
    def lacks_passes(self) -> bool:
        """Whether passes that make a progressive picture sharp are not there."""
        return self.frame == _PROGRESSIVE and any(map(any, self._to_come.values()))


def read_header(data: bytes) -> JpegHeader:
    """Walk over the markers up to the end of the picture.

    Raises:
        ValueError: No frame or no scan.
    """
    header, at = JpegHeader(), 2
    while (found := _MARKER.search(data, at)) is not None:
        header.strays += len(data[at : found.start()].strip(b"\xff")) if not header.scans else 0
        marker, at = data[found.start() + 1], found.end()
        if marker == _EOI:
            header.is_ended = True
            break
        if marker in _BARE:
            continue
        body = data[at + 2 : at + int.from_bytes(data[at : at + 2], "big")]
        at += 2 + len(body)
        _take(header, marker, body)
        if marker == _SOS:
            if header.frame == _LS or header.scans > MAX_SCANS:
                break  # coded by other rules, and checked by its decoder; refused anyway
            at = _pass_scan(header, data, at)
    if not header.frame or not header.scans:
        raise ValueError("no frame or no scan")
    return header


def check_scans(header: JpegHeader) -> None:
    """Refuse many more passes over many pixels than any encoder asks for."""
    if header.scans > min(MAX_SCANS, MAX_SCANNED // max(1, header.width * header.height)):
        raise Refusal("a JPEG that is written in a few passes", "one of too many scans")


def _take(header: JpegHeader, marker: int, body: bytes) -> None:
    if marker in _FRAMES and not header.frame:
        header.frame, header.bits, header.channels = marker, body[0], body[5]
        header.height = int.from_bytes(body[1:3], "big")
        header.width = int.from_bytes(body[3:5], "big")
        header._to_come = {channel: [1] * _WAVES for channel in body[6 : 6 + 3 * body[5] : 3]}
        if header.channels > 1:  # a single channel is coded block by block
            samplings = body[7 : 6 + 3 * header.channels : 3]
            header.unit = 8 * max(s & 15 for s in samplings), 8 * max(s >> 4 for s in samplings)
    elif marker == _APP1 and body.startswith(b"Exif\0") and not header.exif:
        header.exif = body
    elif marker == _DHT:
        header._zeros_end_blocks |= _zeros_end_a_block(body)
    elif marker == _SOS:
        header.scans += 1
        if header.frame == _PROGRESSIVE:
            _note_pass(header, body)


def _note_pass(header: JpegHeader, body: bytes) -> None:
    """Note how many bits of which waves are still to come after this pass."""
    channels = body[1 : 1 + 2 * body[0] : 2]
    first, last, bits = body[-3:]
    if not set(channels) <= set(header._to_come):
        raise ValueError("a pass over a channel that is not there")
    for channel in channels:
        header._to_come[channel][first : last + 1] = [bits & 15] * (last + 1 - first)


def _zeros_end_a_block(tables: bytes) -> bool:
    """Say whether the code 00… stands for "nothing more in this block" where brightness is coded.

    Then zeros are a flat picture. In all other tables they are one small wave after another in
    every block, which no picture holds.
    """
    at, ends = 0, False
    while at + 17 < len(tables):
        kind, n = tables[at], sum(tables[at + 1 : at + 17])
        ends |= kind == 0x10 and tables[at + 17] == _END_OF_BLOCK  # AC table 0
        at += 17 + n
    return ends


def _pass_scan(header: JpegHeader, data: bytes, at: int) -> int:
    """Return where the coded bytes end, having looked for some that cannot be right."""
    end = found.start() if (found := _MARKER.search(data, at)) else len(data)
    sequential = header.frame in (0xC0, 0xC1) and header.scans == 1
    zeros = sequential and not header._zeros_end_blocks and data.find(_HOLE, at, end) >= 0
    header.has_hole |= zeros or _IMPOSSIBLE.search(data, at, end) is not None
    return end
