"""The way from any page to a unit's card."""

from dataclasses import replace
from typing import Any

import streamlit as st
from streamlit.errors import StreamlitAPIException

from osteo_ui import state
from osteo_ui.selection import to_query

CARD = "pages/unit.py"


def unit_link(label: str, **changes: Any) -> None:
    """Draw a link to the card of the unit on view, where the dashboard has that page.

    The link carries the whole selection: it also opens in a new tab, and a unit that a page shows
    without its having been chosen, such as the strongest, is named in it.

    Args:
        label: What it says.
        **changes: Fields of the selection that the card is to have, such as `layer` and `unit`.
    """
    query = to_query(replace(state.selection(), **changes))
    try:
        st.page_link(CARD, label=label, icon=":material/adjust:", query_params=query)
    except StreamlitAPIException:
        return  # the page is not among those of this dashboard
