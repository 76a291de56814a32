"""What a page says and shows, read from an AppTest run."""

from __future__ import annotations

import json
import re

import pandas as pd


def said(at) -> str:
    """All text of the page in one string."""
    kinds = (at.info, at.error, at.warning, at.success, at.caption, at.markdown, at.subheader)
    return "\n".join(unescaped(element.value) for kind in (*kinds, at.title) for element in kind)


def unescaped(text: str) -> str:
    """What is seen of text that was escaped for Markdown."""
    text = re.sub(r"&#(\d+);", lambda found: chr(int(found[1])), text.replace(":small[]", ""))
    return re.sub(r"\\([!-/:-@[-`{-~])", r"\1", text)


def figures(at) -> dict[str, str]:
    """Values of the page's metrics by their labels."""
    return {unescaped(metric.label): metric.value for metric in at.metric}


def table_with(at, *columns: str, without: str = "") -> pd.DataFrame:
    """The first table that has these columns and not that one; an empty one where none has."""
    tables = [table.value for table in at.dataframe]
    found = [t for t in tables if set(columns) <= set(t) and without not in t]
    return found[0] if found else pd.DataFrame()


def chart(at, number: int = 0) -> dict:
    """One plotly figure as its specification."""
    return json.loads(at.get("plotly_chart")[number].proto.spec)


def points(trace: dict) -> tuple[list, list]:
    """x and y of a trace, decoded where Plotly packed them."""
    return _unpack(trace["x"]), _unpack(trace["y"])


def _unpack(values) -> list:
    if not isinstance(values, dict):
        return list(values)
    import base64

    import numpy as np

    return np.frombuffer(base64.b64decode(values["bdata"]), values["dtype"]).tolist()


def atlas(at, key: str) -> dict:
    """What a widget of the atlas was given to show."""
    return json.loads(_mounted(at, key).json)


def pick(at, key: str, value, sent: int | None = None) -> None:
    """Send what the browser sends when something is picked in a widget of the atlas, and run.

    AppTest has no way to do so: this adds the message to what it would send by itself. Unless
    told otherwise it was sent after all that were heard.
    """
    if sent is None:
        sent = 1 + (at.session_state["osteo.atlas.seen"].get(key, 0) if _heard_any(at) else 0)
    states = at._tree.get_widget_states()
    message = states.widgets.add()
    message.id = f"$$STREAMLIT_INTERNAL_KEY_{_mounted(at, key).id}__events"
    event = {"event": "pick", "value": {"sent": sent, "value": value}}
    message.json_trigger_value = json.dumps([event])
    at._run(states)


def _heard_any(at) -> bool:
    return "osteo.atlas.seen" in at.session_state


def _mounted(at, key: str):
    found = [e.proto for e in at.get("bidi_component") if e.proto.id.endswith(f"-{key}")]
    assert len(found) == 1, [element.proto.id for element in at.get("bidi_component")]
    return found[0]


def labels(at) -> list[str]:
    """Labels of all buttons."""
    return [button.label for button in at.button]


def press(at, label: str):
    """Press the button with that label and run."""
    return next(button for button in at.button if button.label == label).click().run()
