"""Bytes of a picture file -> uint8 RGB, with a note on everything that was changed on the way.

What a file is, is read from its content, never from its name, and its sides are read from the
header before any pixel is decoded: a decompression bomb is refused without its memory being asked
for. Damage is heard where the decoder itself keeps quiet about it: checksums are compared, lengths
counted, warnings taken seriously.
"""

from osteo_core.decoding.stored import MAX_SIDE, MIN_SIDE, Refusal
from osteo_core.decoding.whole import decode

__all__ = ["MAX_SIDE", "MIN_SIDE", "Refusal", "decode"]
