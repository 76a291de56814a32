"""One step after another up a unit's activation, each taken by tf-keras-vis.

`ActivationMaximization` runs a loop of its own, which cannot be left and resumed, and clips the
picture only once it is done. Here it is called for one step at a time, from where the last one
led. Its regularisers are used as they are; its modifiers are not, since they draw from generators
that cannot be seeded.
"""

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import numpy.typing as npt

from osteo_core.errors import ModelError
from osteo_core.explain.canvases import GREY, Front, Pixels

if TYPE_CHECKING:
    from osteo_core.explain.synthesis import DreamSettings

_LAST_STEP = 0.2  # the last step's length, as a share of the first one's
_NOISE = 8.0  # standard deviation of what the canvas starts from, of 255


class Ascent:
    """A canvas on its way; also the optimiser that tf-keras-vis is given.

    Args:
        front: The network in front of the unit.
        settings: How the picture is made.
    """

    def __init__(self, front: Front, settings: "DreamSettings") -> None:
        from tf_keras_vis.activation_maximization import ActivationMaximization
        from tf_keras_vis.activation_maximization.regularizers import Norm, TotalVariation2D

        self._front, self._settings = front, settings
        self._library = ActivationMaximization(front)
        self._regularisers = [TotalVariation2D(settings.total_variation), Norm(settings.norm, p=2)]
        self._random = np.random.default_rng(settings.seed)
        self._shift, self._taken = (0, 0), 0
        self._spectrum = _spectrum(front.size, settings.smoothness)
        self._canvas = self._random.normal(0, _NOISE, (1, *front.size, 3)).astype(np.float32)

    def step(self) -> None:
        """Take one step; the canvas stays within what a picture can show."""
        made = self._library(
            lambda score: score[:, 0],
            seed_input=self._canvas,
            input_range=(-GREY, GREY),
            input_modifiers=[self._move],
            regularizers=self._regularisers,
            steps=1,
            optimizer=self,
            gradient_modifier=self._weigh,
        )
        if self._taken == 0 and self._front.is_flat:
            raise ModelError(
                "Expected a unit that a picture can change. "
                f"Received: {self._front.unit}, which no change of a grey canvas moves."
            )
        self._canvas = np.roll(np.asarray(made), (-self._shift[0], -self._shift[1]), (1, 2))
        self._taken += 1

    def picture(self) -> Pixels:
        """The canvas as uint8 RGB (H, W, 3), not writeable."""
        picture: Pixels = np.clip(np.rint(self._canvas[0] + GREY), 0, 255).astype(np.uint8)
        picture.setflags(write=False)
        return picture

    def apply_gradients(self, pairs: Any) -> None:
        """Go down a gradient by the length that this step has; tf-keras-vis calls it."""
        left = 1 - self._taken / self._settings.steps
        rate = self._settings.rate * (_LAST_STEP + (1 - _LAST_STEP) * left)
        for gradient, canvas in pairs:
            canvas.assign_sub(rate * gradient)

    def _move(self, canvas: Any) -> Any:
        """Shift and turn the canvas (1, H, W, 3) at random; `step` shifts it back."""
        import tensorflow as tf

        height, width = self._front.size
        reach = [int(side * self._settings.jitter) for side in (height, width)]
        down, right = (int(self._random.integers(-far, far + 1)) for far in reach)
        angle = self._random.uniform(-1, 1) * self._settings.rotation
        turn = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle, 1)
        shifted = np.roll(np.asarray(canvas)[0], (down, right), (0, 1))
        turned = cv2.warpAffine(shifted, turn, (width, height), borderMode=cv2.BORDER_REFLECT)
        self._shift = down, right
        return tf.constant(turned[None])

    def _weigh(self, gradient: Any) -> Any:
        """Weigh a gradient (1, H, W, 3) by frequency and bring it to root mean square 1."""
        import tensorflow as tf

        waves = np.fft.rfft2(np.asarray(gradient)[0], axes=(0, 1)) * self._spectrum
        slope = np.fft.irfft2(waves, s=self._front.size, axes=(0, 1))
        length = max(float(np.sqrt(np.mean(slope**2))), np.finfo(np.float64).tiny)
        return tf.constant((slope / length)[None], tf.float32)


def _spectrum(size: tuple[int, int], power: float) -> npt.NDArray[np.float64]:
    """f^-power for each frequency of a real Fourier transform, (H, W // 2 + 1, 1)."""
    height, width = size
    rows, columns = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None]
    frequency = np.hypot(rows, columns)
    lowest = 1 / max(height, width)  # the mean is taken on like the slowest wave
    weights: npt.NDArray[np.float64] = np.maximum(frequency, lowest)[..., None] ** -power
    return weights
