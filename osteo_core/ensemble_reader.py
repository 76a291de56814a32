"""An ensemble asked about new tiles: all its members are opened and answer as one."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from osteo_core.ensemble_bundles import EnsembleBundle

if TYPE_CHECKING:
    from osteo_core.engine import Engine
    from osteo_core.tiles import Tile


class EnsembleReader:
    """An ensemble's members opened, to ask all of them about tiles.

    Args:
        bundle: The ensemble.
        engines: Its members made readable, in its order.
    """

    def __init__(self, bundle: EnsembleBundle, engines: Sequence["Engine"]) -> None:
        self.name = bundle.name
        self.classes = bundle.ensemble.classes
        self._ensemble = bundle.ensemble
        self._engines = tuple(engines)

    def predict(self, tiles: Iterable["Tile"]) -> npt.NDArray[np.float64]:
        """Class probabilities of tiles, float64 (tiles, classes)."""
        kept = list(tiles)
        return self._ensemble.combine([engine.predict(kept) for engine in self._engines])

    def calls(self, probabilities: npt.NDArray[Any]) -> list[str]:
        """The call of each row that `predict` returned."""
        return self._ensemble.calls(np.asarray(probabilities, np.float64))


def open_reader(bundle: EnsembleBundle) -> EnsembleReader:
    """Open all members of an ensemble.

    Raises:
        OsteoError: A member cannot be opened.
    """
    from osteo_core.loading import open_model

    return EnsembleReader(bundle, [open_model(member.folder) for member in bundle.parts])
