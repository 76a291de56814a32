"""`osteo necrosis`: how much of the tumour on a slide is dead, and how sure that is."""

import json
from typing import TYPE_CHECKING, Any

import click

from osteo_core.errors import BundleError

if TYPE_CHECKING:
    from osteo_core.evaluate.necrosis import Necrosis


@click.command()
@click.option("--model", "name", required=True, help="A network or an ensemble.")
@click.option(
    "--by",
    type=click.Choice(["slide", "case"]),
    default="slide",
    show_default=True,
    help="Measure over the tiles of each slide, or of each case.",
)
@click.option(
    "--part",
    type=click.Choice(["train", "validation", "test", "all"]),
    default="test",
    show_default=True,
    help="Part of the split that the tiles are taken from.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def necrosis(name: str, by: str, part: str, as_json: bool) -> None:
    """Measure the share of non-viable tumour among tumour over the tiles of each slide or case.

    From stored predictions, calibrated on the validation part. For research only: necrosis is
    read by area over the whole tumour bed, and these tiles were picked by hand.
    """
    from osteo_core.bundles import load_bundle
    from osteo_core.evaluate.deciding import meters, prepare

    bundle = load_bundle(name)
    prepared = prepare(bundle.predictions(), part, bundle.card.classes)
    found = meters(prepared, by)
    if not found:
        raise BundleError(
            f"Expected tiles of a named {by} in the part {part}. Received: none of {name}."
        )
    if as_json:
        rows = {group: _as_json(meter) for group, meter in found.items()}
        click.echo(json.dumps({"model": name, "part": part, by: rows}, indent=2, allow_nan=False))
        return
    click.echo(f"{name}, {part} part. {prepared.calibration}")
    click.echo(f"{by:<20}{'tiles':>7}{'share':>8}{'95 % interval':>18}{'calls':>8}{'labels':>8}")
    for group, meter in found.items():
        click.echo(_as_text(group, meter))
    click.echo("Research only. The line of a good response stands at 90 % (Huvos).")


def _as_json(meter: "Necrosis") -> dict[str, Any]:
    interval, flips = meter.more, meter.flips
    return {
        "n_tiles": meter.n,
        "share": meter.expected,
        "ci95": [interval.low, interval.high] if interval else None,
        "ci95_these_tiles": [meter.these.low, meter.these.high] if meter.these else None,
        "share_by_calls": meter.by_calls,
        "share_by_labels": meter.truth,
        "distance_from_90": meter.distance,
        "probability_90_or_more": meter.good,
        "calls_to_cross": len(flips.tiles) if flips else None,
    }


def _as_text(group: str, meter: "Necrosis") -> str:
    interval = f"{meter.more.low:.1%} to {meter.more.high:.1%}" if meter.more else "-"
    cells = [_percent(meter.by_calls), _percent(meter.truth)]
    return (
        f"{group:<20}{meter.n:>7}{_percent(meter.expected):>8}{interval:>18}"
        f"{cells[0]:>8}{cells[1]:>8}"
    )


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"
