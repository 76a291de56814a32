"""`osteo evaluate`: how good a network is, from its stored predictions or on a cohort's tiles."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from osteo_core.commands.following import ticking
from osteo_core.errors import BundleError, CohortError
from osteo_core.wording import GIVEN, how_split

if TYPE_CHECKING:
    from osteo_core.bundles import Bundle
    from osteo_core.evaluate import Interval, LabelledPart
    from osteo_core.evaluate.figures import Figure
    from osteo_core.evaluate.protocol_report import ProtocolReport


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
    type=click.Choice(["tile", "slide", "tissue", "case", "800/274/70", "90/10", "70/30", "all"]),
    help="With --cohort, refit a head on the frozen base under this split protocol, or under all. "
    "Without either, the network as trained, under its own protocol.",
)
@click.option(
    "--part",
    type=click.Choice(["train", "validation", "test", "all"]),
    default="test",
    show_default=True,
    help="Part of the split; of another cohort, test is every tile the network has never met.",
)
@click.option(
    "--backbone-weights",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    envvar="OSTEO_BACKBONE_WEIGHTS",
    help="For --protocol: ImageNet weights of the base without its top; Keras' download when not "
    "given.",
)
@click.option(
    "--own-base",
    is_flag=True,
    help="For --protocol: the bundle's tuned base; only tiles it never met are scored.",
)
@click.option(
    "--cache",
    type=click.Path(file_okay=False, path_type=Path),
    help="For --protocol: folder of the kept features; below the cohort's when not given.",
)
@click.option(
    "--save",
    is_flag=True,
    help="For --protocol all: also write protocols.json beside the bundle's card (numbers only).",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def evaluate(
    name: str,
    cohort_dir: Path | None,
    protocol: str | None,
    part: str,
    backbone_weights: Path | None,
    own_base: bool,
    cache: Path | None,
    save: bool,
    as_json: bool,
) -> None:
    """Score a network, or set split protocols side by side.

    The network as trained is scored on its stored predictions, or on a cohort's tiles that it has
    never met. Accuracy comes with Wilson's 95 % interval, which counts each tile as independent,
    and with bootstrap intervals over tiles and over slides.

    With --cohort and --protocol, another question is asked: what would this architecture score
    under another split? The base stays frozen, as ImageNet left it, is run over the cohort once
    (kept on disk), and a logistic regression takes the place of the recipe's dense layers, fitted
    anew under each protocol: random tiles, whole slides, slides that show the same tissue and
    whole cases held out, and the three random splits of the papers.
    """
    from osteo_core.bundles import load_bundle

    bundle = load_bundle(name)
    if cohort_dir is not None and protocol is not None:
        if part != "test":
            raise click.UsageError(f"--protocol tests every tile in turn. Received: --part {part}.")
        from osteo_core.commands.protocols import protocols

        report, status = protocols(
            bundle, cohort_dir, protocol, backbone_weights, own_base, cache, save
        )
        _print_report(report, as_json)
        sys.exit(status)
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


def _print_report(report: "ProtocolReport", as_json: bool) -> None:
    from osteo_core.evaluate.protocol_report import as_text

    click.echo(report.model_dump_json(indent=2) if as_json else as_text(report))


def _covered(bundle: "Bundle", protocol: str | None) -> str:
    kind = bundle.card.split.kind
    if protocol not in (None, "all", kind):
        covered = "all" if kind == GIVEN else f"{kind} or all"
        raise BundleError(
            f"{bundle.name} was trained and tested on a split {how_split(kind)} only, so "
            f"expected --protocol {covered}, or --cohort DIR to refit its head. "
            f"Received: {protocol}."
        )
    return kind


def _stored(bundle: "Bundle", part: str) -> "LabelledPart":
    from osteo_core.evaluate.stored import stored_part

    return stored_part(bundle, part)


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
    fresh = predict_unread(bundle, known, tiles, ticking("tiles"))
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


def _as_json(bundle: "Bundle", kind: str, part: "LabelledPart") -> dict[str, Any]:
    from osteo_core.evaluate.figures import figures

    metrics, found = part.metrics(), figures(part)
    interval, accuracy = metrics.interval, found.find("accuracy")
    f1 = found.find("macro F1")
    return {
        "model": bundle.name,
        "part": part.part,
        "protocols": {
            kind: {
                "accuracy": metrics.accuracy,
                "accuracy_ci95": [interval.low, interval.high] if interval else None,
                "accuracy_ci95_by_tile": _bounds(accuracy.by_tile if accuracy else None),
                "accuracy_ci95_by_slide": _bounds(accuracy.by_slide if accuracy else None),
                "macro_f1": metrics.macro.f1,
                "macro_f1_ci95_by_tile": _bounds(f1.by_tile if f1 else None),
                "macro_f1_ci95_by_slide": _bounds(f1.by_slide if f1 else None),
                "weighted_f1": metrics.weighted.f1,
                "n_tiles": part.n_tiles,
                "n_slides": part.n_slides,
                "n_cases": part.n_cases,
                "classes": list(part.classes),
                "per_class": metrics.rows()[: len(part.classes)],
                "confusion": metrics.confusion.tolist(),
                "figures": [_figure(figure) for figure in found.rows],
                "notes": [*part.notes, *metrics.notes, *found.notes],
            }
        },
    }


def _figure(figure: "Figure") -> dict[str, Any]:
    return {
        "name": figure.name,
        "class": figure.group,
        "value": figure.value,
        "ci95_by_tile": _bounds(figure.by_tile),
        "ci95_by_slide": _bounds(figure.by_slide),
        "ci95_exact": _bounds(figure.exact),
        "exact_by": figure.exact_by,
        "note": figure.note,
    }


def _bounds(interval: "Interval | None") -> list[float] | None:
    return [interval.low, interval.high] if interval else None


def _as_text(bundle: "Bundle", kind: str, part: "LabelledPart") -> str:
    from osteo_core.evaluate.figures import figures

    metrics, found = part.metrics(), figures(part)
    lines = [f"{bundle.name}, {part.part} part, split {how_split(kind)}"]
    if metrics.accuracy is not None and metrics.interval is not None:
        low, high = metrics.interval.low, metrics.interval.high
        lines.append(f"accuracy {metrics.accuracy:.4f} (95 % interval {low:.4f} to {high:.4f})")
    lines += [_line(found.find(name)) for name in ("accuracy", "macro F1")]
    lines.append(f"{'':<20}{'precision':>10}{'recall':>10}{'F1':>10}{'tiles':>8}")
    for row in metrics.rows():
        cells = "".join(f"{_number(row[name]):>10}" for name in ("precision", "recall", "f1"))
        lines.append(f"{row['class']:<20}{cells}{row['support']:>8}")
    lines += ["", part.standing(kind), *part.notes, *metrics.notes, *found.notes]
    return "\n".join(lines)


def _line(figure: "Figure | None") -> str:
    if figure is None or figure.value is None:
        return ""
    by = {"tile": figure.by_tile, "slide": figure.by_slide}
    told = [f"by {unit} {i.low:.4f} to {i.high:.4f}" for unit, i in by.items() if i]
    return f"{figure.name} {figure.value:.4f}, bootstrap 95 % " + ", ".join(told or ["not defined"])


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
