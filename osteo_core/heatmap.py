"""A heat map as a result: raw values, and everything needed to make them again."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, Field

from osteo_core.errors import OsteoError
from osteo_core.files import atomic_write, shown
from osteo_core.foreign import reading
from osteo_core.foreign.arrays import read_arrays
from osteo_core.foreign.json_files import parse_json

PNG_KEY = "osteo"  # of the text in a PNG that holds `HeatMap.meta`
MOST_BYTES = 256 << 20  # of a saved map; one of 8192 px a side takes all of it
_LIBRARIES = ("osteo-explain", "keras", "tensorflow", "numpy", "scipy", "opencv-python-headless")


@dataclass(frozen=True, eq=False)
class HeatMap:
    """Where a network finds what speaks for a class; nothing is normalised here.

    Attributes:
        values: float32 (h, w), raw, not writeable; one value for each place of the layer's maps,
            laid over the whole tile. At least 0 unless `signed`.
        method: Name of the method, such as `"gradcam"`.
        layer: The layer explained, or `"input"`.
        target: The class explained.
        against: The class it is held against, or None: the score is then the difference of the
            two logits.
        target_logit: The class's score before the final activation; for a network with one
            sigmoid unit, its log-odds.
        target_probability: The class's probability, 0..1.
        signed: Whether negative values mean evidence against the class.
        explains: The score that the values are of.
        parameters: The method's settings, and the units that were switched off.
        tile_sha256: SHA-256 of the tile's file.
        tile_name: Name of the tile's file.
        bundle: Name of the network.
        bundle_digest: Digest of its weights.
        versions: Versions of the libraries that computed it.
        empty_reason: One sentence where the map shows nothing, saying why; else None.
        figures: What the method measured of its own work, such as an error that should be small.
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
    against: str | None = None
    explains: Literal["logit", "probability"] = "logit"
    parameters: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    empty_reason: str | None = None
    figures: Mapping[str, float] = field(default_factory=dict)

    @property
    def score(self) -> str:
        """The score in words: the class, or the class rather than the other."""
        return f"{self.target} rather than {self.against}" if self.against else self.target

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width) of the raw map."""
        return int(self.values.shape[0]), int(self.values.shape[1])

    @property
    def values_sha256(self) -> str:
        """SHA-256 of the values' bytes, row by row, little-endian: tells maps apart to the bit."""
        return hashlib.sha256(self.values.astype("<f4", order="C").tobytes()).hexdigest()

    def meta(self) -> dict[str, Any]:
        """Everything but the values, and their digest; fit for JSON."""
        told = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "values"}
        for name in ("parameters", "versions", "figures"):
            told[name] = dict(told[name])
        return {**told, "shape": list(self.shape), "values_sha256": self.values_sha256}

    def png_text(self, drawing: Mapping[str, Any] | None = None) -> dict[str, str]:
        """Text for a PNG of the map, from which `osteo explain --from` makes it again.

        Args:
            drawing: How it is drawn: colours and their ends.
        """
        told = self.meta() | ({"drawing": dict(drawing)} if drawing else {})
        return {PNG_KEY: json.dumps(told, sort_keys=True)}

    def save(self, stem: str | Path) -> Path:
        """Write the raw values and their description.

        Args:
            stem: Path of the file without `.npz`; its folder is made.

        Returns:
            The file: `values` (float32, raw) and `meta` (a JSON text).
        """
        file = Path(f"{stem}.npz")
        with atomic_write(file) as stream:
            np.savez_compressed(stream, values=self.values, meta=np.array(json.dumps(self.meta())))
        return file


def load_heatmap(file: str | Path) -> HeatMap:
    """Read a heat map that `HeatMap.save` wrote.

    Raises:
        OsteoError: The file is not such a file.
    """
    name = shown(Path(file).name)
    with reading(name, OsteoError, "a heat map saved as .npz"):
        stored = read_arrays(file, ["values", "meta"], most=MOST_BYTES, kinds="fU")
        values = stored["values"]
        told = _Meta.model_validate(parse_json(str(stored["meta"]).encode(), f"what {name} tells"))
        if values.ndim != 2 or values.dtype != np.float32 or not values.size:
            raise ValueError(f"values of shape {values.shape}, {values.dtype}")
        if not np.isfinite(values).all():
            raise ValueError("values that are not finite")
        values.setflags(write=False)
        heat = HeatMap(values=values, **told.model_dump(exclude={"values_sha256"}))
        if told.values_sha256 not in ("", heat.values_sha256):
            raise ValueError("other values than were saved")
        return heat


class _Meta(BaseModel):
    """What `HeatMap.meta` tells, as it comes back from a file."""

    method: str
    layer: str
    target: str
    target_logit: float
    target_probability: float = Field(ge=0, le=1)
    signed: bool
    tile_sha256: str
    tile_name: str
    bundle: str
    bundle_digest: str
    against: str | None = None
    explains: Literal["logit", "probability"] = "logit"
    parameters: dict[str, Any] = Field(default_factory=dict)
    versions: dict[str, str] = Field(default_factory=dict)
    empty_reason: str | None = None
    figures: dict[str, float] = Field(default_factory=dict)
    values_sha256: str = ""  # of files of before there was one


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
