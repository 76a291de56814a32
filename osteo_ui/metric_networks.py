"""All networks beside each other: forest plot, class-wise table, learning curves overlaid."""

import streamlit as st

from osteo_ui import charts, metric_figures, metric_services, metric_tables


def forest(part: str, chosen: str) -> None:
    """Draw four figures of all networks with their intervals, and each class of each."""
    everything = metric_services.all_figures(part)
    said = "; ".join(f"{name} {_accuracy(found)}" for name, found in everything.items())
    charts.show(
        metric_figures.forest(everything, metric_tables.WHOLE, chosen),
        f"forest.{part}",
        f"Accuracy, macro F1, precision and recall of each network. Accuracy: {said}",
    )
    st.caption(
        "The network on view in bold; 95 % bootstrap intervals over slides and over tiles. Each on "
        "the tiles of its own classes, so networks with two classes have an easier task; the page "
        "Compare sets networks side by side on common tiles."
    )
    metric_tables.class_wise(everything, f"classes.{part}")


def learning(chosen: str) -> None:
    """Draw the validation curves of all networks in one figure."""
    everything = metric_services.all_learning()
    if len(everything) < 2:
        return
    names = ", ".join(everything)
    figure = metric_figures.learning(everything, chosen)
    charts.show(figure, "learning.all", f"Validation loss and accuracy over the epochs of {names}")
    st.caption(
        "Validation part, all networks; the large mark is the epoch that was kept. Losses of two "
        "and of three classes have no common scale."
    )


def _accuracy(found: object) -> str:
    figure = found.find("accuracy")  # type: ignore[attr-defined]
    if figure is None or figure.value is None:
        return "not defined"
    return f"{figure.value:.3f} ({metric_tables.words(figure.by_slide)} by slide)"
