"""Small pieces of sentences."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from osteo_core.evaluate.intervals import Interval

GIVEN: Final = "given"  # a split by the folders that the tiles came in


def count(n: int, noun: str) -> str:
    """A number with its noun: "1 tile", "1,144 tiles"."""
    return f"{n:,} {noun}" + ("" if n == 1 else "s")


def listed(names: Sequence[str], last: str = "and") -> str:
    """Names in a row, the last behind a word: "a, b and c"."""
    return f"{', '.join(names[:-1])} {last} {names[-1]}" if len(names) > 1 else "".join(names)


def number(value: float, told: str = "{:.3f}") -> str:
    """A number in words, where what rounds to nothing has no minus."""
    text = told.format(value)
    return text if any(c in "123456789" for c in text) else text.replace("-", "+" * ("+" in told))


def between(interval: "Interval | None", told: str = "{:.3f}") -> str:
    """An interval in words, or a dash."""
    if interval is None:
        return "–"
    return f"{number(interval.low, told)} to {number(interval.high, told)}"


def how_split(kind: str) -> str:
    """Words for a kind of split, to stand behind "split": "by slide"."""
    return "as in its folders" if kind == GIVEN else f"by {kind}"
