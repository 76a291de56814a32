"""Networks put together: the choice on the decisions page, and how the ensemble does."""

from collections.abc import Sequence

import streamlit as st

from osteo_core.bundles import Bundle
from osteo_core.ensemble_bundles import EnsembleBundle, as_text
from osteo_core.errors import OsteoError
from osteo_ui import decision_services, saving, services, state, widgets
from osteo_ui import metric_panels as panels
from osteo_ui.selection import MAX_MIXED

KINDS = {
    "none": "One network",
    "mean": "Mean",
    "weighted": "Weighted mean",
    "vote": "Vote",
    "two-stage": "Two networks in stages",
}
_TOLD = {
    "mean": "The mean of the probabilities. Where networks know only some of the classes, the "
    "probabilities are those that fit best what each says of its own (Hastie and Tibshirani 1998).",
    "weighted": "As the mean, with weights chosen on the validation part (lowest log loss).",
    "vote": "The share of votes, each network for its most probable class; the mean decides ties.",
    "two-stage": "The first says how probable tumour is, the second which tumour; tumour is called "
    "from 50 % on.",
}


def choose(bundle: Bundle) -> Bundle:
    """Draw the choice of what decides, and return it; stop the page when it cannot be."""
    kind = widgets.choose("Decide with", "mix", list(KINDS), format_func=KINDS.get)
    if kind == "none":
        return bundle
    now = state.selection()
    names = [network.name for network in services.networks()]
    chosen = decision_services.members(now, bundle)
    widgets.bound(
        st.multiselect,
        "Networks" if kind != "two-stage" else "First stage, then second",
        "mixed",
        [network.name for network in chosen],
        names,
        max_selections=2 if kind == "two-stage" else MAX_MIXED,
    )
    st.caption(_TOLD[kind])
    try:
        return decision_services.on_view(now, bundle)
    except OsteoError as error:
        st.error(str(error))
        st.caption("Choose other networks above, or decide with one network.")
        st.stop()


def result(made: EnsembleBundle, part: str, stem: str) -> None:
    """Draw an ensemble beside its members on their common tiles, and how to keep it."""
    st.header("The ensemble beside its members", anchor="ensemble")
    scores = decision_services.scores(made, part)
    panels.table(scores, f"{stem}.members", "Accuracy of the ensemble and its members")
    weights = made.card.recipe.get("weights")
    if weights:
        told = ", ".join(
            f"{w:.3f} {n}" for w, n in zip(weights, made.ensemble.members, strict=True)
        )
        st.caption(f"Weights: {told}; {made.card.recipe['weights from']}.")
    st.caption(
        "Each member on the tiles of its own classes; the ensemble on the tiles of all. Networks "
        "trained on the same tiles err alike, so an ensemble gains less than their number."
    )
    file = decision_services.file_of(made.ensemble.kind, made.parts)
    saving.download(
        "ensemble.json",
        as_text(file).encode(),
        "ensemble.json",
        "application/json",
        "Put it into a folder of models/ and it is listed wherever networks are",
    )
    st.code(command(made.ensemble.kind, made.ensemble.members), language="bash")


def command(kind: str, members: Sequence[str]) -> str:
    """Return the command that writes the same ensemble."""
    listed = ",".join(members)
    return f"osteo ensemble make --kind {kind} --members {listed} --out models/NAME"
