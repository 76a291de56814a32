"""What a network expects of its pixels: size, channel order and range.

The conventions are those of ``keras.applications``; they are stated here because a network read
with the wrong one gives plausible, wrong pictures.
"""

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

from osteo_core.errors import ModelError

Pixels = npt.NDArray[np.uint8]
Batch = npt.NDArray[np.float32]

_IMAGENET_MEAN_BGR = np.array([103.939, 116.779, 123.68], np.float32)
_IMAGENET_MEAN_RGB = np.array([0.485, 0.456, 0.406], np.float32)
_IMAGENET_STD_RGB = np.array([0.229, 0.224, 0.225], np.float32)


def _caffe(rgb: Batch) -> Batch:
    return np.ascontiguousarray(rgb[..., ::-1]) - _IMAGENET_MEAN_BGR


def _plus_minus_one(rgb: Batch) -> Batch:
    return rgb / np.float32(127.5) - np.float32(1.0)


def _torch(rgb: Batch) -> Batch:
    return (rgb / np.float32(255.0) - _IMAGENET_MEAN_RGB) / _IMAGENET_STD_RGB


def _unit(rgb: Batch) -> Batch:
    return rgb / np.float32(255.0)


def _unchanged(rgb: Batch) -> Batch:
    return rgb


PREPROCESSING: dict[str, Callable[[Batch], Batch]] = {
    "vgg19": _caffe,  # RGB -> BGR, ImageNet mean subtracted, no scaling
    "resnet50": _caffe,
    "mobilenetv2": _plus_minus_one,  # -1..1
    "xception": _plus_minus_one,
    "densenet121": _torch,  # 0..1, then ImageNet mean and standard deviation
    "rescale": _unit,  # 0..1
    "none": _unchanged,  # 0..255: the network rescales by itself
}


def check_preprocessing(name: str) -> str:
    """Return `name` if it is a known convention.

    Raises:
        ModelError: The name is not a key of `PREPROCESSING`.
    """
    if name not in PREPROCESSING:
        known = ", ".join(PREPROCESSING)
        raise ModelError(f"Preprocessing must be one of {known}. Received: {name!r}.")
    return name


def resize(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    """Stretch a tile to a network's input size.

    Args:
        pixels: RGB, uint8, shape `(h, w, 3)`.
        size: Height and width wanted, in pixels. The aspect ratio is not kept: every place of the
            tile is seen, and a map drawn over the tile is the same stretch undone.

    Returns:
        RGB, uint8, shape `(*size, 3)`; area averaging when shrinking, bilinear otherwise.
    """
    height, width = size
    if pixels.shape[:2] == (height, width):
        return pixels
    shrinks = height * width <= pixels.shape[0] * pixels.shape[1]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(pixels, (width, height), interpolation=how), np.uint8)


def normalise(rgb: npt.NDArray[np.generic], preprocessing: str) -> Batch:
    """Bring RGB values 0..255 into the network's own range; any leading shape."""
    return PREPROCESSING[check_preprocessing(preprocessing)](np.asarray(rgb, np.float32))


def prepare(pixels: Pixels, size: tuple[int, int], preprocessing: str) -> Batch:
    """Make a network's input of one tile.

    Args:
        pixels: RGB, uint8, shape `(h, w, 3)`.
        size: The network's height and width, in pixels.
        preprocessing: A key of `PREPROCESSING`.

    Returns:
        float32, shape `(1, *size, 3)`, in the network's own range.
    """
    return normalise(resize(pixels, size), preprocessing)[None]
