"""A heat map as a result: raw values, and everything needed to make them again."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from osteo_core.errors import OsteoError

_LIBRARIES = ("osteo-explain", "keras", "tensorflow", "numpy")


@dataclass(frozen=True, eq=False)
class HeatMap:
    """Where a network finds what speaks for a class; nothing is normalised here.

    Attributes:
        values: float32 (h, w), raw, not writeable; one value for each place of the layer's maps,
            laid over the whole tile. At least 0 unless `signed`.
        method: Name of the method, such as `"gradcam"`.
        layer: The layer explained.
        target: The class explained.
        target_logit: The class's score before the final activation; for a network with one
            sigmoid unit, its log-odds.
        target_probability: The class's probability, 0..1.
        signed: Whether negative values mean evidence against the class.
        explains: What was differentiated: the logit.
        parameters: The method's settings, and the units that were switched off.
        tile_sha256: SHA-256 of the tile's file.
        tile_name: Name of the tile's file.
        bundle: Name of the network.
        bundle_digest: Digest of its weights.
        versions: Versions of the libraries that computed it.
        empty_reason: One sentence where the map shows nothing, saying why; else None.
    """

    values: npt.NDArray[np.float32]
    method: str
    layer: str
    target: str
    target_logit: float
    target_probability: float
    signed: bool
    tile_sha256: str
    tile_name: str
    bundle: str
    bundle_digest: str
    explains: Literal["logit"] = "logit"
    parameters: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    empty_reason: str | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width) of the raw map."""
        return int(self.values.shape[0]), int(self.values.shape[1])

    def meta(self) -> dict[str, Any]:
        """Everything but the values, fit for JSON."""
        told = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "values"}
        told["parameters"], told["versions"] = dict(self.parameters), dict(self.versions)
        return {**told, "shape": list(self.shape)}

    def save(self, stem: str | Path) -> Path:
        """Write the raw values and their description.

        Args:
            stem: Path of the file without `.npz`; its folder is made.

        Returns:
            The file: `values` (float32, raw) and `meta` (a JSON text).
        """
        file = Path(f"{stem}.npz")
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("wb") as stream:
            np.savez_compressed(stream, values=self.values, meta=np.array(json.dumps(self.meta())))
        return file


def load_heatmap(file: str | Path) -> HeatMap:
    """Read a heat map that `HeatMap.save` wrote.

    Raises:
        OsteoError: The file is not such a file.
    """
    try:
        with np.load(file, allow_pickle=False) as archive:
            meta = json.loads(str(archive["meta"]))
            meta.pop("shape")
            values = archive["values"]
        values.setflags(write=False)
        return HeatMap(values=values, **meta)
    except Exception as error:  # a foreign file can fail in any way
        raise OsteoError(
            f"Expected a heat map saved as .npz. Received: {Path(file).name} ({error})."
        ) from error


@cache
def library_versions() -> Mapping[str, str]:
    """Versions of what computes a map, by distribution name."""
    return {name: _version(name) for name in _LIBRARIES}


def _version(name: str) -> str:
    for distribution in (name, f"{name}-cpu"):  # TensorFlow's CPU wheel has a name of its own
        try:
            return version(distribution)
        except PackageNotFoundError:
            continue
    return "not installed"
