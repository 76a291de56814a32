"""Small parts of the unit page, and the two panels that keep the script busy."""

from typing import TYPE_CHECKING

from osteo_ui import unit_figures, unit_scan

if TYPE_CHECKING:
    from osteo_core.bundles import Bundle
    from osteo_core.engine import Engine
    from osteo_core.explain.cards import UnitCard
    from osteo_core.reading import Reading


def slow(
    panel: str, bundle: "Bundle", engine: "Engine", reading: "Reading", card: "UnitCard"
) -> None:
    """Draw the panel Scan or Dream. Call last."""
    if panel == "scan":
        unit_scan.draw(reading, card)
        return
    from osteo_ui import dream_panel  # with it comes TensorFlow

    dream_panel.draw(engine, card.unit, _strongest(bundle, card))


def _strongest(bundle: "Bundle", card: "UnitCard") -> float | None:
    """The unit's greatest activation over the tiles that were summed up."""
    summary, _ = unit_figures.summary(bundle)
    tops = summary.figures(card.unit).top("maximum") if summary else ()
    return tops[0].value if tops else None
