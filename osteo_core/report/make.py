"""A report from beginning to end: `osteo report` and the dashboard's Report button."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pandas as pd

from osteo_core.bundles import Bundle
from osteo_core.errors import OsteoError
from osteo_core.heatmap import library_versions
from osteo_core.report import choosing, cohort, html, scores, tiles, versus
from osteo_core.report.gather import Request, Said, gather
from osteo_core.steps import Steps, between, finish

TITLE = "Osteo Explain: report"
_GATHERED, _AUDITED = 0.15, 0.45  # shares of the whole when each is done, about


@dataclass(frozen=True)
class Report:
    """A report.

    Attributes:
        html: One whole HTML file.
        n_tiles: Labelled tiles that were scored.
        n_pictures: Pictures in it.
        problems: What could not be shown, in sentences; they stand in the report too.
    """

    html: str
    n_tiles: int
    n_pictures: int
    problems: tuple[str, ...]


def report_steps(request: Request) -> Steps[Report]:
    """Make a report.

    Args:
        request: What it is about.

    Yields:
        The share done, 0..1.

    Returns:
        The report.

    Raises:
        OsteoError: Predictions are missing, or there is no such part.
    """
    yield 0.0
    said = yield from between(gather(request), 0.0, _GATHERED)
    audit, problems = yield from between(_audit(request), _GATHERED, _AUDITED)
    wanted = [*request.on_view, *choosing.chosen(request, said)]
    shown = yield from between(tiles.show(request, wanted), _AUDITED, 0.98)
    problems = [*problems, *shown.problems]
    sections = _sections(request, said, audit, shown, problems)
    page = html.page(TITLE, _lead(request, said), sections)
    n_tiles = max(part.n_tiles for part in said.parts.values())
    return Report(page, n_tiles, len(shown.provenance), tuple(problems))


def make_report(request: Request) -> Report:
    """Make a report; see `report_steps`."""
    return finish(report_steps(request))


def _sections(
    request: Request, said: Said, audit: str, shown: tiles.Shown, problems: list[str]
) -> list[tuple[str, str, str]]:
    found = [
        ("glance", "At a glance", scores.glance(request, said)),
        ("protocol", "The protocol", cohort.protocol(request, said)),
    ]
    if said.compared is not None:
        found.append(("comparison", "One against the other", versus.comparison(said.compared)))
    for bundle in request.bundles:
        content = scores.network(bundle, said.parts[bundle.name])
        found.append((f"network-{html.ident(bundle.name)}", bundle.card.title, content))
    if shown.blocks:
        found.append(("tiles", "Tiles", _tiles(request, shown)))
    if request.cohort is not None:
        found.append(("cohort", "The cohort", cohort.make_up(request.cohort)))
    if audit:
        found.append(("audit", "The audit", audit))
    found.append(("calls", "Every call", cohort.every_tile(said, request.bundles)))
    found.append(("provenance", "Where this comes from", _provenance(request, shown, problems)))
    return found


def _lead(request: Request, said: Said) -> list[str]:
    names = "; ".join(bundle.card.title for bundle in request.bundles)
    of = "stored predictions"
    if request.cohort is not None:
        of = f"the cohort of {len(request.cohort.tiles):,} tiles"
    return [
        html.paragraph(f"{names}: on the {scores.part_words(request.part)} of {of}."),
        html.paragraph(
            "For research and teaching, not diagnosis. Pictures may be of patients' tissue: share "
            "this file only as you may share them.",
            "warning",
        ),
    ]


def _tiles(request: Request, shown: tiles.Shown) -> str:
    told = (
        "Each map is laid over the tile as the network saw it, stretched to its input. A map tells "
        "where the network found evidence, not whether it is right."
    )
    if shown.n_graded:
        told += " A failed grade means: do not rely on this map; it is drawn pale."
    else:
        told += " These maps were not graded: the dashboard and `osteo grade` do that."
    return html.paragraph(told) + "".join(shown.blocks)


def _provenance(request: Request, shown: tiles.Shown, problems: list[str]) -> str:
    networks = pd.DataFrame({"of": list(_of_network(request.bundles[0]))})
    for bundle in request.bundles:
        networks[bundle.name] = list(_of_network(bundle).values())
    versions = pd.DataFrame(
        [{"library": name, "version": version} for name, version in library_versions().items()]
    )
    pieces = [
        # The day and no more, so that the same command gives the same bytes.
        html.command(f"Made on {datetime.now(UTC):%Y-%m-%d} (UTC) by", command(request)),
        html.table(networks, "Networks"),
        html.table(versions, "What computed it"),
    ]
    if shown.provenance:
        table = html.table(shown.table(), "Where each picture comes from")
        pieces.append(html.details(f"Where each of {len(shown.provenance)} pictures comes from",
                                   table))  # fmt: skip
    if problems:
        pieces += [html.heading("What could not be shown"), html.bullets(problems)]
    return "".join(pieces)


def _of_network(bundle: Bundle) -> dict[str, str]:
    card = bundle.card
    return {
        "architecture": card.architecture,
        "digest": bundle.digest,
        "trained on": card.provenance.trained_on,
        "started from": card.provenance.started_from,
        "date": card.provenance.date,
        "recipe": str(card.recipe.get("source", "")),
        "libraries": ", ".join(f"{name} {version}" for name, version in card.versions.items()),
    }


def command(request: Request) -> str:
    """The command that makes this report, but for tiles that were on view."""
    names = ",".join(bundle.name for bundle in request.bundles)
    where = f" --cohort {request.cohort.folder}" if request.cohort else ""
    return f"osteo report --models {names}{where} --part {request.part} --out report.html"


def _audit(request: Request) -> Steps[tuple[str, list[str]]]:
    if request.cohort is None or not request.audit:
        return "", []
    from osteo_core.cohorts.audit import audit_steps

    try:
        found = yield from audit_steps(request.cohort)
    except OsteoError as error:
        return "", [f"The cohort was not audited. {error}"]
    return cohort.audited(found), []
