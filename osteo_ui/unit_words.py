"""What the unit page says, in whole sentences."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from osteo_ui.markdown import md, md_table
from osteo_ui.words import command, number

if TYPE_CHECKING:
    from osteo_core.explain.ablation import Effect
    from osteo_core.explain.cards import UnitCard
    from osteo_core.explain.fields import EffectiveField
    from osteo_core.explain.partners import Partners
    from osteo_core.explain.places import PlaceUnits
    from osteo_core.unit_index import UnitFigures, UnitSummary
    from osteo_core.units import Unit
    from osteo_ui.unit_figures import Best

__all__ = ["number"]

CONTRIBUTION = (
    "Gradient of the class's logit × activation, summed over the map: to first order, what the "
    "logit would lose without the unit. Pick a class to look from its side."
)


def signed(value: float) -> str:
    """Return a raw value with its sign."""
    return "0" if value == 0 else f"{'+' if value > 0 else '−'}{number(abs(value))}"


def ordinal(rank: int) -> str:
    """Return 1st, 2nd, 3rd, 4th."""
    ending = (
        "th" if rank % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(rank % 10, "th")
    )
    return f"{rank}{ending}"


def size(sides: Sequence[int] | None) -> str:
    """Return height × width; the longer words where it is everything."""
    return "the whole input" if sides is None else " × ".join(map(str, sides))


def kind(card: "UnitCard") -> str:
    """Return what sort of unit it is."""
    info = card.layer
    after = f"after {info.activation} activation" if info.activation else "no activation of its own"
    if info.activation == "linear":
        after = "before any activation function"
    if card.map is None:
        return f"One of {card.n_units} neurons of a fully connected layer, {after}."
    height, width = card.map.shape
    return f"One of {card.n_units} channels of a {info.kind}: a map of {height} × {width}, {after}."


def figures(card: "UnitCard") -> str:
    """Return the unit's figures on this tile as a table in Markdown."""
    rank = (f"Rank for {card.target}", f"{ordinal(card.rank)} of {card.n_units}")
    if card.map is None:
        return _table([("Value", number(card.value)), rank])
    figures = [("Maximum", number(card.value))]
    if card.place is not None:
        figures.append(("Row, column", f"{card.place[0]}, {card.place[1]}"))
    above = ("Above zero", f"{card.share_positive:.0%}")
    return _table([*figures, ("Mean", number(card.mean)), above, rank])


def _table(pairs: Sequence[tuple[str, str]]) -> str:
    heads, values = zip(*pairs, strict=True)
    return md_table([heads, [md("**{}**", value) for value in values]], ["---"] * len(heads))


def silent(card: "UnitCard") -> str:
    """Say that the unit does nothing on this tile."""
    if card.map is None:
        return f"{card.unit} is zero on this tile."
    return f"{card.unit} is zero everywhere on this tile: there is no strongest place."


def tile_alt(title: str, card: "UnitCard") -> str:
    """Return what the picture of the tile shows."""
    if card.map is None:
        return f"Tile {title}"
    if card.silent:
        return f"Tile {title}; {card.unit} is zero everywhere on it"
    assert card.place is not None  # noqa: S101 - only a silent map has none
    return (
        f"Map of {card.unit} over {title}; strongest, {number(card.value)}, at row "
        f"{card.place[0]}, column {card.place[1]} of {card.map.shape[0]} × {card.map.shape[1]}"
    )


def field(card: "UnitCard", found: "EffectiveField | None", size_of: tuple[int, int]) -> str:
    """Return both receptive fields in a sentence."""
    textbook = card.layer.receptive_field
    if textbook is None:
        first = f"It can see the whole {size(size_of)} px input"
    else:
        first = f"Textbook receptive field {size(textbook)} px of the {size(size_of)} px input"
    if card.silent and card.map is not None:
        return f"{first}. Silent here: no place to ask what it really sees."
    if found is None:
        return f"{first}; the effective one is being worked out…"
    if found.size is None:
        return f"{first}. {found.reason or ''}"
    where = "" if card.place is None or card.map is None else " at its strongest place"
    frame = " (dashed)" if textbook is not None and where else ""
    return (
        f"{first}{frame}; effective {size(found.size)} px (solid){where}: the part that holds "
        "95 % of the gradient along either axis. Click the tile to see which units fire there."
    )


def ranking_alt(card: "UnitCard", every: np.ndarray) -> str:
    """Return what the bars of a layer show."""
    best = int(every.argmax())
    return (
        f"Contributions of the {card.n_units} units of {card.unit.layer} to {card.target}, "
        f"greatest first: unit {best} with {signed(float(every[best]))}; unit {card.unit.index} is "
        f"{ordinal(card.rank)}"
    )


def units_there(layer: str, here: "PlaceUnits", card: "UnitCard") -> str:
    """Say what is listed of a place."""
    row, column = here.place
    other = "" if layer == card.unit.layer else md("`{}` has no places. ", card.unit.layer)
    if not here.units:
        return md("{}No unit of `{}` fires at row {}, column {}.", other, layer, row, column)
    return md(
        "{}{} of {} units of `{}` fire at row {}, column {}; the {} strongest are listed. "
        "Percent: gradient × activation there, as a share of the sum of all sizes in the layer, "
        "for the logit of {}.",
        other,
        here.n_firing,
        here.n_units,
        layer,
        row,
        column,
        len(here.units),
        card.target,
    )


def partners(card: "UnitCard", side: str, found: "Partners") -> str:
    """Say what the shares on one side are."""
    if side == "after":
        return md(
            "Share of `{}` in each unit's sum before its activation, at that unit's strongest "
            "place; the {} greatest of {}.",
            card.unit,
            len(found),
            found.n_partners,
        )
    where = "" if found.place is None or card.map is None else " at its strongest place"
    return (
        f"Exact shares of its sum before the activation{where}: {number(found.total or 0)} in all, "
        f"{signed(found.bias or 0)} of it bias; the {len(found)} greatest of {found.n_partners}."
    )


def no_index(bundle: str) -> str:
    """Say that no tiles were indexed, and how to do it."""
    return md(
        "Which tiles drive it most is not known: no index of this network's units is here. "
        "{:code} makes one for a cohort; choose its folder in the sidebar.",
        command("osteo index --model {} --cohort DIR", bundle),
    )


def best(card: "UnitCard", found: "Best", by: str, cut: str) -> str:
    """Say what the row of tiles is."""
    value = {"maximum": "the greatest value", "mean": "the mean"}[by]
    value = value if card.map is not None else "the value"
    if not any(top.value for top in found.tops):
        return md("`{}` is zero on {}: none of them drives it.", card.unit, found.among)
    return md(
        "Of {}, strongest first, by {} of `{}`. {} Pick one to read the whole tile.",
        found.among,
        value,
        card.unit,
        cut,
    )


def no_pictures(missing: int, count: int) -> str:
    """Say that pictures of training tiles are missing, and how to get them."""
    return md(
        "The pictures of {} of {} are not on this computer: download the collection "
        "(Osteosarcoma-Tumor-Assessment, The Cancer Imaging Archive), run "
        "`osteo cohort import SRC --to DIR`, and give DIR as the cohort in the sidebar.",
        missing,
        count,
    )


def no_summary(bundle: str) -> str:
    """Say that nothing is known of the unit over many tiles."""
    return md(
        "How it answers to each class is not known: this network carries no summary of its units. "
        "{:code} makes one for a cohort.",
        command("osteo index --model {} --cohort DIR", bundle),
    )


def side(area: float) -> str:
    """Return an area under the ROC curve in words."""
    distance = abs(area - 0.5)
    if distance < 0.05:
        return "no preference"
    how = "much " if distance >= 0.35 else "" if distance >= 0.15 else "a little "
    return f"{how}{'more' if area > 0.5 else 'less'} than the rest"


def selectivity(summary: "UnitSummary", figures: "UnitFigures", area: np.ndarray) -> str:
    """Say what the areas are, how often it fires, and whether it is dead."""
    what = (
        "Area under the ROC curve of the class against the rest: 1 if every tile of the class "
        "drives it more, 0 if less, 0.5 if it cannot tell."
    )
    if figures.dead:
        return f"Dead: zero everywhere on all {summary.n_tiles:,} tiles. {what}"
    return f"Above zero somewhere on {figures.firing_share:.0%} of the tiles, so not dead. {what}"


def spread(summary: "UnitSummary") -> str:
    """Say over which tiles a distribution is."""
    of = {"train": "training part", "all": "cohort"}.get(summary.part, f"{summary.part} part")
    return (
        f"Share of each class's tiles by value, over {summary.n_tiles:,} tiles of the {of}; bins "
        "of equal width. The upright line is the tile on view."
    )


def spread_alt(unit: "Unit", classes: Sequence[str], figures: "UnitFigures", by: str) -> str:
    """Return what the distributions show."""
    means = figures.mean_by_class if by == "mean" else figures.maximum_by_class
    told = ", ".join(f"{name} {number(m)}" for name, m in zip(classes, means, strict=True))
    return f"Distribution of the {by} of {unit} in each class; on average {told}"


def without(units: str, target: str, found: "Effect", classes: Sequence[str], held: str) -> str:
    """Say what holding units does to a class, beside what random units do."""
    i = list(classes).index(target)
    before, after = float(found.before[i]), float(found.after[i])
    told = (
        f"{held} {units}, {target} goes from {before:.1%} to {after:.1%} "
        f"({points(after - before)} points)."
    )
    if not len(found.control):
        return f"{told} {found.control_reason or ''}"
    low, high = (float(pick(found.control_change[:, i])) for pick in (np.min, np.max))
    n, draws = len(found.units), len(found.control)
    which = "1 other unit" if n == 1 else f"{n} other units"
    return (
        f"{told} The same done to {which} drawn at random, {draws} times, changes it by "
        f"{points(low)} to {points(high)} points."
    )


def points(change: float) -> str:
    """Return a change of a probability in points of a percentage."""
    return f"{'−' if change < 0 else '+'}{abs(change) * 100:.2f}"


def passes(cost: float) -> str:
    """Return a cost in forward passes in round figures."""
    return f"{cost:.0f} forward passes" if cost >= 1.5 else f"{cost:.2g} forward passes"
