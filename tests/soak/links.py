"""Hostile links on every page: no traceback, and whatever they say is but letters."""

from __future__ import annotations

import atexit
import os
import random
import shutil
import tempfile
from pathlib import Path

from tests import dashboard
from tests.seen import check

MARK = "q7x"
NAMES = ("my model (v2)", "a&b=c?d#e 100%+", "\u00e9t\u00e9 \u65e5\u672c,;|:")
_ODD = "\0\n\t`*_~$[]()<>#+-=|:!&;\\{}@^/%?., \"'09\u00e9\u202e"
_MARKUP = ("![i](", "http://127.0.0.1:9/x.png", "www.a.b", "a@b.c", ":red[", ":material/home:")
_VALUES = ("nan", "inf", "-1", "1e9", "0,1", "Viable", "layer:3", "<img src=x onerror=alert(1)>")
_PLACES = ("../", "~nosuchuser", "//host/share", "example:", "upload:0123456789ab:", "cohort:ab")
_PIECES = (*_ODD, *_MARKUP, *_VALUES, *_PLACES)


def prepare() -> None:
    """Write small networks with names that links have trouble with, and warm the pages up."""
    from osteo_core.networks.build import BASES, Base
    from tests.pages import conftest

    models = Path(tempfile.mkdtemp(prefix="soak-links-"))
    BASES["toy-soak"] = Base(conftest._base(("early", "late")), end="pool1")
    for name in NAMES:
        conftest._write(models, name, "toy-soak", conftest.CLASSES)
    os.environ["OSTEO_MODELS"] = str(models)
    atexit.register(shutil.rmtree, models, ignore_errors=True)
    for page in dashboard.PAGES:
        dashboard.open_page(page, {"model": NAMES[0]}).run()


def trial(seed: int, folder: Path) -> None:
    """Open a page by a hostile link; a name that is in the list must come through."""
    rng = random.Random(seed)
    page, wanted = rng.choice(dashboard.PAGES), rng.choice(NAMES)
    link = {key: _values(rng) for key in rng.sample(_keys(), rng.randint(3, 14))}
    link["model"] = [wanted, *_values(rng)] if rng.random() < 0.8 else _values(rng)
    if rng.random() < 0.3:
        link |= {"source": "cohort", "cohort": str(folder / _text(rng).replace("\0", ""))}
    at = dashboard.open_page(page, link).run()
    assert not at.exception, (page, link, [e.message for e in at.exception])
    check(at, MARK, (MARK, MARK[:2]))
    if wanted in link["model"]:
        assert dashboard.url(at)["model"][0] == wanted, (page, link)


def _keys() -> list[str]:
    from osteo_ui.selection import _FIELDS

    return [field.url for field in _FIELDS.values()]


def _values(rng: random.Random) -> list[str]:
    return [_text(rng) for _ in range(rng.choice((1, 1, 1, 2, 7)))]


def _text(rng: random.Random) -> str:
    if rng.random() < 0.03:
        return MARK * 4000
    pieces = rng.choices(_PIECES, k=rng.randint(0, 8))
    return "".join(pieces[:4]) + rng.choice((MARK, MARK, "")) + "".join(pieces[4:])
