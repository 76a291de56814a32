"""`osteo evaluate`: how good a network is, from its stored predictions or on a cohort's tiles."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from osteo_core.errors import BundleError, CohortError

if TYPE_CHECKING:
    from osteo_core.bundles import Bundle
    from osteo_core.evaluate import LabelledPart


@click.command()
@click.option("--model", "name", required=True, help="A bundle's name or folder.")
@click.option(
    "--cohort",
    "cohort_dir",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Run the network over this cohort; without it, its stored predictions are used.",
)
@click.option(
    "--protocol",
    type=click.Choice(["tile", "slide", "case", "all"]),
    help="Split protocol; without it, the one the network was trained under.",
)
@click.option(
    "--part",
    type=click.Choice(["train", "validation", "test", "all"]),
    default="test",
    show_default=True,
    help="Part of the split; of another cohort, test is every tile the network has never met.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def evaluate(
    name: str,
    cohort_dir: Path | None,
    protocol: str | None,
    part: str,
    as_json: bool,
) -> None:
    """Score a network under the split protocol it was trained with.

    Accuracy comes with Wilson's 95 % interval, which counts each tile as independent; tiles of one
    slide are not, so the truth is less certain than that.
    """
    from osteo_core.bundles import load_bundle

    bundle = load_bundle(name)
    kind = _covered(bundle, protocol)
    failed = False
    if cohort_dir is None:
        scored = _stored(bundle, part)
    else:
        scored, failed = _fresh(bundle, cohort_dir, part)
    if not scored.n_tiles:
        raise BundleError(
            f"Scoring needs labelled tiles of the classes {', '.join(scored.classes)} in the part "
            f"{part}. Received: none."
        )
    if as_json:
        click.echo(json.dumps(_as_json(bundle, kind, scored), indent=2, allow_nan=False))
    else:
        click.echo(_as_text(bundle, kind, scored))
    if failed:
        sys.exit(1)


def _covered(bundle: "Bundle", protocol: str | None) -> str:
    kind = bundle.card.split.kind
    if protocol not in (None, "all", kind):
        raise BundleError(
            f"{bundle.name} was trained and tested under a split by {kind} only, so expected "
            f"--protocol {kind} or all. Received: {protocol}."
        )
    return kind


def _stored(bundle: "Bundle", part: str) -> "LabelledPart":
    from osteo_core.evaluate import read_part

    return read_part(bundle.predictions(), part, bundle.card.classes)


def _fresh(bundle: "Bundle", folder: Path, part: str) -> tuple["LabelledPart", bool]:
    from osteo_core.cohorts import read_cohort
    from osteo_core.evaluate import read_part
    from osteo_core.evaluate.running import predict_unread, roles

    cohort = read_cohort(folder)
    shared = [c for c in bundle.card.classes if c in cohort.classes]
    if not shared:
        raise CohortError(
            f"{bundle.name} knows {', '.join(bundle.card.classes)}, so expected a cohort with one "
            f"of these. Received: {', '.join(cohort.classes)}."
        )
    known = cohort.with_classes(shared)
    met = roles(known, bundle.predictions(), bundle.card.split.kind)
    tiles = [t for t, role in zip(known.tiles, met, strict=True) if part in (role, "all")]
    _say_what_is_left_out(len(cohort.tiles), len(known.tiles), len(tiles), part)
    if not tiles:
        return read_part(bundle.predictions().iloc[:0], part, bundle.card.classes), False
    fresh = predict_unread(bundle, known, tiles, _progress)
    for file, sentence in fresh.failures:
        click.echo(f"{file}: {sentence}", err=True)
    scored = read_part(fresh.frame.assign(split=part), part, bundle.card.classes)
    return scored, bool(fresh.failures)


def _say_what_is_left_out(n_all: int, n_known: int, n_chosen: int, part: str) -> None:
    if n_all > n_known:
        click.echo(f"left out: {n_all - n_known} tiles of classes the network lacks", err=True)
    if n_known > n_chosen:
        what = "the network met them or their slides before" if part == "test" else "other parts"
        click.echo(f"left out: {n_known - n_chosen} tiles ({what})", err=True)


def _progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        click.echo(f"\rtiles {done}/{total}", err=True, nl=done == total)


def _as_json(bundle: "Bundle", kind: str, part: "LabelledPart") -> dict[str, Any]:
    metrics = part.metrics()
    interval = metrics.interval
    return {
        "model": bundle.name,
        "part": part.part,
        "protocols": {
            kind: {
                "accuracy": metrics.accuracy,
                "accuracy_ci95": [interval.low, interval.high] if interval else None,
                "macro_f1": metrics.macro.f1,
                "weighted_f1": metrics.weighted.f1,
                "n_tiles": part.n_tiles,
                "n_slides": part.n_slides,
                "n_cases": part.n_cases,
                "classes": list(part.classes),
                "per_class": metrics.rows()[: len(part.classes)],
                "confusion": metrics.confusion.tolist(),
                "notes": [*part.notes, *metrics.notes],
            }
        },
    }


def _as_text(bundle: "Bundle", kind: str, part: "LabelledPart") -> str:
    metrics = part.metrics()
    lines = [f"{bundle.name}, {part.part} part, split by {kind}"]
    if metrics.accuracy is not None and metrics.interval is not None:
        low, high = metrics.interval.low, metrics.interval.high
        lines.append(f"accuracy {metrics.accuracy:.4f} (95 % interval {low:.4f} to {high:.4f})")
    lines.append(f"{'':<20}{'precision':>10}{'recall':>10}{'F1':>10}{'tiles':>8}")
    for row in metrics.rows():
        cells = "".join(f"{_number(row[name]):>10}" for name in ("precision", "recall", "f1"))
        lines.append(f"{row['class']:<20}{cells}{row['support']:>8}")
    lines += ["", part.standing(kind), *part.notes, *metrics.notes]
    return "\n".join(lines)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
