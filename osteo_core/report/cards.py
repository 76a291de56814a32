"""The card of a network (`models/<name>/README.md`), made from the numbers that a report prints."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from osteo_core import files
from osteo_core.bundles import Bundle
from osteo_core.ensemble_bundles import EnsembleBundle
from osteo_core.errors import BundleError
from osteo_core.evaluate.figures import figures
from osteo_core.evaluate.parts import LabelledPart
from osteo_core.evaluate.protocol_report import FILE as PROTOCOLS
from osteo_core.evaluate.protocol_report import read_report
from osteo_core.evaluate.stored import stored_part
from osteo_core.report.cohort import KINDS, protocol_table
from osteo_core.report.scores import confusion_table, figure_table
from osteo_core.wording import listed

FILE = "README.md"
HEAD = ("accuracy", "macro F1", "weighted F1", "Brier score", "log loss", "calibration error")
BY_CLASS = ("precision", "recall", "specificity", "F1", "AUC", "average precision")


def card_text(bundle: Bundle) -> str:
    """Write a network's card.

    Args:
        bundle: The network, with its predictions.

    Returns:
        Markdown: what it is, for what, how it was trained and tested, what it scores, its limits.

    Raises:
        BundleError: Its predictions are missing, or it is an ensemble.
    """
    if isinstance(bundle, EnsembleBundle):
        raise BundleError(
            f"Expected a network with weights of its own. Received: {bundle.name}, which puts "
            "others together."
        )
    part = stored_part(bundle, "test")
    sections = (
        ("Use", _use(bundle)),
        ("How good it is", _scores(bundle, part)),
        ("What the protocol is worth", _protocols(bundle)),
        ("How it was trained", _training(bundle)),
        ("What to know", _limits(bundle, part)),
        ("Files", _files(bundle)),
    )
    lines = [f"# {bundle.card.title}", "", *_lead(bundle)]
    for title, body in sections:
        told = list(body)
        lines += ["", f"## {title}", "", *told] if told else []
    return "\n".join([*lines, ""])


def write_card_text(bundle: Bundle) -> Path:
    """Write a network's card into its folder; returns the file."""
    file = bundle.folder / FILE
    files.write_text(file, card_text(bundle))
    return file


def markdown(frame: pd.DataFrame) -> Iterator[str]:
    """A table in Markdown: text to the left, numbers to the right with three decimals."""
    numbers = [bool(pd.api.types.is_numeric_dtype(kind)) for kind in frame.dtypes]
    yield f"| {' | '.join(map(str, frame.columns))} |"
    yield "|" + "|".join("---:" if number else "---" for number in numbers) + "|"
    for row in frame.itertuples(index=False):
        yield f"| {' | '.join(_cell(value) for value in row)} |"


def _lead(bundle: Bundle) -> Iterator[str]:
    card = bundle.card
    height, width = card.input_size
    yield (
        f"Tells {listed(card.classes)} apart on H&E tiles, which it sees at {height} × {width} px "
        f"({card.architecture}). {card.intended_use}"
    )
    yield ""
    yield "This card was made by `osteo report --cards`; do not edit it by hand."


def _use(bundle: Bundle) -> Iterator[str]:
    yield "```"
    yield f"osteo predict --model {bundle.name} TILES_OR_FOLDERS"
    yield f"osteo report --models {bundle.name} --out report.html"
    yield "```"


def _scores(bundle: Bundle, part: LabelledPart) -> Iterator[str]:
    yield part.standing(bundle.card.split.kind)
    yield ""
    yield "Test part; 95 % intervals from 2,000 bootstrap draws over tiles and over whole slides."
    found = figures(part)
    for names in (HEAD, BY_CLASS):
        yield ""
        table = figure_table(found, names)
        yield from markdown(table if names == BY_CLASS else table.drop(columns="95 %, exact"))
    yield ""
    yield "Tiles by true class (rows) and call (columns):"
    yield ""
    confusion = confusion_table(part)
    yield from markdown(confusion.reset_index(names="true class"))
    for note in (*found.notes, *part.notes, *part.metrics().notes):
        yield ""
        yield note


def _protocols(bundle: Bundle) -> Iterator[str]:
    """The protocol table, where it was run."""
    found = protocol_table(bundle)
    if found is None:
        return
    frame, told = found
    yield "The same base with its head fitted anew under each split protocol:"
    yield ""
    yield from markdown(frame)
    for sentence in told:
        yield ""
        yield sentence


def _training(bundle: Bundle) -> Iterator[str]:
    card, made = bundle.card, bundle.card.provenance
    recipe = card.recipe
    yield f"- Trained on: {made.trained_on}"
    yield f"- Started from: {made.started_from}"
    if recipe.get("source"):
        yield f"- After: {recipe['source']}"
    stages = recipe.get("stages") or []
    if stages:
        yield "- Stages: " + "; ".join(_stage(stage, made.best_epochs) for stage in stages)
    kind = card.split.kind
    yield f"- Split by {KINDS.get(kind, kind)}; mixed tiles: {card.split.mixed}"
    for name, size in card.split.parts.items():
        yield f"- {name.capitalize()}: {size.tiles} tiles, {size.slides} slides, {size.cases} cases"
    yield f"- On {made.date}, in about {max(1.0, made.seconds / 60):.0f} min, seed {made.seed}"
    deviations = recipe.get("deviations") or []
    if deviations:
        yield ""
        yield "Where it departs from the paper:"
        yield ""
        yield from (f"- {text}" for text in deviations)


def _stage(stage: dict[str, Any], kept: dict[str, int]) -> str:
    name = str(stage.get("name", ""))
    epoch = f", epoch {kept[name]} kept" if name in kept else ""
    return f"{name} ({stage.get('epochs', '?')} epochs at most{epoch})"


def _limits(bundle: Bundle, part: LabelledPart) -> Iterator[str]:
    yield (
        f"- The test part holds {part.n_tiles} tiles of {part.n_slides} slides and {part.n_cases} "
        "patients, all from one collection."
    )
    if bundle.card.split.kind not in ("case", "given"):
        yield f"- Other slides of the test patients were trained on.{_fall(bundle)}"
    yield '- It answers with one of its classes whatever it is shown; there is no "none of these".'
    others = {"Non-Tumor", "Non-Viable-Tumor", "Viable"} - set(bundle.card.classes)
    if others:
        yield f"- It does not know {listed(sorted(others))}, and calls such a tile something else."
    yield "- Research and teaching only. Not for diagnosis."


def _fall(bundle: Bundle) -> str:
    """What holding out whole patients costs the base, where it was measured."""
    found = read_report(bundle.folder / PROTOCOLS)
    if found is None or not {"tile", "case"} <= set(found.protocols):
        return ""
    tile, case = (found.protocols[name].accuracy for name in ("tile", "case"))
    return (
        f" With its base frozen, accuracy goes from {tile:.3f} on random tiles to {case:.3f} when "
        "a whole patient is held out."
    )


def _files(bundle: Bundle) -> Iterator[str]:
    rows = [{"file": w.file, "SHA-256": w.sha256} for w in bundle.card.weights]
    yield from markdown(pd.DataFrame(rows))
    yield ""
    yield f"Identity of the network: `{bundle.digest}`. Licence: {bundle.card.licence}."


def _cell(value: Any) -> str:
    if value is None or (isinstance(value, float) and not np.isfinite(value)):
        return "–"
    return f"{value:.3f}" if isinstance(value, float | np.floating) else str(value)
