"""Cohorts whose tables name and link to files outside their root: none of those is opened.

But one that is named outright, by an absolute path, where `OSTEO_ROOTS` is not set.
"""

from __future__ import annotations

import hashlib
import os
import random
from pathlib import Path

from osteo_core.cohorts import Cohort, CohortTile, read_cohort, write_cohort
from osteo_core.errors import OsteoError
from osteo_core.roots import VARIABLE
from tests.soak.tables import is_sentence, picture


def trial(seed: int, folder: Path) -> None:
    """A table never opens a picture outside its root, whatever it names and links to."""
    rng = random.Random(seed)
    secret, root = folder / "secret", folder / "in" / "root"
    picture(rng, secret / "s.png")
    picture(rng, root / "a" / "t.png")
    wanted = hashlib.sha256((secret / "s.png").read_bytes()).hexdigest()
    links = {
        "l.png": secret / "s.png",
        "d": secret,
        "up": "../..",
        "me": ".",
        "loop.png": "loop.png",
    }
    for name, target in links.items():
        (root / name).symlink_to(target)
    steps = ("..", "a", "d", "up", "me", "in", "secret", ".", "", "root")
    tiles = []
    for i in range(12):
        start = rng.choice(("", "/", f"{secret}/", f"{root}/", f"{folder}/"))
        way = "/".join(rng.choices(steps, k=rng.randint(0, 5)))
        file = f"{start}{way}/{rng.choice(('s.png', 't.png', 'l.png', 'loop.png', 'passwd'))}"
        tiles.append(CohortTile(file, "A", "C", "S", None, None, f"{i:064x}"))
    write_cohort(Cohort(folder / "c", root, tuple(tiles), classes=("A",)))
    os.environ.pop(VARIABLE, None)
    if seed % 2:
        os.environ[VARIABLE] = os.pathsep.join((str(root), str(folder / "c")))
    cohort = read_cohort(folder / "c")
    for tile in cohort.tiles:
        try:
            found = cohort.load(tile)
        except OsteoError as error:
            is_sentence(error)
        else:
            elsewhere = tile.file.startswith("/") and not in_root(tile.file, root)
            assert found.sha256 != wanted or (elsewhere and not seed % 2), tile.file


def in_root(file: str, root: Path) -> bool:
    return f"{os.path.normpath(file)}/".startswith(f"{root}/")
