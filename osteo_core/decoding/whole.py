"""One file's bytes -> pixels and notes: the reader of its kind, then the way to eight bits RGB."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from osteo_core.decoding.apart import decode_apart
from osteo_core.decoding.bmp import read_bmp
from osteo_core.decoding.developing import develop
from osteo_core.decoding.jpeg import read_jpeg
from osteo_core.decoding.newer import read_jpeg_2000, read_jpeg_xl
from osteo_core.decoding.png import read_png
from osteo_core.decoding.sniffing import sniff
from osteo_core.decoding.stored import Heavy, Refusal, Stored
from osteo_core.decoding.tiff import read_tiff

_READERS: dict[str, Callable[[bytes], Stored]] = {
    "JPEG": read_jpeg,
    "PNG": read_png,
    "BMP": read_bmp,
    "TIFF": read_tiff,
    "JPEG 2000": read_jpeg_2000,
    "JPEG XL": read_jpeg_xl,
}


def decode(data: bytes) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    """Return locked RGB (h, w, 3) and what was changed on the way.

    Raises:
        Refusal: Not such a picture, damaged, or beyond a limit.
    """
    kind = sniff(data)
    try:
        return develop(_READERS[kind](data))
    except Heavy:
        return decode_apart(data)
    except Refusal:
        raise
    except MemoryError as error:
        raise Refusal("a picture that is decoded within 2 GB", "one that takes more") from error
    except Exception as error:  # decoders fail on mutilated bytes in ways that no list can hold
        raise Refusal(f"a whole {kind} file", "one that is damaged or cut short") from error
