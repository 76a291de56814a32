"""The tiles a report shows: each with what every network calls it, where it looks, and a grade."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from osteo_core import pictures
from osteo_core.ensemble_bundles import EnsembleBundle
from osteo_core.errors import OsteoError
from osteo_core.report import html
from osteo_core.report.gather import Request, Wanted, readable
from osteo_core.steps import Steps, retold
from osteo_core.text import html_text as escape

if TYPE_CHECKING:
    from osteo_core.engine import Engine
    from osteo_core.grades import Grade
    from osteo_core.heatmap import HeatMap
    from osteo_core.reading import Reading
    from osteo_core.tiles import Tile

SIDE = 224  # px of a picture
OPACITY = 0.5
_ANSWERS = {"yes": "yes", "partly": "partly", "no": "no", "unknown": "cannot be told here"}
WORDS = {"pass": "✓ Pass", "weak": "△ Weak", "fail": "✕ Fail"}


@dataclass(eq=False)
class Shown:
    """The pictures of a report.

    Attributes:
        blocks: HTML, one a tile.
        provenance: One row a picture.
        problems: What could not be shown, in sentences.
        share: Part done, 0..1.
    """

    blocks: list[str] = field(default_factory=list)
    provenance: list[dict[str, str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    share: float = 0.0

    @property
    def n_graded(self) -> int:
        """Maps with a grade."""
        return sum(row["grade"] not in ("", "not graded") for row in self.provenance)

    def table(self) -> pd.DataFrame:
        """Where each picture comes from."""
        return pd.DataFrame(self.provenance)


def show(request: Request, wanted: Sequence[Wanted]) -> Steps[Shown]:
    """Read tiles with every network and draw their maps.

    Yields:
        The share done, 0..1.
    """
    shown = Shown()
    engines = _engines(request, shown.problems) if wanted else {}
    for number, one in enumerate(wanted):
        tile, problem = readable(one)
        if tile is None:
            shown.problems.append(f"{one.title}: {problem}")
            continue
        figures = [_tile_figure(tile, one, shown)]
        for done, engine in enumerate(engines.values()):
            figure = yield from _map_figure(request, engine, tile, one, shown)
            figures.append(figure)
            shown.share = (number + (done + 1) / len(engines)) / len(wanted)
            yield shown.share
        shown.blocks.append(_block(one, figures))
    return shown


def _engines(request: Request, problems: list[str]) -> "dict[str, Engine]":
    """Networks with layers to look at; an ensemble has none of its own."""
    found = {}
    for bundle in request.bundles:
        if isinstance(bundle, EnsembleBundle):
            continue
        try:
            found[bundle.name] = request.opener(bundle)
        except OsteoError as error:
            problems.append(str(error))
    return found


def _block(one: Wanted, figures: Sequence[str]) -> str:
    label = f"True class: {one.label}. " if one.label else "True class not known. "
    head = f"<h3>{escape(one.title)}</h3>{html.paragraph(label + one.why)}"
    return f'<article class="tile">{head}<div class="row">{"".join(figures)}</div></article>'


def _tile_figure(tile: "Tile", one: Wanted, shown: Shown) -> str:
    ident = _named(shown, tile, "the tile", "", "")
    small = pictures.thumbnail(tile.pixels, SIDE)
    alt = f"Tile {one.title}, H&E stain"
    return html.figure(html.picture(small, alt), f"The tile ({ident}).", ident)


def _map_figure(
    request: Request, engine: "Engine", tile: "Tile", one: Wanted, shown: Shown
) -> Steps[str]:
    reading = engine.read(tile)
    target = request.target if request.target in engine.classes else None
    layer = request.layer if request.layer in engine.conv_layers else None
    call = _call(reading, one)
    try:
        heat = reading.heatmap(request.method, layer=layer, target=target)
    except OsteoError as error:
        shown.problems.append(f"{engine.name}, {one.title}: {error}")
        return html.figure(html.paragraph("There is no map."), f"{engine.name}: {call}")
    grade = request.known_grade(heat)
    if grade is None and shown.n_graded < request.graded:
        grade = yield from _graded(engine, tile, reading, heat, shown.share)
    return _drawn(engine, tile, one, heat, call, grade, shown)


def _graded(
    engine: "Engine", tile: "Tile", reading: "Reading", heat: "HeatMap", share: float
) -> "Steps[Grade]":
    from osteo_core.grades import Grader

    steps = Grader(engine, tile, reading, heat.target, heat.against).steps(heat)
    grade = yield from retold(steps, lambda _: share)  # how far the report is, is counted in maps
    return grade


def _drawn(
    engine: "Engine",
    tile: "Tile",
    one: Wanted,
    heat: "HeatMap",
    call: str,
    grade: "Grade | None",
    shown: Shown,
) -> str:
    word = WORDS[grade.badge] if grade else "not graded"
    what = f"{heat.method} at {heat.layer} for {heat.target}"
    ident = _named(shown, tile, what, engine.name, word, heat)
    if heat.empty_reason:
        content = html.picture(pictures.thumbnail(tile.pixels, SIDE), f"Tile {one.title}")
        told = f"{engine.name}: {call}. {heat.empty_reason} ({ident})"
        return html.figure(content, told, ident)
    alt = f"{heat.method} of {engine.name} for {heat.target} over {one.title}"
    content = html.picture(_overlay(tile, heat), alt)
    pill = f'<p><span class="badge">{word}</span> {escape(_why(grade))}</p>' if grade else ""
    pale = ' class="pale"' if grade and grade.badge == "fail" else ""
    high = float(np.abs(heat.values).max())
    told = (
        f"{engine.name}: {call}. {heat.method} at {heat.layer} for the logit of {heat.score}, "
        f"colours from {-high if heat.signed else 0:.3g} to {high:.3g}"
        f"{'' if grade else ', not graded'} ({ident})."
    )
    return f"<div{pale}>{html.figure(content, told, ident)}{pill}</div>"


def _why(grade: "Grade") -> str:
    """What decided, and the answers to all questions of the rule."""
    answers = [f"{one.title}: {_ANSWERS[one.answer]}" for one in grade.criteria]
    return " ".join([grade.reason, *([f"({'; '.join(answers)}.)"] if answers else [])])


def _overlay(tile: "Tile", heat: "HeatMap") -> npt.NDArray[np.uint8]:
    small = pictures.thumbnail(tile.pixels, SIDE)
    high = float(np.abs(heat.values).max())
    colours, low = ("blue-red", -high) if heat.signed else ("viridis", 0.0)
    return pictures.overlay(
        small, heat.values, colour_map=colours, opacity=OPACITY, low=low, high=high
    )


def _call(reading: "Reading", one: Wanted) -> str:
    share = float(reading.probabilities.max())
    verdict = ""
    if one.label:
        verdict = ", right" if reading.predicted == one.label else ", wrong"
    return f"{reading.predicted} ({share:.0%}{verdict})"


def _named(
    shown: Shown,
    tile: "Tile",
    what: str,
    network: str,
    grade: str,
    heat: "HeatMap | None" = None,
) -> str:
    ident = f"P{len(shown.provenance) + 1}"
    made = [] if heat is None else [f"{k}={v}" for k, v in sorted(heat.parameters.items())]
    shown.provenance.append(
        {
            "picture": ident,
            "what": what,
            "network": network,
            "network digest": heat.bundle_digest[:12] if heat else "",
            "tile": tile.name,
            "tile SHA-256": tile.sha256,
            "settings": ", ".join(made),
            "values SHA-256": heat.values_sha256[:16] if heat else "",
            "grade": grade,
        }
    )
    return ident
