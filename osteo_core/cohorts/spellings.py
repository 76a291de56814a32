"""Names that mean one thing and are written in several ways."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping

from osteo_core.cohorts.names import folded, seen
from osteo_core.foreign.tables import tidy

_SHOWN = 5


def one_spelling(names: Mapping[str, int], *, case_matters: bool) -> dict[str, str]:
    """The one name that each spelling of it stands for.

    Args:
        names: Spellings as found, and how often each.
        case_matters: Whether names that differ in the case of letters, or in characters that are
            not seen, are different names. Spaces around them and forms of Unicode never make a
            difference.

    Returns:
        For each spelling the one among its like that is found most often, trimmed and in NFC.
    """
    key = tidy if case_matters else folded
    counts, best = _tidied(names), dict[str, str]()
    for name in sorted(counts, key=lambda name: (-counts[name], name != seen(name), name)):
        best.setdefault(key(name), name)
    return {name: best[key(name)] for name in names}


def spelling_notes(what: str, names: Mapping[str, int], case_matters: bool) -> Iterator[str]:
    """Sentences on class names that were found in several spellings.

    Args:
        what: What bears the names, in the plural.
        names: Spellings as found, and how many images have each.
        case_matters: As in `one_spelling`.
    """
    counts, forms = _tidied(names), Counter(tidy(name) for name in names)
    for name, n in sorted(forms.items()):
        if n > 1:
            yield (
                f"{what} {name!r} were found in {n} forms that differ in spaces around the name or "
                "in Unicode's way of writing it only; they were read as one class."
            )
    kept = one_spelling(counts, case_matters=False)
    for spellings in _alike(counts):
        listed = ", ".join(f"{name!r} ({counts[name]} images)" for name in spellings)
        told = (
            "are kept apart, as asked"
            if case_matters
            else f"were read as one class, {kept[spellings[0]]!r}; --case-matters keeps them apart"
        )
        yield f"{what} {listed} differ in {_difference(spellings)} only and {told}."


def case_variants(what: str, names: Mapping[str, int]) -> Iterator[str]:
    """A sentence on names that differ in the case of letters only and are kept apart.

    Args:
        what: What bears the names, in the plural.
        names: As used, and how many tiles have each.
    """
    alike = [" and ".join(map(repr, spellings)) for spellings in _alike(names)]
    if alike:
        difference = _difference(names)
        more = f", and {len(alike) - _SHOWN} more" if len(alike) > _SHOWN else ""
        yield (
            f"{what} {', '.join(alike[:_SHOWN])}{more} differ in {difference} only and count "
            "as different ones."
        )


def _difference(spellings: Iterable[str]) -> str:
    """What names differ in that differ in the case of letters or in what is not seen."""
    looks = Counter(map(seen, spellings))
    hidden = "spaces or characters that are not seen" if max(looks.values()) > 1 else ""
    return f"the case of letters{hidden and f', {hidden}'}"


def _alike(names: Iterable[str]) -> list[list[str]]:
    """Groups of names that differ in the case of letters or in what is not seen only."""
    of: defaultdict[str, list[str]] = defaultdict(list)
    for name in sorted(names):
        of[folded(name)].append(name)
    return [spellings for spellings in of.values() if len(spellings) > 1]


def _tidied(names: Mapping[str, int]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for name, n in names.items():
        counts[tidy(name)] += n
    return counts
