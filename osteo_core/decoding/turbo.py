"""libjpeg-turbo with its warnings: what Pillow and OpenCV drop, simplejpeg hands over."""

import imagecodecs
import numpy as np

try:
    import simplejpeg
except ImportError:  # no wheel for this machine: libjxl finds the damage, at five times the time
    simplejpeg = None

from osteo_core.decoding.stored import Values, channels_last


def decode_strictly(data: bytes, channels: int) -> Values:
    """Decode a JPEG of eight bits, or raise what the decoder warns of.

    Args:
        data: The file.
        channels: 1 for grey, else RGB is made.

    Returns:
        uint8 (h, w, 1 or 3).

    Raises:
        ValueError: An error or a warning, in libjpeg's words.
    """
    if simplejpeg is None:
        read_again(data)
        return decode_leniently(data)
    colours = "GRAY" if channels == 1 else "RGB"
    return channels_last(np.asarray(simplejpeg.decode_jpeg(data, colours, strict=True)))


def decode_leniently(data: bytes) -> Values:
    """Decode in spite of warnings; what is missing is grey."""
    return channels_last(imagecodecs.jpeg8_decode(data))


def read_again(data: bytes) -> None:
    """Let libjxl read the waves too: unlike libjpeg it minds those that lie outside a block.

    Five times as slow as decoding.

    Raises:
        Exception: What libjxl finds.
    """
    imagecodecs.jpegxl_encode_jpeg(data)
