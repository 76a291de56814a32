"""What a report says of the cohort: its make-up, its audit, and the split of the networks."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from osteo_core.bundles import Bundle
from osteo_core.cohorts.table import Cohort
from osteo_core.evaluate.intervals import Interval
from osteo_core.evaluate.protocol_report import FILE, read_report
from osteo_core.report import html
from osteo_core.report.gather import Request, Said
from osteo_core.wording import between, how_split

if TYPE_CHECKING:
    from osteo_core.cohorts.audit import Audit, Pair

MOST_PAIRS = 40
KINDS = {
    "slide": "whole slides, by their names: a test slide was never trained on, but other slides "
    "of its case were",
    "case": "whole cases: a test patient was never seen",
    "tile": "single tiles: neighbours of a test tile were trained on, which flatters the network",
    "given": "the folders that the tiles came in: whether slides or cases cross parts is not known",
}


def protocol(request: Request, said: Said) -> str:
    """How tiles were divided into parts, and what follows for the numbers."""
    rows = [
        {
            "network": bundle.name,
            "split by": bundle.card.split.kind,
            **{
                part: f"{size.tiles} tiles, {size.slides} slides, {size.cases} cases"
                for part, size in bundle.card.split.parts.items()
            },
            "cohort digest": bundle.card.split.cohort_digest[:12],
        }
        for bundle in request.bundles
    ]
    kinds = {bundle.card.split.kind for bundle in request.bundles}
    pieces = [html.table(pd.DataFrame(rows), "The split that each network was trained under")]
    pieces += [html.paragraph(f"Split by {KINDS.get(kind, kind)}.") for kind in sorted(kinds)]
    pieces.append(
        html.paragraph(
            "On the public collection a plain classifier scores about 0.9 on random tiles and "
            "about 0.7 when a whole case is held out. A figure means little without its protocol.",
            "note",
        )
    )
    for bundle in request.bundles:
        pieces += _refitted(bundle)
    return "".join([*pieces, html.bullets(said.notes)])


def protocol_table(bundle: Bundle) -> tuple[pd.DataFrame, tuple[str, ...]] | None:
    """What a frozen base of the network's architecture scores under each split protocol.

    Returns:
        One row a protocol and what is to be known of it; None where `osteo evaluate --protocol all
        --save` has not been run.

    Raises:
        BundleError: The file is there and cannot be read.
    """
    found = read_report(bundle.folder / FILE)
    if found is None or not found.protocols:
        return None
    rows = [
        {
            "protocol": row.title,
            "accuracy": row.accuracy,
            "95 %, over tiles": _bounds(row.accuracy_ci95_by_tile),
            "95 %, over slides": _bounds(row.accuracy_ci95_by_slide),
            "95 %, over tissue": _bounds(row.accuracy_ci95_by_tissue),
            "macro F1": row.macro_f1,
            "tiles": row.n_tiles,
            "slides": row.n_slides,
            "cases": row.n_cases,
        }
        for row in found.protocols.values()
    ]
    skipped = tuple(f"{name}: {why}" for name, why in found.skipped.items())
    notes = dict.fromkeys(note for row in found.protocols.values() for note in row.notes)
    told = (found.gap, found.base.sentence, f"The head: {found.head}.", *notes, *skipped)
    tied = any(row.accuracy_ci95_by_tissue for row in found.protocols.values())
    table = pd.DataFrame(rows)
    return (
        table if tied else table.drop(columns="95 %, over tissue"),
        tuple(text for text in told if text),
    )


def _refitted(bundle: Bundle) -> list[str]:
    found = protocol_table(bundle)
    if found is None:
        return []
    frame, told = found
    caption = f"The same base under each protocol, its head fitted anew ({bundle.name})"
    return [html.table(frame, caption), html.bullets(told)]


def _bounds(bounds: tuple[float, float] | None) -> str:
    return between(Interval(*bounds) if bounds else None)


def make_up(cohort: Cohort) -> str:
    """Tiles by case, class and part."""
    frame = cohort.frame()
    table = pd.crosstab([frame["case"], frame["slide"]], frame["label"]).reset_index()
    table["tiles"] = table[[c for c in cohort.classes if c in table]].sum(axis=1)
    cases = pd.crosstab(frame["case"], frame["label"]).reset_index()
    parts = pd.crosstab(frame["split"], frame["label"]).reset_index()
    return "".join(
        [
            html.paragraph(
                f"{len(cohort.tiles):,} tiles, split {how_split(cohort.protocol.kind)}, seed "
                f"{cohort.protocol.seed}; mixed tiles: {cohort.mixed}; digest "
                f"{cohort.digest[:12]}."
            ),
            html.table(cases, "Tiles by case and class"),
            html.table(parts, "Tiles by part and class"),
            html.details("By slide", html.table(table, "Tiles by slide and class")),
        ]
    )


def audited(found: "Audit") -> str:
    """What the audit found."""
    pieces = [html.bullets(found.sentences())]
    for title, pairs in (
        ("Across parts of the split", found.leaks),
        ("Under different slide names", found.unnamed),
        ("Within a part", found.pairs),
    ):
        if pairs:
            table = html.table(_pairs(pairs[:MOST_PAIRS]), f"{title}: {_shown(len(pairs))}")
            pieces.append(html.details(f"{title} ({len(pairs)})", table, long=True))
    stains = pd.DataFrame(
        [
            {
                "case": row.case,
                "tiles": row.tiles,
                "haematoxylin": row.haematoxylin,
                "eosin": row.eosin,
                "stands out": "yes" if row.outlying else "",
            }
            for row in found.stains
        ]
    )
    pieces.append(html.table(stains, "Stain by case: mean optical density"))
    if found.near_white:
        white = pd.DataFrame(
            [
                {"tile": t.file, "white": f"{t.white:.0%}", "label": t.label, "part": t.part}
                for t in found.near_white[:MOST_PAIRS]
            ]
        )
        table = html.table(white, f"Nearly empty tiles: {_shown(len(found.near_white))}")
        pieces.append(html.details(f"Nearly empty tiles ({len(found.near_white)})", table))
    return "".join(pieces)


def every_tile(said: Said, bundles: Sequence[Bundle]) -> str:
    """Every tile with every network's call, closed at first."""
    frames = []
    for bundle in bundles:
        part = said.parts[bundle.name]
        frames.append(
            part.table[["file", "label", "split"]].assign(
                **{
                    bundle.name: [
                        f"{call} {share:.2f}{'' if call == label else ' ✕'}"
                        for call, share, label in zip(
                            part.calls, part.confidence, part.labels, strict=True
                        )
                    ]
                }
            )
        )
    table = frames[0]
    for frame in frames[1:]:
        table = table.merge(frame, on=["file", "label", "split"], how="outer")
    title = f"All {len(table)} tiles with every call (✕: wrong)"
    return html.details(title, html.table(table.sort_values("file"), title), long=True)


def _pairs(pairs: "Sequence[Pair]") -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "tile": pair.a,
                "other": pair.b,
                "kind": pair.kind,
                "how": pair.how,
                "parts": " / ".join(pair.parts),
                "labels": " / ".join(dict.fromkeys(pair.labels)),
            }
            for pair in pairs
        ]
    )


def _shown(n: int) -> str:
    return f"{min(n, MOST_PAIRS)} of {n}"
