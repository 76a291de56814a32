"""What the pages say of a reading, in whole sentences."""

import shlex
from typing import TYPE_CHECKING

from osteo_core.bundles import Bundle
from osteo_core.wording import count as count  # said on pages as words.count
from osteo_ui import services
from osteo_ui.markdown import md
from osteo_ui.sources import Shown

if TYPE_CHECKING:
    from osteo_core.reading import Reading

_MET = {
    "train": "This network was trained on this tile: its call here says nothing about new tiles.",
    "validation": "Training was stopped by looking at this tile among others (validation part).",
    "test": "This tile is in the test part: the network was not trained on it.",
}


def number(value: float) -> str:
    """Return a raw value in three digits, or whole where it has more."""
    return f"{value:.0f}" if 1000 <= abs(value) < 1e6 else f"{value:.3g}"


def command(template: str, *values: str) -> str:
    """Return a command to be typed into a shell, with names put into it as the shell needs them."""
    return template.format(*map(shlex.quote, values))


def duration(seconds: float) -> str:
    """Return a time in round figures."""
    if seconds < 1.5:
        return "about a second"
    return f"about {seconds:.0f} s" if seconds < 90 else f"about {seconds / 60:.0f} min"


def truth(bundle: Bundle, item: Shown) -> tuple[str, str]:
    """Return a tile's true class ("" when unknown) and how the network's training met the tile."""
    known = services.known_tile(bundle, item.tile.sha256)
    if known is None:
        return item.entry.label, ""
    return item.entry.label or known[0], _MET.get(known[1], "")


def call(reading: "Reading") -> str:
    """Return the predicted class and its probability."""
    return f"{reading.predicted}, {max(reading.probabilities):.1%}"


def verdict(reading: "Reading", true_class: str) -> str:
    """Return whether the call is right, where that is known; Markdown."""
    if not true_class:
        return md(":gray-badge[True class not known]")
    if true_class == reading.predicted:
        return md(":green-badge[:material/check: Right] true class {}", true_class)
    if true_class not in reading.classes:
        return md(
            ":orange-badge[:material/question_mark: Cannot be right] true class {}, "
            "which this network does not know",
            true_class,
        )
    return md(":red-badge[:material/close: Wrong] true class {}", true_class)


def probabilities(reading: "Reading") -> str:
    """Return all class probabilities in a sentence; the text that stands in for the chart."""
    pairs = zip(reading.classes, reading.probabilities, strict=True)
    return "Class probabilities: " + ", ".join(f"{name} {p:.1%}" for name, p in pairs)
