"""What the heat-map page says of methods and maps, in whole sentences. Draws nothing."""

from typing import TYPE_CHECKING

from osteo_core.explain import INPUT, Method, methods
from osteo_ui.markdown import md

if TYPE_CHECKING:
    from osteo_core.engine import Engine
    from osteo_core.heatmap import HeatMap

FAMILIES = {"cam": "CAM", "gradient": "gradient", "perturbation": "perturbation"}
_DOT = " · "


def label(method: Method, passes: float) -> str:
    """Return a method as it stands in the list: its name, its family, its forward passes.

    Not its seconds: they are known only once something has been timed, and the names of what can
    be chosen must not change by themselves while a browser shows them.
    """
    told = "under 1 pass" if passes < 1 else f"{passes:.0f} pass{'' if passes < 1.5 else 'es'}"
    return f"{method.title}{_DOT}{FAMILIES[method.family]}, {told}"


def method_of(chosen: str) -> str:
    """Return the name of a method that was chosen.

    Args:
        chosen: Its name; or the label that a browser showed before a setting changed what it takes,
            which Streamlit hands over as it stands.
    """
    title, known = chosen.partition(_DOT)[0], methods()
    return next((name for name, method in known.items() if method.title == title), chosen)


def place(layer: str) -> str:
    """Return where a map is of, as in "at the input"."""
    return "at the input" if layer == INPUT else f"at {layer}"


def alt(method: Method, heat: "HeatMap", title: str) -> str:
    """Return a map in words, for those who cannot see it."""
    return f"{method.title} {place(heat.layer)} for {heat.score} over {title}"


def meaning(method: Method, several: bool) -> str:
    """Return what the values say."""
    if method.name == "eigencam":
        return "It shows what the layer's maps have most in common, whichever the class."
    contrast = "the class rather than the other" if several else "the class"
    if method.signed:
        return f"Above zero speaks for {contrast}, below zero against it."
    if method.family == "gradient":
        return f"It shows where a small change moves the score of {contrast}, up or down."
    return f"It shows what speaks for {contrast}, not what speaks against it."


def scaling(method: Method, scale: str) -> str:
    """Return how colours follow from values."""
    if method.signed:
        ends = "from minus to plus {} greatest absolute value, with zero in the middle"
    else:
        ends = "from 0 to {} highest value"
    if scale == "shared":
        return f"all tiles share one scale, {ends.format('their')}"
    return f"each tile has its own scale, {ends.format('its')}"


def explanation(
    engine: "Engine", method: Method, layer: str, against: str | None, scale: str
) -> str:
    """Return how the maps were made, what they mean and how they are scaled."""
    if layer == INPUT:
        height, width = engine.input_size
        of = f"the network's input of {height} × {width} px"
    else:
        height, width, count = engine.layer(layer).shape
        of = md("`{}`, {} maps of {} × {}", layer, count, height, width)
    parts = [
        md("{} at {}: {}.", method.title, of, _how(method)),
        "The score is the difference of the two logits." if against else "",
        method.deviation,
        f"Enlarged bilinearly to the tile. Colours: {scaling(method, scale)}.",
        meaning(method, bool(against)),
        f"{method.reference}.",
    ]
    return md(" ").join(part for part in parts if part)


def _how(method: Method) -> str:
    if method.name == "gradcam":
        return (
            "the maps, weighted by the mean gradient of the class's logit (before softmax), "
            "summed, negative values set to 0"
        )
    if method.differentiates.startswith("nothing"):
        return method.differentiates.removeprefix("nothing: ")
    return f"it differentiates {method.differentiates}"
