"""`osteo decide`: calls under thresholds or costs, what goes to a person, and the error left."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from osteo_core.errors import BundleError

if TYPE_CHECKING:
    from osteo_core.evaluate.deciding import Prepared
    from osteo_core.evaluate.referral import Decided, Share


class OfClass(click.ParamType[tuple[str, float]]):
    """CLASS=NUMBER."""

    name = "CLASS=NUMBER"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, float]:
        """Split and parse one."""
        name, _, number = str(value).rpartition("=")
        try:
            return name, float(number)
        except ValueError:
            self.fail(f"Expected CLASS=NUMBER. Received: {value!r}.", param, ctx)


@click.command()
@click.option("--model", "name", required=True, help="A network or an ensemble.")
@click.option(
    "--part",
    type=click.Choice(["train", "validation", "test", "all"]),
    default="test",
    show_default=True,
    help="Part of the split that is reported on.",
)
@click.option(
    "--call",
    "kind",
    type=click.Choice(["top", "thresholds", "costs", "two-stage"]),
    default="top",
    show_default=True,
    help="How a class is called from probabilities.",
)
@click.option(
    "--threshold", "thresholds", type=OfClass(), multiple=True, help="0.5 when not given."
)
@click.option(
    "--cost",
    "costs",
    type=OfClass(),
    multiple=True,
    help="Of missing a class; 5 for Viable and 1 for others when not given.",
)
@click.option("--gate", type=float, default=0.5, show_default=True, help="Of two-stage calls.")
@click.option("--below", type=float, default=0.0, help="Refer below this highest probability.")
@click.option("--viable-above", type=float, default=1.0, help="Refer Non-Tumor with more Viable.")
@click.option("--leave-error", type=float, help="Choose --below on validation to leave this error.")
@click.option("--choose", is_flag=True, help="Choose thresholds or gate on validation, by cost.")
@click.option("--raw", is_flag=True, help="Do not calibrate the probabilities.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
def decide(
    name: str,
    part: str,
    kind: str,
    thresholds: tuple[tuple[str, float], ...],
    costs: tuple[tuple[str, float], ...],
    gate: float,
    below: float,
    viable_above: float,
    leave_error: float | None,
    choose: bool,
    raw: bool,
    as_json: bool,
) -> None:
    """Say what becomes of the tiles under a rule: calls, referrals, and the error left.

    What is chosen is chosen on the validation part, whatever part is reported on.
    """
    from osteo_core.bundles import load_bundle
    from osteo_core.evaluate.deciding import chosen_referral, chosen_rule, prepare, usual_costs
    from osteo_core.evaluate.decisions import Rule
    from osteo_core.evaluate.referral import ReferralRule

    bundle = load_bundle(name)
    classes, frame = bundle.card.classes, bundle.predictions()
    ready = prepare(frame, part, classes, not raw)
    if not ready.part.n_tiles:
        raise BundleError(f"Expected labelled tiles in the part {part}. Received: none of {name}.")
    paid = _filled(classes, costs, usual_costs(classes))
    try:
        rule = Rule(kind, _filled(classes, thresholds, [0.5] * len(classes)), paid, gate)  # type: ignore[arg-type]
        referral = ReferralRule(below, viable_above)
        if choose or leave_error is not None:
            validation = prepare(frame, "validation", classes, not raw)
            rule = chosen_rule(validation, rule, paid) if choose else rule
            if leave_error is not None:
                found = chosen_referral(validation, rule, referral, leave_error)
                if found is None:
                    raise BundleError(
                        f"Expected a limit that leaves {leave_error:.1%} error on the validation "
                        "part. Received: none does."
                    )
                referral = found
        decided = ready.decide(rule, referral)
    except ValueError as error:
        raise BundleError(str(error)) from error
    told = _as_json(ready, decided, paid)
    told["rule"] = {
        "call": rule.kind,
        **({"thresholds": dict(zip(classes, rule.thresholds, strict=True))}
           if rule.kind == "thresholds" else {}),
        **({"gate": rule.gate} if rule.kind == "two-stage" else {}),
        "costs": dict(zip(classes, paid, strict=True)),
        "below": referral.below,
        "viable_above": referral.viable_above,
    }  # fmt: skip
    area = ready.curve(rule).area
    head = {"model": name, "part": part, "calibration": ready.calibration}
    told = head | told | {"risk_coverage_area": area}
    click.echo(json.dumps(told, indent=2, allow_nan=False) if as_json else _as_text(told))


def _filled(
    classes: Sequence[str], given: Sequence[tuple[str, float]], usual: Sequence[float]
) -> tuple[float, ...]:
    strangers = sorted({name for name, _ in given} - set(classes))
    if strangers:
        raise BundleError(
            f"Expected classes among {', '.join(classes)}. Received: {', '.join(strangers)}."
        )
    values = dict(zip(classes, usual, strict=True)) | dict(given)
    return tuple(values[name] for name in classes)


def _as_json(ready: "Prepared", decided: "Decided", costs: Sequence[float]) -> dict[str, Any]:
    figures = ready.figures(decided, costs)
    return {
        "n_tiles": decided.n,
        "referred": _share(figures.referred),
        "error_in_the_rest": _share(figures.error),
        "error_without_asking": float((~decided.right).mean()),
        "viable_missed": decided.missed(),
        "cost_of_a_kept_call": figures.cost,
        "confusion": decided.confusion.tolist(),
        "per_class": decided.per_class(),
        "referrals": decided.referral_counts(),
    }


def _share(share: "Share") -> dict[str, Any]:
    pairs = {"ci95_tiles": share.tiles, "ci95_slides": share.slides}
    bounds = {key: [i.low, i.high] if i else None for key, i in pairs.items()}
    return {"value": share.value, "k": share.k, "n": share.n, **bounds}


def _as_text(told: dict[str, Any]) -> str:
    rule = told["rule"]
    lines = [
        f"{told['model']}, {told['part']} part. {told['calibration']}",
        f"called by {rule['call']}; to a person below {rule['below']:.2f}, and Non-Tumor with "
        f"Viable above {rule['viable_above']:.2f}",
        f"to a person {_percent(told['referred'])}; error in the rest "
        f"{_percent(told['error_in_the_rest'])}, {told['error_without_asking']:.1%} without asking",
        f"{'':<20}{'tiles':>8}{'person':>8}{'missed':>8}{'recall':>8}{'found or person':>17}",
    ]
    for row in told["per_class"]:
        recall = "-" if row["recall"] is None else f"{row['recall']:.3f}"
        found = "-" if row["found or referred"] is None else f"{row['found or referred']:.3f}"
        lines.append(
            f"{row['class']:<20}{row['tiles']:>8}{row['to a person']:>8}{row['missed']:>8}"
            f"{recall:>8}{found:>17}"
        )
    return "\n".join(lines)


def _percent(share: dict[str, Any]) -> str:
    if share["value"] is None:
        return "-"
    low, high = share["ci95_tiles"]
    return f"{share['value']:.1%} ({low:.1%} to {high:.1%} by tile)"
