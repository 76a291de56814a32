"""`osteo methods`: the ways to make a heat map, and what each costs."""

import json
from typing import TYPE_CHECKING, Any

import click

from osteo_core.commands.options import any_model_options, open_chosen

if TYPE_CHECKING:
    from osteo_core.engine import Engine
    from osteo_core.explain import Method


@click.command()
@any_model_options
@click.option("--json", "is_json", is_flag=True, help="As JSON.")
def methods(
    model: str | None, classes: str | None, preprocessing: str | None, is_json: bool
) -> None:
    """List the methods of `osteo explain`; with --model also the layer and cost of each there.

    The cost is an estimate in forward passes of the network, one tile read already.
    """
    from osteo_core.explain import methods as known

    engine = open_chosen(model, classes, preprocessing) if model else None
    rows = [_row(method, engine) for method in known().values()]
    click.echo(json.dumps(rows, indent=2) if is_json else "\n\n".join(map(_told, rows)))


def _row(method: "Method", engine: "Engine | None") -> dict[str, Any]:
    row: dict[str, Any] = {
        "name": method.name,
        "title": method.title,
        "family": method.family,
        "signed": method.signed,
        "default_layer": default_layer(method),
        "differentiates": method.differentiates,
        "reference": method.reference,
        "deviation": method.deviation,
        "settings": {parameter.name: parameter.default for parameter in method.parameters},
    }
    if engine is not None and not method.offered(engine):
        row["default_layer"] = None
    elif engine is not None:
        from osteo_core.explain import Question

        layer = method.default_layer(engine)
        asked = Question(layer, engine.classes[0], None, method.settings({}))
        row |= {"default_layer": layer, "forward_passes": method.cost(engine, asked)}
    return row


def default_layer(method: "Method") -> str:
    """Where it starts, in words that hold for any network."""
    if method.at_input:
        return "input"
    return "last maps, activated" if method.takes_activations else "last convolution"


def _where(layer: str | None) -> str:
    return f"at {layer}" if layer else "not offered: this network has no layer with maps"


def _told(row: dict[str, Any]) -> str:
    signed = "signed" if row["signed"] else "not signed"
    lines = [
        f"{row['name']}  {row['title']} ({row['family']}, {signed})",
        f"{_where(row['default_layer'])}; differentiates {row['differentiates']}",
        f"paper: {row['reference']}",
    ]
    if "forward_passes" in row:
        lines.append(f"cost: about {row['forward_passes']:.2g} forward passes")
    if row["deviation"]:
        lines.append(f"differs: {row['deviation']}")
    if row["settings"]:
        given = (f"--set {name}={value}" for name, value in row["settings"].items())
        lines.append("settings: " + " ".join(given))
    return "\n    ".join(lines)
