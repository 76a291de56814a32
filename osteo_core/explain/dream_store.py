"""Dreams kept on disk, so that none is made twice on a computer."""

import contextlib
import hashlib
import json
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import asdict
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from osteo_core import files, pictures
from osteo_core.errors import OsteoError
from osteo_core.explain.synthesis import Dream, DreamSettings
from osteo_core.foreign import reading
from osteo_core.foreign.json_files import read_json
from osteo_core.units import Unit

LIMIT = 500
MOST_BYTES = 32 << 20  # of a picture; ours are far below one million
_RECIPE = 1  # count up when the same settings come to mean another picture


def cache_folder() -> Path:
    """Where results are kept that can be made again: `$OSTEO_CACHE`, or the user's own cache."""
    chosen = os.environ.get("OSTEO_CACHE")
    if chosen:
        return Path(chosen)
    home = Path.home()
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = home / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache")
    return base / "osteo-explain"


class DreamStore:
    """A folder of dreams: for each a picture (PNG) and what it is (JSON), written last.

    Args:
        folder: Where; `dreams` in `cache_folder` when not given. Made when first needed.
        limit: Dreams to keep at most; the oldest go first.
    """

    def __init__(self, folder: str | Path | None = None, limit: int = LIMIT) -> None:
        self.folder = Path(folder) if folder is not None else cache_folder() / "dreams"
        self.limit = limit

    def load(self, bundle_digest: str, unit: Unit, settings: DreamSettings) -> Dream | None:
        """Return a kept dream, None where there is none.

        Raises:
            OsteoError: It is damaged; saving it anew repairs it.
        """
        file = self._file(bundle_digest, unit, settings)
        if not file.is_file():
            return None
        with reading(f"a damaged file, {file.name}", OsteoError, f"the kept dream of {unit}"):
            told = read_json(file, at_most=MOST_BYTES)
            if told["identity"] != _identity(bundle_digest, unit, settings):
                raise ValueError("it is another dream")
            content = files.read_bytes(file.with_suffix(".png"), MOST_BYTES)
            return _dream(told, content, unit, settings)

    def save(self, dream: Dream) -> Path:
        """Keep a dream in place of an older one of the same unit and settings.

        Returns:
            The picture's file.

        Raises:
            OsteoError: The folder cannot be written.
        """
        file = self._file(dream.bundle_digest, dream.unit, dream.settings)
        told = describe(dream)
        content = pictures.png(dream.picture, text={"dream": json.dumps(told)})
        told["picture_sha256"] = hashlib.sha256(content).hexdigest()
        try:
            files.write_bytes(file.with_suffix(".png"), content)
            files.write_text(file, json.dumps(told, indent=2))
        except OsteoError as error:
            raise OsteoError(
                f"Expected a folder that can be written, to keep dreams in. "
                f"Received: {self.folder}. {error}"
            ) from error
        self._prune()
        return file.with_suffix(".png")

    def _file(self, bundle_digest: str, unit: Unit, settings: DreamSettings) -> Path:
        identity = json.dumps(_identity(bundle_digest, unit, settings), sort_keys=True)
        digest = hashlib.sha256(identity.encode()).hexdigest()[:24]
        readable = re.sub(r"[^A-Za-z0-9_]+", "-", str(unit))[:60]
        return self.folder / f"{readable}-{digest}.json"

    def _prune(self) -> None:
        kept = sorted(self.folder.glob("*.json"), key=_age)
        for file in kept[: max(0, len(kept) - self.limit)]:
            for gone in (file, file.with_suffix(".png")):
                with contextlib.suppress(OSError):  # another process may have been first
                    gone.unlink()


def describe(dream: Dream) -> dict[str, Any]:
    """Everything of a dream but its pixels, fit for JSON."""
    return {
        "identity": _identity(dream.bundle_digest, dream.unit, dream.settings),
        "bundle": dream.bundle,
        "activation": dream.activation,
        "on_grey": dream.on_grey,
        "seconds": dream.seconds,
        "shape": list(dream.picture.shape),
        "versions": dict(dream.versions),
    }


def _identity(bundle_digest: str, unit: Unit, settings: DreamSettings) -> dict[str, Any]:
    made = {"bundle_digest": bundle_digest, "unit": str(unit), "settings": asdict(settings)}
    return {**made, "recipe": _RECIPE}


def _dream(told: Mapping[str, Any], content: bytes, unit: Unit, settings: DreamSettings) -> Dream:
    if hashlib.sha256(content).hexdigest() != told["picture_sha256"]:
        raise ValueError("the picture is not the one that was written")
    with Image.open(BytesIO(content), formats=["PNG"]) as image:
        picture = np.array(image.convert("RGB"))
    picture.setflags(write=False)
    return Dream(
        unit=unit,
        bundle=str(told["bundle"]),
        bundle_digest=str(told["identity"]["bundle_digest"]),
        picture=picture,
        activation=float(told["activation"]),
        on_grey=float(told["on_grey"]),
        settings=settings,
        seconds=float(told["seconds"]),
        versions=dict(told["versions"]),
    )


def _age(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except OSError:  # another process has removed it
        return 0.0
