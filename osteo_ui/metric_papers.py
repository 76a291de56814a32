"""What papers on this collection print, recomputed, and where it contradicts itself."""

import pandas as pd
import streamlit as st

from osteo_core.evaluate.papers import PAPER_003, contradictions, printed_rows
from osteo_ui import metric_panels as panels
from osteo_ui.markdown import bullets


def papers() -> None:
    """Draw the printed and the recomputed figures, and the contradictions."""
    with st.expander("Papers' figures, recomputed"):
        st.markdown(bullets(contradictions()))
        panels.table(pd.DataFrame(printed_rows()), "papers", "Printed and recomputed figures")
        st.caption(
            f"{PAPER_003}: each printed value beside what the paper's own confusion matrix gives. "
            "The table agrees with the matrices; the two accuracies of the same networks do not."
        )
