"""See inside the networks that read bone-tumour histology.

For research and teaching, not diagnosis.

from osteo_core import load_tile, open_model

reading = open_model("vgg19-multiclass").read(load_tile("tile.jpg"))
"""

from importlib import import_module
from typing import TYPE_CHECKING

__all__ = ["__version__", "load_tile", "open_model"]
__version__ = "0.1.0"

if TYPE_CHECKING:
    from osteo_core.loading import open_model
    from osteo_core.tiles import load_tile
else:

    def __getattr__(name: str) -> object:
        # On first use, so that `import osteo_core` costs neither OpenCV nor TensorFlow.
        homes = {"load_tile": "osteo_core.tiles", "open_model": "osteo_core.loading"}
        if name not in homes:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(homes[name]), name)
