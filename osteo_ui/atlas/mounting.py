"""Between Python and the browser: the components' code, pictures by address, picks heard."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from math import isfinite
from pathlib import Path
from typing import Any

import streamlit as st

from osteo_ui import state
from osteo_ui.streamlit_compat import publish

_HERE = Path(__file__).parent
_SEEN = "osteo.atlas.seen"  # by widget: when the browser sent the last pick heard here
EVENT = "pick"


_PARTS = {  # by component: the files that make up its code, in this order
    "maps": ("common", "chooser", "maps"),
    "bars": ("common", "chooser", "plot", "bars"),
    "tile": ("common", "tile"),
    "strip": ("common", "strip"),
    "keys": ("common", "keys"),
    "rows": ("common", "rows"),
}


def _component(name: str, parts: tuple[str, ...]) -> Callable[..., Any]:
    """Register a component: the code that several share, followed by its own.

    One text each, because Streamlit serves files only for components of installed packages, and
    the dashboard also runs from a folder.
    """
    code = "\n".join((_HERE / f"{part}.js").read_text() for part in parts)
    own = _HERE / f"{name}.css"
    style = (_HERE / "atlas.css").read_text() + (own.read_text() if own.is_file() else "")
    return st.components.v2.component(f"osteo_atlas_{name}", css=style, js=code)


# Once a process, as modules are: registering anew at each run would warn and read the disk.
_COMPONENTS = {name: _component(name, parts) for name, parts in _PARTS.items()}


def mount(
    name: str, key: str, data: Mapping[str, Any], on_pick: Callable[[Any], None] | None
) -> None:
    """Put a component on the page.

    Args:
        name: Which one.
        key: Unlike any other on the page and the same from run to run: the browser then keeps the
            component, with its focus, and is told only what changed.
        data: What to show; JSON-able.
        on_pick: Called with what the browser sent, which anybody may have written.
    """
    callback = {f"on_{EVENT}_change": partial(_hear, key, on_pick)} if on_pick else {}
    everything = {**data, "seen": heard(key), "silent": on_pick is None}
    _COMPONENTS[name](key=key, data=everything, **callback)


def heard(key: str) -> int:
    """Return when the browser, by its own clock, sent the last pick of a widget heard here; ms."""
    return int(st.session_state.get(_SEEN, {}).get(key, 0))


def _hear(key: str, on_pick: Callable[[Any], None]) -> None:
    state.refuse_late()
    if key not in st.session_state:  # it was taken off the page while the pick was on its way
        return
    message = st.session_state[key].get(EVENT)
    if not isinstance(message, Mapping):
        return
    sent = whole(message.get("sent"), 1 << 53)
    if sent is not None and sent <= heard(key):
        return  # told again, because the answer was slow: a step must not be taken twice
    on_pick(message.get("value"))
    if sent is not None:
        # The browser keeps its own mark until the answer to its latest pick has come; an answer
        # to an earlier one would make the mark jump back.
        st.session_state.setdefault(_SEEN, {})[key] = sent


def whole(value: Any, end: int) -> int | None:
    """Return a number that the browser sent if it is whole and of 0..end-1, else None."""
    fits = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < end
    return value if fits else None


def share(value: Any) -> float | None:
    """Return a number that the browser sent if it is one of 0..1, else None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value <= 1 else None


def numbers(values: Iterable[float]) -> list[float | None]:
    """Return values in four digits, as they are told and drawn; None where there is no number."""
    return [float(f"{v:.4g}") if isfinite(v) else None for v in map(float, values)]


def picture_url(png: bytes, coordinates: str) -> str:
    """Return an address under which the browser finds a picture.

    `st.image` gives its pictures to the same keeper, but tells nobody the address. The keeper
    holds them in memory under the digest of their bytes: the same picture has the same address
    from run to run, and the browser asks once. It drops what no session has named by the end of
    a run, so that this is called anew at each run and never within a cached function.

    Args:
        png: The file.
        coordinates: Where it is used, unlike any other place on the page; what was there before
            is forgotten.
    """
    url = publish(png, f"atlas.{coordinates}")
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{base}{url}" if base and url else url
