"""The account of an import, in words."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from osteo_core.cohorts.splits import PARTS
from osteo_core.wording import how_split

if TYPE_CHECKING:
    from osteo_core.cohorts.importing import ImportAccount
    from osteo_core.cohorts.table import Cohort

_SHOWN = 3
_CASES_SHOWN = 20


def account_text(account: ImportAccount) -> str:
    """Found, matched, unlabelled, skipped and why; then the split."""
    cohort = account.cohort
    lines = [
        f"Layout       {account.layout}",
        f"Found        {account.found} image files",
        f"Matched      {account.matched} labelled tiles, "
        f"{len(account.per_slide)} slides, {len(account.per_case)} cases",
        f"Unlabelled   {len(account.unlabelled)}{_examples(account.unlabelled)}",
        f"Skipped      {len(account.skipped)} files and rows",
        *_reasons(account.skipped),
        *account.notes,
        "",
        *_cases(account),
        "",
        *_split(cohort),
    ]
    return "\n".join(lines)


def _reasons(skipped: tuple[tuple[str, str], ...]) -> list[str]:
    kinds = Counter(reason.split(":")[0] for _, reason in skipped)
    return [
        f"  {n:5d}  {kind}"
        + _examples([what for what, reason in skipped if reason.split(":")[0] == kind])
        for kind, n in kinds.most_common()
    ]


def _examples(names: tuple[str, ...] | list[str]) -> str:
    if not names:
        return ""
    more = f", and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"  ({', '.join(names[:_SHOWN])}{more})"


def _cases(account: ImportAccount) -> list[str]:
    if len(account.per_case) > _CASES_SHOWN:
        return [f"{len(account.per_case)} cases, too many to list."]
    classes = account.cohort.classes
    counts = Counter((tile.case, tile.label) for tile in account.cohort.tiles)
    rows = [[case, *(str(counts[case, name]) for name in classes)] for case in account.per_case]
    total = ["all", *(str(account.per_class[name]) for name in classes)]
    return _table([["case", *classes], *rows, total])


def _split(cohort: Cohort) -> list[str]:
    counts = cohort.counts()
    head = ["part", "tiles", *cohort.classes, "slides", "cases"]
    rows = [
        [
            part,
            str(counts[part]["tiles"]),
            *(str(n) for n in counts[part]["classes"].values()),
            str(counts[part]["slides"]),
            str(counts[part]["cases"]),
        ]
        for part in PARTS
    ]
    protocol = cohort.protocol
    title = f"Split {how_split(protocol.kind)}, seed {protocol.seed}, digest {cohort.digest[:12]}"
    return [title, *_table([head, *rows])]


def _table(rows: list[list[str]]) -> list[str]:
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
