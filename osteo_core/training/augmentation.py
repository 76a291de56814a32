"""Random views of a tile that keep its label.

H&E has no up, so quarter turns and mirrors come first; then small rotations and zooms as in the
papers, and a change of stain strength, because slides differ in that more than in anything else.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from osteo_core.networks.preprocessing import Pixels, resize

# Ruifrok and Johnston 2001: optical density of haematoxylin, eosin and the residual, in RGB.
_STAINS = np.array([[0.65, 0.70, 0.29], [0.07, 0.99, 0.11], [0.27, 0.57, 0.78]], np.float64)
_STAINS /= np.linalg.norm(_STAINS, axis=1, keepdims=True)
_UNMIX = np.linalg.inv(_STAINS)


@dataclass(frozen=True)
class Augmentation:
    """How far a view may stray from its tile.

    Attributes:
        turns: Whether quarter turns and mirrors are drawn (all eight, equally often).
        rotation: Greatest further rotation, degrees either way.
        zoom: Greatest zoom either way; 0.2 means a factor of 1/1.2 to 1.2.
        warped: Share of views that are rotated and zoomed at all, 0..1. The others keep the
            sharpness that a tile has when the network is used.
        stain: Greatest relative change of each stain's strength; 0.2 means 0.8 to 1.2.
    """

    turns: bool = True
    rotation: float = 20.0
    zoom: float = 0.2
    warped: float = 0.5
    stain: float = 0.2

    def view(self, pixels: Pixels, size: tuple[int, int], rng: np.random.Generator) -> Pixels:
        """Draw one view.

        Args:
            pixels: RGB, uint8, shape `(h, w, 3)`.
            size: Height and width of the view, in pixels.
            rng: Source of all randomness; the same state gives the same view.

        Returns:
            RGB, uint8, shape `(*size, 3)`.
        """
        warped = rng.random() < self.warped
        view = self._warp(pixels, size, rng) if warped else resize(pixels, size)
        if self.turns:
            view = quarter_turn(view, int(rng.integers(8)))
        if self.stain:
            view = change_stains(view, rng.uniform(1 - self.stain, 1 + self.stain, 3))
        return view

    def _warp(self, pixels: Pixels, size: tuple[int, int], rng: np.random.Generator) -> Pixels:
        angle = rng.uniform(-self.rotation, self.rotation)
        zoom = (1 + self.zoom) ** rng.uniform(-1, 1)
        height, width = size
        # Shrink first by area averaging: a warp that shrinks by itself would alias.
        small = resize(pixels, (round(height * 1.2), round(width * 1.2)))
        centre = ((small.shape[1] - 1) / 2, (small.shape[0] - 1) / 2)
        matrix = cv2.getRotationMatrix2D(centre, angle, zoom * width / small.shape[1])
        matrix[:, 2] += (width - 1) / 2 - centre[0], (height - 1) / 2 - centre[1]
        warped = cv2.warpAffine(
            small, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
        )
        return np.asarray(warped, np.uint8)


def quarter_turn(pixels: Pixels, which: int) -> Pixels:
    """One of the eight symmetries of the square: 0..3 quarter turns, 4..7 the same mirrored.

    A tile that is not square keeps its shape: it is turned by half turns only.
    """
    turns = which % 4 if pixels.shape[0] == pixels.shape[1] else which % 2 * 2
    turned = np.rot90(pixels, turns)
    return np.ascontiguousarray(turned[:, ::-1] if which >= 4 else turned)


def change_stains(pixels: Pixels, factors: npt.NDArray[np.float64]) -> Pixels:
    """Multiply the strength of haematoxylin, eosin and the residual.

    Args:
        pixels: RGB, uint8, shape `(..., 3)`.
        factors: Three factors, 1 for no change.

    Reference:
        Colour deconvolution, Ruifrok and Johnston 2001; as augmentation, Tellez et al. 2018,
        doi:10.1109/TMI.2018.2820199 (we multiply only and do not shift, so white stays white).
    """
    mix = (_UNMIX * factors) @ _STAINS
    density = _DENSITY[pixels] @ mix.astype(np.float32)
    levels = np.rint(256.0 * np.exp(-density) - 1.0)
    return np.asarray(np.clip(levels, 0, 255), np.uint8)


_DENSITY = -np.log((np.arange(256, dtype=np.float32) + 1.0) / 256.0)


def mixed(
    inputs: npt.NDArray[np.float32],
    targets: npt.NDArray[np.float32],
    alpha: float,
    rng: np.random.Generator,
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Mix each input of a batch with another one, and their targets in the same shares.

    Args:
        inputs: Tiles or features, shape `(n, ...)`.
        targets: Class shares, shape `(n, classes)`.
        alpha: Both parameters of the beta distribution that the share is drawn from; 0 for none.
        rng: Source of the share and of the partners.

    Reference:
        Zhang et al. 2018, arXiv:1710.09412; on features, Verma et al. 2019, arXiv:1806.05236.
    """
    if not alpha:
        return inputs, targets
    share = np.float32(rng.beta(alpha, alpha))
    partner = rng.permutation(len(inputs))
    rest = np.float32(1) - share
    return share * inputs + rest * inputs[partner], share * targets + rest * targets[partner]
