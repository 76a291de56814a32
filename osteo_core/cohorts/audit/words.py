"""What an audit found, in plain sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from osteo_core.wording import count, how_split

if TYPE_CHECKING:
    from osteo_core.cohorts.audit.result import Audit, Pair

_SHOWN = 12


def sentences(audit: Audit) -> tuple[str, ...]:
    """The findings, the gravest first."""
    return tuple(_sentences(audit))


def _sentences(audit: Audit) -> Iterator[str]:
    if audit.leaks:
        yield (
            f"{_pairs(audit.leaks)} lie across the parts of the split: what was trained on is "
            "tested on again."
        )
    if audit.unnamed:
        yield from _unnamed(audit)
    if not audit.leaks:
        yield _clean(audit)
    if audit.pairs:
        yield f"{_pairs(audit.pairs)} lie within one part: they count twice, but leak nothing."
    if audit.contradicting:
        yield (
            f"{count(len(audit.contradicting), 'pair')} of tiles that share tissue carry different "
            "labels."
        )
    if audit.near_white:
        yield f"{_tiles(len(audit.near_white), 'is', 'are')} more than 90% white."
    for item in audit.makeup.hanging:
        yield item.sentence
    yield audit.makeup.sentence()
    yield from filter(None, (row.sentence() for row in audit.stains))
    yield from _left_out(audit)


def _clean(audit: Audit) -> str:
    by = "By the slides' names, no" if audit.unnamed else "No"
    return f"{by} tile overlaps another across the parts of the split, and none is repeated there."


def _unnamed(audit: Audit) -> Iterator[str]:
    across = sum(pair.across for pair in audit.unnamed)
    cases = _cases(audit)
    yield (
        f"{count(len(audit.unnamed), 'pair')} of tiles named as of different slides show the same "
        f"tissue at the places their origins say, {across or 'none'} of them across parts: the "
        "slides' names cannot be trusted"
        + (
            f", and a split {how_split(audit.protocol)} does not keep these tiles apart."
            if across
            else "."
        )
    )
    tied = sum(map(len, audit.groups))
    groups = "one group" if len(audit.groups) == 1 else f"{len(audit.groups)} groups"
    yield (
        f"They tie {tied} slides into {groups}"
        + (f", across the cases {cases}" if cases else "")
        + ". Only a split that keeps each group in one part would be free of them."
    )


def _cases(audit: Audit) -> str:
    """Cases that one group of slides runs across, as "Case-4 and P9"."""
    case_of = {cell.slide: cell.case for cell in audit.makeup.cells}
    mixed = [sorted({case_of[slide] for slide in group}) for group in audit.groups]
    return "; ".join(" and ".join(cases) for cases in mixed if len(cases) > 1)


def _left_out(audit: Audit) -> Iterator[str]:
    if audit.too_even:
        yield (
            f"{_tiles(len(audit.too_even), 'has', 'have')} so little detail that a copy may be "
            "missed unless it was saved without loss."
        )
    if audit.unnamed_left:
        yield (
            f"{audit.unnamed_left:,} pairs of neighbouring origins with different slides were too "
            "many to look at."
        )
    if audit.altered:
        yield f"{_tiles(len(audit.altered), 'has', 'have')} changed since the import."
    if audit.unread:
        yield f"{_tiles(len(audit.unread), 'was', 'were')} left out: not readable."


def _pairs(pairs: Sequence[Pair]) -> str:
    overlapping = [pair.shared or 0 for pair in pairs if pair.kind == "overlap"]
    copies = len(pairs) - len(overlapping)
    found = []
    if copies:
        found.append(f"{count(copies, 'pair')} of tiles that show one picture")
    if overlapping:
        most = max(overlapping)
        found.append(f"{count(len(overlapping), 'pair')} that overlap by up to {most:.0%}")
    return " and ".join(found)


def _tiles(n: int, one: str, more: str) -> str:
    return f"{count(n, 'tile')} {one if n == 1 else more}"


def text(audit: Audit) -> str:
    """The audit as `osteo cohort audit` prints it."""
    lines = [f"{count(audit.n_tiles, 'tile')}, split {how_split(audit.protocol)}", ""]
    lines += [f"- {sentence}" for sentence in audit.sentences()]
    lines += _listed("Across parts", audit.leaks)
    lines += _listed("Across parts, under different slide names", _across(audit.unnamed))
    lines += _listed("With different labels", audit.contradicting)
    lines += ["", _side(audit), "", *_stains(audit)]
    found = audit.out_of_fold
    lines += ["", f"Label suspects out of fold: {found.note}"]
    for suspect in found.suspects[:_SHOWN]:
        lines.append(
            f"  {suspect.file}: labelled {suspect.label}, called {suspect.says} "
            f"({suspect.confidence:.2f})"
        )
    lines += _more(len(found.suspects))
    return "\n".join(lines)


def _across(pairs: Sequence[Pair]) -> list[Pair]:
    return sorted((p for p in pairs if p.across), key=lambda p: -(p.shared or 0))


def _listed(title: str, pairs: Sequence[Pair]) -> list[str]:
    if not pairs:
        return []
    lines = ["", f"{title}:"]
    for pair in pairs[:_SHOWN]:
        labels = f", {pair.labels[0]} against {pair.labels[1]}" if pair.contradicting else ""
        lines.append(
            f"  {pair.a} ({pair.parts[0]}) and {pair.b} ({pair.parts[1]}): {pair.kind}, "
            f"{pair.how}{labels}"
        )
    return lines + _more(len(pairs))


def _more(n: int) -> list[str]:
    return [f"  and {n - _SHOWN} more, all of them with --json"] if n > _SHOWN else []


def _side(audit: Audit) -> str:
    return f"A tile is {audit.side.px:g} px of the slide wide: {audit.side.how}."


def _stains(audit: Audit) -> list[str]:
    head = f"{'case':<12}{'tiles':>7}{'haematoxylin':>16}{'eosin':>16}"
    rows = [
        f"{row.case:<12}{row.tiles:>7}{_amount(row.haematoxylin, row.haematoxylin_sd):>16}"
        f"{_amount(row.eosin, row.eosin_sd):>16}"
        for row in audit.stains[:_SHOWN]
    ]
    return ["Stain by case, mean optical density and its deviation between tiles", head, *rows]


def _amount(mean: float | None, spread: float | None) -> str:
    if mean is None:
        return "too little"
    return f"{mean:.2f}" + (f" ± {spread:.2f}" if spread is not None else "")
