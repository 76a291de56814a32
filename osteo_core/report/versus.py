"""What a report says of two networks on the same tiles."""

from itertools import combinations

import pandas as pd

from osteo_core.evaluate.comparison import Comparison
from osteo_core.evaluate.differences import paired_differences
from osteo_core.evaluate.pair_tests import pair_tests
from osteo_core.report import html, svg
from osteo_core.report.scores import SERIES
from osteo_core.wording import between, number

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
    tests = pair_tests(compared.parts[first], compared.parts[second]).table()
    pieces = (
        html.figure(chart, f"{caption}. An interval that holds 0 does not tell the two apart."),
        html.table(frame, caption),
        html.table(tests, "Tests of no difference", {"p": "{:.3g}".format}),
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
