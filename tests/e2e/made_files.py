"""Files to upload, made on the spot: stained-looking tiles, and one that is no picture."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image


def tile_file(name: str, seed: int, height: int = 256, width: int = 256) -> dict[str, Any]:
    """Make a PNG of pink ground with dark nuclei, as an upload."""
    rng = np.random.default_rng(seed)
    pixels = rng.normal((225, 160, 190), 12, (height, width, 3))
    rows, columns = np.mgrid[:height, :width]
    for y, x, radius in zip(
        rng.integers(0, height, 60), rng.integers(0, width, 60), rng.uniform(2, 6, 60), strict=True
    ):
        pixels[(rows - y) ** 2 + (columns - x) ** 2 < radius**2] = (80, 40, 120)
    file = io.BytesIO()
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(file, "PNG")
    return {"name": name, "mimeType": "image/png", "buffer": file.getvalue()}


def text_file(name: str) -> dict[str, Any]:
    """Make a text under a picture's name."""
    return {"name": name, "mimeType": "image/png", "buffer": b"Dear colleague, the slides follow."}
