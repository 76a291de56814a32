"""What a report says of two networks on the same tiles."""

from itertools import combinations

import numpy as np
import pandas as pd

from osteo_core.evaluate.bootstrap import slide_groups
from osteo_core.evaluate.comparison import Comparison
from osteo_core.evaluate.differences import paired_differences
from osteo_core.evaluate.paired import delong_test, mcnemar_exact, slide_test
from osteo_core.report import html, svg
from osteo_core.report.scores import SERIES, between, number

MOST_ROWS = 40  # of disagreements; all calls stand at the end of the report


def comparison(compared: Comparison) -> str:
    """Every pair of networks, and the tiles on which they disagree."""
    if not compared.n_tiles:
        told = "These networks have no labelled tile in common, so they are not compared."
        return html.paragraph(told) + html.bullets(compared.notes)
    pieces = [html.bullets(compared.notes)]
    for first, second in combinations(compared.parts, 2):
        pieces += [html.heading(f"{first} against {second}"), _pair(compared, first, second)]
    return "".join([*pieces, _disagreements(compared)])


def tests(compared: Comparison, first: str, second: str) -> pd.DataFrame:
    """Tests of no difference: question, test, what it counts, p."""
    a, b = compared.parts[first], compared.parts[second]
    labels, slides = np.asarray(a.labels, object), slide_groups(a.table)
    right_a, right_b = (np.asarray(one.calls, object) == labels for one in (a, b))
    by_tile, by_slide = mcnemar_exact(right_a, right_b), slide_test(right_a, right_b, slides)
    parted = f"{by_tile.only_first} against {by_tile.only_second} tiles"
    decided = f"{by_slide.n_decided} of {by_slide.n_slides} slides decided"
    rows: list[tuple[str, str, str, float | None]] = [
        ("calls, by tile", "McNemar, exact", parted, by_tile.p),
        ("calls, by slide", "swaps of slides, exact", decided, by_slide.p),
    ]
    for name in compared.shared_classes:
        own, other = (one.probabilities[:, one.classes.index(name)] for one in (a, b))
        for by, groups in (("tile", None), ("slide", slides)):
            test = delong_test(labels == name, own, other, groups)
            gap = number(test.difference or 0.0, "{:+.3f}")
            told = test.note or f"{gap} ({between(test.interval, '{:+.3f}')})"
            rows.append((f"AUC {name}, by {by}", "DeLong", told, test.p))
    return pd.DataFrame(rows, columns=["question", "test", "what it counts", "p"])


def _pair(compared: Comparison, first: str, second: str) -> str:
    found = paired_differences(compared.parts[first], compared.parts[second])
    alt = f"{first} less {second}: " + "; ".join(f"{d.name} {d.difference:+.3f}" for d in found)
    chart = svg.intervals(
        [(d.name, d.difference, (d.by_tile, d.by_slide)) for d in found],
        SERIES,
        alt,
        zero=True,
        signed=True,
    )
    frame = pd.DataFrame(
        [
            {
                "figure": d.name,
                first: d.first,
                second: d.second,
                "difference": number(d.difference, "{:+.3f}"),
                "95 %, over tiles": between(d.by_tile, "{:+.3f}"),
                "95 %, over slides": between(d.by_slide, "{:+.3f}"),
            }
            for d in found
        ]
    )
    caption = f"{first} less {second} on {compared.n_tiles} common tiles"
    matrix = compared.call_matrix(first, second)
    pieces = (
        html.figure(chart, f"{caption}. An interval that holds 0 does not tell the two apart."),
        html.table(frame, caption),
        html.table(
            tests(compared, first, second), "Tests of no difference", {"p": "{:.3g}".format}
        ),
        html.counts(matrix, f"Rows: called by {first}; columns: called by {second}", "called"),
    )
    return "".join(pieces)


def _disagreements(compared: Comparison) -> str:
    table = compared.disagreements()
    if table.empty:
        return html.paragraph(f"The networks call all {compared.n_tiles} common tiles alike.")
    columns = ["file", "label", *(f"{name} call" for name in compared.parts), "apart"]
    shown = table[columns].head(MOST_ROWS)
    caption = f"Tiles called differently: {len(shown)} of {len(table)}, the widest apart first"
    return html.heading("Where they disagree") + html.table(shown, caption)
