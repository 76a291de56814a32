"""How a network was trained and on which split, from its card."""

from typing import Any

import pandas as pd
import streamlit as st

from osteo_core.bundles import Card
from osteo_core.wording import how_split
from osteo_ui import saving
from osteo_ui.markdown import bullets, md
from osteo_ui.metric_panels import table


def recipe(card: Card) -> None:
    """Draw how a network was trained: source, deviations, head, augmentation, stages."""
    known = card.recipe
    st.markdown(md("**After** {}", known.get("source", "no published protocol")))
    deviations = known.get("deviations") or []
    if deviations:
        st.markdown(md("**Where it deviates**\n{}", bullets(deviations)))
    if known.get("stages"):
        st.markdown(md("**Stages**"))
        name = saving.file_stem(card.name, "stages")
        table(pd.DataFrame(known["stages"]), name, "Stages of training", column_config=_RATES)
    st.markdown(md("**Everything else**"))
    name = saving.file_stem(card.name, "recipe")
    table(pd.DataFrame(_facts(card), columns=["what", "value"]), name, "Recipe")


def split(card: Card) -> None:
    """Draw the split a network was trained under and what stands behind each part."""
    fractions = " / ".join(f"{share:.0%}" for share in card.split.fractions)
    st.markdown(
        md(
            "Split **{}**, {} wanted for training, validation and test, seed {}; mixed tiles: {}. "
            "Cohort `{}`.",
            how_split(card.split.kind),
            fractions,
            card.split.seed,
            card.split.mixed,
            card.split.cohort_digest[:12],
        )
    )
    rows = [{"part": part, **size.model_dump()} for part, size in card.split.parts.items()]
    table(pd.DataFrame(rows), saving.file_stem(card.name, "split"), "Size of each part")


_RATES = {name: st.column_config.NumberColumn(format="%.1e") for name in ("head_rate", "base_rate")}


def _facts(card: Card) -> list[tuple[str, str]]:
    told = {"name", "title", "source", "deviations", "stages", "classes", "architecture"}
    origin = card.provenance
    facts = {
        "architecture": card.architecture,
        "classes": card.classes,
        "head": card.head.model_dump(),
        "trained on": origin.trained_on,
        "started from": origin.started_from,
        "trained": f"{origin.date}, {origin.seconds / 60:.0f} min, seed {origin.seed}",
        "epochs kept": origin.best_epochs,
        **{key: value for key, value in card.recipe.items() if key not in told},
        "versions": card.versions,
        "licence": card.licence,
        "intended use": card.intended_use,
    }
    return [(key.replace("_", " "), words(value)) for key, value in facts.items()]


def words(value: Any) -> str:
    """Return a value of a card in plain text."""
    if isinstance(value, dict):
        return ", ".join(f"{key.replace('_', ' ')} {words(v)}" for key, v in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(words(v) for v in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)
