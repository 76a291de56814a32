"""BMP, by Pillow."""

import io

import numpy as np
from PIL import Image
from PIL.BmpImagePlugin import BmpImageFile

from osteo_core.decoding.stored import Stored, Values, channels_last, check_sides

PICTURE_NOTES = {
    "1": ("1-bit values spread over 0..255",),
    "P": ("palette colours written as RGB",),
}


def read_bmp(data: bytes) -> Stored:
    """Decode a BMP.

    Raises:
        Refusal: A size that is not accepted.
        Exception: Whatever Pillow meets in damaged bytes.
    """
    # The plugin itself rather than Image.open, which would go by another guess at the kind and
    # warn of large pictures that check_sides refuses anyway.
    picture = BmpImageFile(io.BytesIO(data))
    check_sides(*picture.size)
    return Stored(eight_bits(picture), notes=PICTURE_NOTES.get(picture.mode, ()))


def eight_bits(picture: Image.Image) -> Values:
    """Return what Pillow decodes as grey or RGB, with its alpha: uint8 (h, w, 1..4)."""
    picture.load()
    grey, alpha = picture.mode in ("1", "L", "LA"), picture.has_transparency_data
    mode = ("LA" if alpha else "L") if grey else ("RGBA" if alpha else "RGB")
    return channels_last(np.asarray(picture.convert(mode)))
