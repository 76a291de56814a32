"""A grade's figures as a table, each with what it is held against. Draws nothing."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from osteo_core.grades.metrics import Metric, metrics
from osteo_core.grades.rule import FORGETS, MARGIN, STABLE, STABLE_REDUCED
from osteo_ui.markdown import Markdown, md, md_table

if TYPE_CHECKING:
    from osteo_core.grades import Curve, Grade

_ARROWS = {"higher": "↑", "lower": "↓"}


def table(grade: "Grade", narrow: bool = False) -> Markdown:
    """Return the figures of a grade as a table in Markdown; a narrow one has no references."""
    heads = ("Metric", "Value") if narrow else ("Metric", "Value", "Held against")
    rows: list[Sequence[str]] = [heads]
    for name, metric in metrics().items():
        if name in grade.figures:
            cells = (
                _title(metric),
                md("**{:z.2f}**", grade.figures[name]),
                _reference(metric, grade),
            )
            rows.append(cells[: len(heads)])
    return md_table(rows, (":--", "--:", ":--"))


def _title(metric: Metric) -> str:
    return f"{metric.title} {_ARROWS[metric.direction]}"


def _reference(metric: Metric, grade: "Grade") -> str:
    """Return what a figure is compared with, in words."""
    if metric.name in ("deletion", "insertion"):
        edges, random = (_area(grade.curves, f"{who} {metric.name}") for who in ("edges", "random"))
        return f"edges {edges}, random {random}"
    if metric.name == "faithfulness":
        return f"edges {grade.edges:z.2f}, random {_best(grade)}"
    if metric.name in ("edge_gap", "random_gap"):
        return f"at least {MARGIN}"
    if metric.name == "randomised_all":
        return f"below {FORGETS}"
    if metric.name.startswith("randomised_"):
        return "not judged"
    if metric.name.startswith("stability_"):
        return f"at least {STABLE_REDUCED if grade.effort else STABLE}"
    if metric.name in ("pointing_game", "relevance_mass") and grade.mask_share is not None:
        return f"{grade.mask_share:z.2f} by chance"
    return ""


def _best(grade: "Grade") -> str:
    return f"up to {max(grade.randoms):z.2f}" if grade.randoms else "none"


def _area(curves: "Mapping[str, Curve]", name: str) -> str:
    return f"{curves[name].area:z.2f}" if name in curves else "none"


def note(grade: "Grade", narrow: bool = False) -> str:
    """Return how the figures are to be read."""
    if narrow:
        told = "↑ higher is better, ↓ lower is better. With one tile on view, what each figure is "
        return f"{told}held against stands beside it. {grade.effort}".strip()
    parts = [
        "↑ higher is better, ↓ lower is better. Areas are mean probabilities; how alike two maps "
        "are is told by their rank correlation. Edges: the map of an edge detector.",
        "By chance: the mask's share of the tile." if grade.mask_share is not None else "",
        grade.effort,
    ]
    return " ".join(part for part in parts if part)
