"""`osteo bench`: what explaining costs, as ratios to the plain forward pass."""

import json
from typing import Any

import click

from osteo_core.errors import BundleError, RecipeError

LABELS = {
    "forward_ms": "plain compiled forward pass, ms",
    "read_convs_ratio": "reading with every convolution's maps / forward",
    "gradcam_ratio": "Grad-CAM at the last convolution, first time / forward",
    "class_switch_ratio": "Grad-CAM for another class from a Reading / forward",
    "tf_keras_vis_gradcam_speedup": "tf-keras-vis Grad-CAM, warm / ours",
    "cams_ratio": "five CAMs that need no further pass, from a Reading / forward",
    "tf_keras_vis_smoothgrad_speedup": "tf-keras-vis SmoothGrad, warm / ours",
    "ten_graded_s": "ten heat maps of one tile, made and graded, s",
    "ten_graded_forwards": "the same / forward",
    "unit_link_p95_ms": "click on a unit to all linked data, 95th percentile, ms",
    "unit_prepare_ratio": "preparing the units of a tile, once / forward",
    "effective_field_ratio": "effective receptive field of a unit / forward",
    "ablation_ratio": "ablation of a unit of the last convolution / forward",
    "scan_ratio": "ablation of each unit of the last convolution / forward",
    "index_ratio": "unit index / plain forward passes over the same tiles",
    "audit_s": "audit of 1,144 tiles of 512 px, s",
    "metrics_first_view_s": "every figure of all bundles, 2,000 bootstrap draws, first time, s",
    "protocols_ratio": "all split protocols with the base's pass / the pass alone",
    "cached_step_ratio": "training step on cached features / through the whole network",
    "pairs": "interleaved pairs behind each median",
}


@click.command()
@click.option("--model", "names", multiple=True, help="Bundle; all three-class bundles if none.")
@click.option(
    "--pairs",
    type=click.IntRange(1),
    default=15,
    show_default=True,
    help="Interleaved pairs of each ratio.",
)
@click.option("--training", is_flag=True, help="Also measure what the feature cache saves.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def bench(names: tuple[str, ...], pairs: int, training: bool, as_json: bool) -> None:
    """Measure what explaining costs on this machine.

    Every ratio is the median over pairs that run one behind the other, batch of one, so that it
    holds on a busy machine too; the forward pass and the click on a unit are in milliseconds.
    """
    from osteo_core.benchmark import measure
    from osteo_core.bundles import list_bundles, load_bundle
    from osteo_core.loading import open_model

    chosen = names or tuple(b.name for b in list_bundles() if len(b.card.classes) > 2)
    if not chosen:
        raise BundleError("Expected a three-class bundle in models/. Received: none.")
    results = {}
    for name in chosen:
        click.echo(f"{name}:", err=True)
        engine = open_model(name)
        results[name] = measure(engine, pairs, _tell, load_bundle(name) if engine.card else None)
        if training:
            _tell("cached_step_ratio")
            results[name] |= _saving(load_bundle(name).card.recipe)
    click.echo(json.dumps(results, indent=2) if as_json else _table(results))


def _saving(recipe: dict[str, Any]) -> dict[str, float]:
    from osteo_core.foreign import reading
    from osteo_core.training.recipes import Recipe
    from osteo_core.training.saving import measure_saving

    with reading("its card", RecipeError, "a network whose recipe can be followed"):
        known = Recipe.model_validate(recipe)
    saved = measure_saving(known)
    return {"cached_step_ratio": saved["cached_step_ratio"]}


def _tell(what: str) -> None:
    click.echo(f"  {LABELS[what]}", err=True)


def _table(results: dict[str, dict[str, float]]) -> str:
    width = max(len(label) for label in LABELS.values())
    names = [name.rjust(max(len(name), 12)) for name in results]
    lines = ["  ".join([" " * width, *names])]
    measured = [key for key in LABELS if all(key in result for result in results.values())]
    for key, label in ((key, LABELS[key]) for key in measured):
        cells = [
            f"{result[key]:.3g}".rjust(len(name))
            for name, result in zip(names, results.values(), strict=True)
        ]
        lines.append("  ".join([label.ljust(width), *cells]))
    return "\n".join(lines)
