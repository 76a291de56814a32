"""What a page says and shows, read from an AppTest run."""

from __future__ import annotations

import json


def said(at) -> str:
    """All text of the page in one string."""
    kinds = (at.info, at.error, at.warning, at.caption, at.markdown, at.subheader, at.title)
    return "\n".join(str(element.value) for kind in kinds for element in kind)


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


def labels(at) -> list[str]:
    """Labels of all buttons."""
    return [button.label for button in at.button]


def press(at, label: str):
    """Press the button with that label and run."""
    return next(button for button in at.button if button.label == label).click().run()
