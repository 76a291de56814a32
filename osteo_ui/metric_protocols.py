"""Split protocols side by side: the same features and heads, other splits."""

import pandas as pd
import streamlit as st

from osteo_core.bundles import Bundle
from osteo_core.ensemble_bundles import EnsembleBundle
from osteo_core.errors import OsteoError
from osteo_core.evaluate.protocol_report import Bounds, ProtocolReport
from osteo_ui import charts, metric_figures, metric_services, state, words
from osteo_ui import metric_panels as panels
from osteo_ui.markdown import md

_RUN = "osteo evaluate --model {} --cohort DIR --protocol all --backbone-weights FILE"


def protocols(bundle: Bundle, stem: str) -> None:
    """Draw what was run, or how to run it."""
    if isinstance(bundle, EnsembleBundle):
        st.info("Protocols refit the head of one network: choose a member in the sidebar.")
        return
    try:
        report, where = metric_services.protocol_report(bundle, state.selection().cohort)
    except OsteoError as error:
        st.error(str(error))
        return
    if report is None:
        _how(bundle, "No protocols were run for this network yet.")
        return
    _draw(report, where, stem)
    _how(bundle, "To run it on a cohort of your own:")


def _draw(report: ProtocolReport, where: str, stem: str) -> None:
    st.markdown(md("**{}**", report.gap) if report.gap else "")
    said = ", ".join(f"{name} {row.accuracy:.3f}" for name, row in report.protocols.items())
    figure = metric_figures.protocols(report)
    charts.show(figure, f"{stem}.protocols", f"Accuracy under each split protocol: {said}")
    panels.table(_table(report), f"{stem}.protocols", "Accuracy and macro F1 by split protocol")
    st.caption(
        f"From {where}: {report.cohort.n_tiles} tiles, {report.cohort.n_slides} slides, "
        f"{report.cohort.n_cases} cases. {report.base.sentence} Head: {report.head}. This is the "
        "architecture with its base frozen, not the network on view."
    )
    notes = dict.fromkeys(note for row in report.protocols.values() for note in row.notes)
    panels.say([*notes, *(f"{name}: {why}" for name, why in report.skipped.items())])


def _table(report: ProtocolReport) -> pd.DataFrame:
    table = pd.DataFrame(
        [
            {
                "protocol": name,
                "what is held out": row.title,
                "answers": row.question,
                "accuracy": row.accuracy,
                "95 % by tissue": _words(row.accuracy_ci95_by_tissue),
                "95 % by slide": _words(row.accuracy_ci95_by_slide),
                "95 % by tile": _words(row.accuracy_ci95_by_tile),
                "Wilson, one pass": _words(row.accuracy_ci95),
                "macro F1": row.macro_f1,
                "tiles": row.n_tiles,
                "printed for it": row.source,
            }
            for name, row in report.protocols.items()
        ]
    )
    tied = any(row.accuracy_ci95_by_tissue for row in report.protocols.values())
    return table if tied else table.drop(columns="95 % by tissue")


def _words(bounds: Bounds | None) -> str:
    return f"{bounds[0]:.3f} to {bounds[1]:.3f}" if bounds else "–"


def _how(bundle: Bundle, first: str) -> None:
    st.caption(
        md(
            "{} {:code}, then name that folder under Cohort in the sidebar.",
            first,
            words.command(_RUN, bundle.name),
        )
    )
