"""What the draws say of a figure's spread, and in words why they sometimes say nothing."""

from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from osteo_core.evaluate.bootstrap import UNDEFINED, Floats, percentile, unless_flat
from osteo_core.evaluate.intervals import Interval
from osteo_core.wording import listed


class Told(Protocol):
    """A figure with a note, as `whys` puts several together."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def group(self) -> str: ...  # noqa: D102
    @property
    def note(self) -> str: ...  # noqa: D102


def spread(
    values: Floats | None, by: str, lacks: str = "", instead: Interval | None = None
) -> tuple[Interval | None, str]:
    """Make an interval of a figure's draws, or say why there is none.

    Args:
        values: (count,) the figure in each draw, NaN where it is not defined; None where nothing
            was drawn, which is said elsewhere.
        by: What was drawn: "tile" or "slide".
        lacks: Why draws may not define it: "3 of 5 slides hold no Viable tile".
        instead: Wilson's interval, for a share whose draws all give the same.

    Returns:
        The interval, and a sentence where it is missing or Wilson's.
    """
    if values is None:
        return None, ""
    found = percentile(values)
    if found is None:
        share = float(np.isnan(values).mean())
        reason = f"{lacks}, and " if lacks and by == "slide" else ""
        return None, (
            f"no interval by {by}: {reason}{100 * share:.0f} % of the draws do not define it, more "
            f"than {100 * UNDEFINED:.0f} %."
        )
    kept = unless_flat(found, instead)
    if kept is found:
        return found, ""
    same = f"every draw gives {found.low:.3f}"
    if kept is None:
        return None, f"no interval by {by}: {same}, which says nothing of what was not seen."
    return kept, f"the interval by {by} is Wilson's: {same}."


def without(slides: Sequence[str], mine: npt.NDArray[np.bool_], name: str) -> str:
    """Say how many slides have no tile of a class, or no other; "" when all have both."""
    names = np.asarray(slides, object)
    total, own, rest = set(slides), set(names[mine]), set(names[~mine])
    told = [
        f"{len(total - there)} of {len(total)} slides hold no {what}"
        for there, what in ((own, f"{name} tile"), (rest, f"tile but {name}"))
        if len(there) < len(total)
    ]
    return listed(told)


def whys(rows: Iterable[Told]) -> list[str]:
    """Notes of many figures, those of one reason together."""
    found: dict[str, list[str]] = {}
    for row in rows:
        for sentence in filter(None, row.note.split(". ")):
            found.setdefault(sentence.rstrip("."), []).append(f"{row.name} {row.group}".strip())
    return [f"{', '.join(names)}: {reason}." for reason, names in found.items()]


def fewer_classes(confusion: Floats | None, present: npt.NDArray[np.bool_]) -> str:
    """Say how many draws of slides have no tile of a class, where macro means then go without it.

    Args:
        confusion: (count, k, k) of each draw; None where slides were not drawn.
        present: (k,) whether there is a tile of the class at all.
    """
    if confusion is None:
        return ""
    lacking = float((confusion.sum(axis=2)[:, present] == 0).any(axis=1).mean())
    if lacking <= UNDEFINED:
        return ""
    return (
        f"In {100 * lacking:.0f} % of the draws of slides a class has no tile; macro means are "
        "over the other classes there."
    )
