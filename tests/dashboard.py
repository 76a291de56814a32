"""The dashboard under Streamlit's AppTest: open a page by a link, without a network."""

from __future__ import annotations

from pathlib import Path

from streamlit.testing.v1 import AppTest

from osteo_core.errors import ModelError

APP = Path(__file__).resolve().parent.parent / "app.py"
FOLDER = "pages"
PAGES = tuple(sorted(file.stem for file in (APP.parent / FOLDER).glob("*.py")))


def no_engine(bundle: object) -> None:
    """In place of `services.engine`, for what needs no network."""
    raise ModelError("Expected no network to be opened here. Received: a call.")


def open_page(page: str, link: dict[str, object]) -> AppTest:
    """Open a page by a link, ready to `run`."""
    at = AppTest.from_file(APP, default_timeout=60)
    for key, value in link.items():
        at.query_params[key] = value
    return at.switch_page(f"{FOLDER}/{page}.py")


def url(at: AppTest) -> dict[str, list[str]]:
    """What the app last wrote into the address bar, which AppTest itself does not show."""
    return at.session_state["osteo.written"]
