"""The search for the assignment of whole slides or cases to parts that comes closest to the shares.

Changing anything here changes the split behind the shipped networks: tests hold its digest.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

ASSIGNMENTS = 4_000
_EXHAUSTIVE = 20_000  # with few groups every assignment is tried instead of a random sample
_REFINED = 100  # groups; above that random assignments are even enough and descent is slow
_BATCH = 500
_THIN = 5
_CONCENTRATION = 1 / 150  # one slide for a class weighs like 8 points off its share

Assignment = NDArray[np.intp]  # (groups,), 0 train, 1 and 2 the parts held out


@dataclass(frozen=True, eq=False)
class Demand:
    """What is dealt out and what is wanted; `split_tiles` says how assignments are ranked.

    Args:
        by_class: int (groups, classes), tiles of each group.
        by_cell: int (groups, cells), the same by case and class.
        fractions: wanted of each part, training first.
        fewest: groups wanted in each part but training.
    """

    by_class: NDArray[np.int64]
    by_cell: NDArray[np.int64]
    fractions: tuple[float, ...]
    fewest: int


def best_assignment(demand: Demand, seed: int) -> Assignment:
    """Best of many seeded assignments, then of its neighbours until none is better.

    No part is left without a group, given at least as many groups as parts.
    """
    best = _least(_assignments(demand, seed), demand)
    if len(best) <= _REFINED:
        while not np.array_equal(best, better := _better_neighbour(best, demand)):
            best = better
    while _empty(best[None], demand)[0]:  # only where there are too many groups for the descent
        best = _least(_moves(best, demand), demand)
    return best


def _least(assignments: Iterator[Assignment], demand: Demand) -> Assignment:
    best: Assignment | None = None
    while batch := list(itertools.islice(assignments, _BATCH)):
        if best is not None:
            batch.insert(0, best)  # first of equals wins
        rows = np.stack(batch)
        best = rows[np.lexsort(_ranks(rows, demand)[::-1])[0]]
    assert best is not None  # noqa: S101 - as many groups as parts always have an assignment
    return best


def _better_neighbour(best: Assignment, demand: Demand) -> Assignment:
    """Steepest descent: the one move or swap of groups that helps most, or `best` itself."""
    neighbours = itertools.chain(_moves(best, demand), _swaps(best))
    return _least(itertools.chain([best], neighbours), demand)


def _moves(assignment: Assignment, demand: Demand) -> Iterator[Assignment]:
    for i, part in itertools.product(range(len(assignment)), range(len(demand.fractions))):
        if part != assignment[i]:
            moved = assignment.copy()
            moved[i] = part
            yield moved


def _swaps(assignment: Assignment) -> Iterator[Assignment]:
    for i, j in itertools.combinations(range(len(assignment)), 2):
        if assignment[i] != assignment[j]:
            swapped = assignment.copy()
            swapped[[i, j]] = assignment[[j, i]]
            yield swapped


def _assignments(demand: Demand, seed: int) -> Iterator[Assignment]:
    sizes, parts = demand.by_class.sum(axis=1), len(demand.fractions)
    if parts ** len(sizes) <= _EXHAUSTIVE:
        every = itertools.product(range(parts), repeat=len(sizes))
        return (np.array(a, np.intp) for a in every if len(set(a)) == parts)
    rng = np.random.Generator(np.random.PCG64(seed))
    return (_cut(rng.permutation(len(sizes)), sizes, demand) for _ in range(ASSIGNMENTS))


def _cut(order: NDArray[np.int64], sizes: NDArray[np.int64], demand: Demand) -> Assignment:
    """Fill the last part first with groups in this order, up to the nearest number of tiles."""
    middle = np.cumsum(sizes[order]) - sizes[order] / 2
    share = middle / sizes.sum()
    assignment = np.zeros(len(order), np.intp)
    for part in range(1, len(demand.fractions)):
        assignment[order[share < sum(demand.fractions[part:])]] = part
    return assignment


def _empty(assignments: NDArray[np.intp], demand: Demand) -> NDArray[np.int64]:
    """How many parts have no group."""
    parts = np.arange(len(demand.fractions))[:, None, None]
    empty: NDArray[np.int64] = (assignments != parts).all(axis=2).sum(axis=0)
    return empty


def _ranks(assignments: NDArray[np.intp], demand: Demand) -> tuple[NDArray[Any], ...]:
    """Empty parts, missing and thin pairs, lacking groups, score: all to be least, in turn."""
    missing, thin, lacking = (np.zeros(len(assignments), np.int64) for _ in range(3))
    score = np.zeros(len(assignments))
    n_tiles = demand.by_class.sum()
    per_class, per_cell = demand.by_class.sum(axis=0), demand.by_cell.sum(axis=0)
    for part, fraction in enumerate(demand.fractions):
        inside = (assignments == part).astype(np.int64)  # (assignments, groups)
        classes, cells = inside @ demand.by_class, inside @ demand.by_cell
        missing += (classes == 0).sum(axis=1)
        thin += (2 if part == 0 else 1) * (classes < _THIN).sum(axis=1)
        score += (classes.sum(axis=1) / n_tiles - fraction) ** 2
        score += ((classes / per_class - fraction) ** 2).mean(axis=1)
        score += (per_cell / n_tiles * (cells / per_cell - fraction) ** 2).sum(axis=1)
        if part > 0:
            lacking += np.maximum(0, demand.fewest - inside.sum(axis=1))
            squares = inside @ demand.by_class**2 / np.maximum(classes, 1) ** 2
            score += squares.sum(axis=1) * _CONCENTRATION
    score = np.round(score, 12)  # the same choice on every platform
    return _empty(assignments, demand), missing, thin, lacking, score
