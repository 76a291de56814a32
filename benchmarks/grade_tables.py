"""The tables of docs/grades.md, from a file of `grade_rule measure`: two rules and the figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from osteo_core.explain import find_method
from osteo_core.grades.faithfulness import Curve, Curves, best_score, extremes
from osteo_core.grades.rule import (
    ANSWERS,
    BADGES,
    CRITERIA,
    FORGETS,
    MARGIN,
    MOVES,
    STABLE,
    STABLE_REDUCED,
    SURVIVES,
    Verdict,
    judge,
)
from osteo_core.grades.sampling import bootstrap

Row = dict[str, Any]
_STABILITY = ("stability_shift", "stability_jpeg", "stability_stain")


def verdict(row: Row) -> Verdict:
    """The present rule's verdict on a measured map."""
    if not row["figures"]:
        return judge({}, float("nan"), (), "It is empty.")
    best, moves = _room(row)
    return judge(
        row["figures"], row["edges"], row["randoms"], None, moves, bool(row["effort"]), best
    )


def old_badge(row: Row) -> str:
    """The badge by the rule before: an edge detector as good failed a map."""
    figures = row["figures"]
    if not figures:
        return "fail"
    tells = _room(row)[1] >= MOVES
    alike = figures.get("randomised_all", 0.0)
    if tells and (figures["edge_gap"] < MARGIN or figures["random_gap"] <= 0):
        return "fail"
    if alike > SURVIVES:
        return "fail"
    beaten = all(figures["faithfulness"] >= score + MARGIN for score in row["randoms"])
    least = STABLE_REDUCED if row["effort"] else STABLE
    steady = all(figures.get(name, 1.0) >= least for name in _STABILITY)
    return "pass" if tells and beaten and alike < FORGETS and steady else "weak"


def _room(row: Row) -> tuple[float, float]:
    """The best score that there could be on the tile, and how far the probability moves."""
    curves = {
        name: Curve(told["baseline"], np.array(told["fractions"]), np.array(told["values"]))
        for name, told in row["curves"].items()
    }
    low, high = extremes(curves.values())
    return best_score(Curves(curves["deletion"], curves["insertion"]), low, high), high - low


def tables(rows: Sequence[Row]) -> Iterator[str]:
    """Every table as Markdown, each behind its heading."""
    maps = [row for row in rows if row["method"]]
    networks = list(dict.fromkeys(row["network"] for row in maps))
    by = {name: [row for row in maps if row["network"] == name] for name in networks}
    yield from _counts("Pass, weak, fail by the rule before and by the present one", by)
    for name, some in by.items():
        methods = dict.fromkeys(row["method"] for row in some)
        own = {find_method(m).title: [r for r in some if r["method"] == m] for m in methods}
        yield from _counts(f"{name}, by method", own)
    yield from _answers(by)
    yield from _deciding(by)
    yield from _quantiles(by)
    yield from _references(rows, by)
    for name, some in by.items():
        if not name.startswith("lesson"):
            yield from _readme(name, some)


def _table(title: str, heads: Sequence[str], lines: Iterable[Sequence[object]]) -> Iterator[str]:
    yield f"\n### {title}\n"
    yield f"| {' | '.join(heads)} |"
    yield "|---|" + "--:|" * (len(heads) - 1)
    for line in lines:
        yield f"| {' | '.join(map(str, line))} |"


def _counts(title: str, groups: dict[str, list[Row]]) -> Iterator[str]:
    def line(name: str, some: list[Row]) -> list[object]:
        old, new = Counter(map(old_badge, some)), Counter(verdict(row).badge for row in some)
        return [name, len(some), *(old[b] for b in BADGES), *(new[b] for b in BADGES)]

    heads = ["", "maps", *(f"{b}, before" for b in BADGES), *(f"{b}, now" for b in BADGES)]
    yield from _table(title, heads, [line(*group) for group in groups.items()])


def _answers(by: dict[str, list[Row]]) -> Iterator[str]:
    lines = []
    for name, some in by.items():
        asked = [c for row in some for c in verdict(row).criteria]
        for key, title in CRITERIA.items():
            found = Counter(c.answer for c in asked if c.name == key)
            lines.append([f"{name}: {title.lower()}", *(found[answer] for answer in ANSWERS)])
    yield from _table("Answers to the four questions", ["", *ANSWERS], lines)


def _deciding(by: dict[str, list[Row]]) -> Iterator[str]:
    """Of the maps that do not pass, how often one question alone kept them from it."""
    lines = []
    for name, some in by.items():
        alone: Counter[str] = Counter()
        for found in (verdict(row) for row in some):
            kept = {c.name for c in found.criteria if c.sentence in found.reasons}
            kept -= {"edges"} if {"random", "edges"} <= kept and _cannot_tell(found) else set()
            if found.badge != "pass":
                alone[next(iter(kept)) if len(kept) == 1 else "several"] += 1
        lines.append([name, *(alone[key] for key in CRITERIA), alone["several"]])
    heads = ["maps that do not pass, by what alone keeps them from it", *CRITERIA, "several"]
    yield from _table("What decides", heads, lines)


def _cannot_tell(found: Verdict) -> bool:
    return any(c.answer == "unknown" for c in found.criteria)


def _quantiles(by: dict[str, list[Row]]) -> Iterator[str]:
    figures: dict[str, Callable[[Row], float]] = {
        "faithfulness": lambda row: row["figures"]["faithfulness"],
        "gap to the mean of random maps": lambda row: row["figures"]["random_gap"],
        "gap to the edge detector": lambda row: row["figures"]["edge_gap"],
        "edge detector's own faithfulness": lambda row: row["edges"],
        "best that there could be": lambda row: _room(row)[0],
        "correlation with the randomised network's": lambda row: row["figures"]["randomised_all"],
        "least of the three stabilities": lambda row: min(row["figures"][n] for n in _STABILITY),
        "how far the probability moves": lambda row: _room(row)[1],
    }
    lines = []
    for name, some in by.items():
        full = [row for row in some if row["figures"]]
        for title, figure in figures.items():
            found = np.quantile([figure(row) for row in full], (0.1, 0.5, 0.9))
            lines.append([f"{name}: {title}", *(f"{value:z.2f}" for value in found)])
    yield from _table("Distributions", ["", "10 %", "median", "90 %"], lines)


def _references(rows: Sequence[Row], by: dict[str, list[Row]]) -> Iterator[str]:
    """What the first question says of maps that know nothing: random ones and the edge detector."""
    lines = []
    for name, some in by.items():
        told = {row["tile"]: row for row in some if row["figures"] and _room(row)[1] >= MOVES}
        random: Counter[str] = Counter()
        edges: Counter[str] = Counter()
        for row in rows:
            if row["network"] == name and not row["method"] and row["tile"] in told:
                of = told[row["tile"]]
                random.update(_first(score, of) for score in row["more_randoms"])
                edges[_first(of["edges"], of)] += 1
        if random:
            lines.append([f"{name}: random maps", *_shares(random)])
        lines.append([f"{name}: edge detector", *_shares(edges)])
    heads = ["better than random maps?", "maps", "yes", "partly", "no"]
    yield from _table("Maps that know nothing of the network", heads, lines)


def _first(score: float, of: Row) -> str:
    found = judge({"faithfulness": score}, of["edges"], of["randoms"], best=_room(of)[0])
    return found.criteria[0].answer


def _shares(found: Counter[str]) -> list[object]:
    return [found.total(), *(found[answer] for answer in ("yes", "partly", "no"))]


def _readme(name: str, some: list[Row]) -> Iterator[str]:
    """The rows of README's table."""
    lines = []
    for method in dict.fromkeys(row["method"] for row in some):
        own = [row for row in some if row["method"] == method]
        badges = Counter(verdict(row).badge for row in own)
        shares = [f"{badges[badge] / len(own):.0%}" for badge in BADGES]
        asked = [c for row in own for c in verdict(row).criteria]
        figures = ("faithfulness", "edge_gap", "randomised_all", "stability_jpeg")
        lines.append(
            [find_method(method).title, *shares]
            + [_yes(key, [c.answer for c in asked if c.name == key]) for key in CRITERIA]
            + [_mean([row["figures"][f] for row in own if row["figures"]]) for f in figures]
        )
    tiles = len({row["tile"] for row in some})
    heads = ["", *BADGES, "better than random", "than edges", "depends on weights", "stable"]
    heads += ["faithfulness", "above an edge detector", "with random weights", "after JPEG 85"]
    yield from _table(f"README: {name}, test part, {tiles} tiles", heads, lines)


def _yes(name: str, answers: list[str]) -> str:
    known = [answer for answer in answers if answer != "unknown"]
    return f"{known.count('yes')} of {len(known)}"


def _mean(values: list[float]) -> str:
    found = bootstrap(values, 0)
    return "" if found is None else f"{found.mean:z.2f} ({found.low:z.2f} to {found.high:z.2f})"
