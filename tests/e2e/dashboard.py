"""The dashboard as a visitor finds it: what can be done on the screen, in the screen's words."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, expect

# Generous, because a slow machine is no bug; a test that passes waits no longer than it must.
PATIENCE = 1000 * int(os.environ.get("OSTEO_E2E_PATIENCE_S", "120"))  # ms
expect.set_options(timeout=PATIENCE)

# The pages, and words that are on each only when the network has answered and all is drawn.
FOLDER = Path(__file__).resolve().parents[2] / "pages"
NAMES = sorted(file.stem for file in FOLDER.glob("*.py") if file.stem != "read_tile")
PAGES = {"read": ""} | {name: name for name in NAMES}
LAST_WORDS = {
    "read": "unit against activation",
    "filters": "strongest maps of",
    "neurons": "strongest units of",
    "unit": "Units behind that it makes",
    "find_units": "None yet. Bookmark a unit",
    "heat_maps": "not what speaks against it",
    "heat_grid": "where all methods put places in the same order",
    "metrics": "wanted for training, validation and test",
    "compare": "compare where they look",
    "decisions": "Every slide of this part",
    "cohort": "that was cut by more than",
    "lessons": "of the map's positive part",
}
CALL = re.compile(r"^\S+, \d+\.\d%$")  # "Viable, 97.3%"

# Opened by a page's own address, Streamlit's client asks below that address first and then at the
# root; the two 404s are how it finds out, in every Streamlit app with pages.
_PROBES = re.compile(r"/\w+/_stcore/(health|host-config)$")
# A view that is left before its pictures have come asks for files that are gone. What counts is
# that no picture on the screen is broken: see `broken_pictures`.
_LEFT_BEHIND = re.compile(r"^/media/")
_LEFT_BEHIND_TOLD = "Client Error: Image source error"  # the same, in the words of its client
_HERE = ("localhost", "127.0.0.1", "[::1]")


class Dashboard:
    """One visitor's browser tab, and what it did behind the scenes.

    Attributes:
        page: Playwright's page.
        outside: Addresses of other hosts that were asked for anything.
        errors: What the browser's console called an error.
    """

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url
        self.outside: list[str] = []
        self.errors: list[str] = []
        page.set_default_timeout(PATIENCE)
        page.on("request", lambda request: self._note_request(request.url))
        page.on("websocket", lambda socket: self._note_request(socket.url))
        page.on("console", self._note_console)
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def open(self, name: str = "read", **query: Any) -> None:
        """Open a page by its address; values of the query may be lists."""
        tail = f"?{urlencode(query, doseq=True)}" if query else ""
        self.page.goto(f"{self.url}/{PAGES[name]}{tail}")

    def go(self, title: str) -> None:
        """Follow the sidebar to another page."""
        self.page.get_by_role("navigation").get_by_role("link", name=title, exact=True).click()
        expect(self.page.get_by_role("heading", level=1, name=title, exact=True)).to_be_visible()

    def wait_until_drawn(self, name: str) -> None:
        """Wait for the words that a page says last, and for every widget to stand in its place.

        A browser that has never been here fetches the code of each kind of widget first, and may
        show text that comes later than a widget before the widget itself.
        """
        expect(self.text(LAST_WORDS[name]).first).to_be_visible()
        expect(self.page.get_by_test_id("stSkeleton")).to_have_count(0)

    @property
    def main(self) -> Locator:
        """All but the sidebar."""
        return self.page.get_by_test_id("stMain")

    def text(self, words: str | re.Pattern[str]) -> Locator:
        """What says these words outside the sidebar."""
        return self._of_this_run(self.main.get_by_text(words))

    def picture(self, alt: str | re.Pattern[str]) -> Locator:
        """A picture by its text for those who cannot see it."""
        return self._of_this_run(self.page.get_by_role("img", name=alt))

    def chart(self, alt: str | re.Pattern[str]) -> Locator:
        """A chart by its text for those who cannot see it."""
        return self._of_this_run(self.page.get_by_role("figure", name=alt))

    def units(self, alt: str | re.Pattern[str]) -> Locator:
        """Units that can be picked, as maps or as bars, by their text for who cannot see them."""
        return self._of_this_run(self.page.get_by_role("listbox", name=alt))

    def role(self, role: Any, **which: Any) -> Locator:
        """What plays a role, in the sidebar or outside it; takes what Playwright takes."""
        return self._of_this_run(self.page.get_by_role(role, **which))

    def main_role(self, role: Any, **which: Any) -> Locator:
        """What plays a role outside the sidebar."""
        return self._of_this_run(self.main.get_by_role(role, **which))

    def _of_this_run(self, found: Locator) -> Locator:
        """Leave out what is to be drawn anew.

        While a page is drawn anew its old parts stand, pale, below the new ones that took their
        places: for that moment the same words are there twice.
        """
        return found.and_(self.page.locator(":not([data-stale=true] *)"))

    def segment(self, group: str, option: str) -> None:
        """Choose one of several that stand side by side."""
        radios = self.page.get_by_role("radiogroup", name=group)
        radios.get_by_role("radio", name=option, exact=True).click()

    def choose(self, label: str, option: str | re.Pattern[str]) -> None:
        """Choose from a drop-down list."""
        self.page.get_by_role("combobox", name=label, exact=True).click()
        exact = isinstance(option, str)
        found = self.page.get_by_role("option", name=option, exact=exact)
        found.hover()  # a list that was scrolled to it moves on for a moment
        found.click()

    def choose_also(self, label: str, option: str | re.Pattern[str]) -> None:
        """Choose one more from a list that stays open, and close it: what it covers is inert."""
        self.choose(label, option)
        self.page.keyboard.press("Escape")
        expect(self.page.get_by_role("listbox")).to_have_count(0)

    def upload(self, *files: dict[str, Any]) -> None:
        """Hand files to the upload box; each has name, mimeType and buffer."""
        self.page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(list(files))

    def download(self, button: str) -> bytes:
        """Press the first download button of this name and return the file."""
        with self.page.expect_download() as waiting:
            self.main.get_by_role("button", name=button, exact=True).first.click()
        return Path(waiting.value.path()).read_bytes()

    def broken_pictures(self) -> list[str]:
        """The pictures on the screen that the browser could not get or read."""
        return self.page.evaluate(
            """() => [...document.images]
                 .filter(image => image.complete && !image.naturalWidth)
                 .map(image => image.alt || image.src)"""
        )

    @property
    def query(self) -> dict[str, list[str]]:
        """What the address bar says."""
        return parse_qs(urlsplit(self.page.url).query)

    def link(self, **expected: str) -> str:
        """Return the address once it says what it should: the link that a person would copy."""

        def says(url: str) -> bool:
            query = parse_qs(urlsplit(url).query)
            return all(query.get(key) == [value] for key, value in expected.items())

        self.page.wait_for_url(says, timeout=PATIENCE)
        return self.page.url

    def _note_request(self, url: str) -> None:
        host = urlsplit(url)
        if host.scheme not in ("data", "blob") and host.hostname not in _HERE:
            self.outside.append(url)

    def _note_console(self, message: ConsoleMessage) -> None:
        where = urlsplit(message.location.get("url", "")).path
        harmless = _PROBES.search(where) or _LEFT_BEHIND.search(where)
        told = message.text.startswith(_LEFT_BEHIND_TOLD)
        if message.type == "error" and not (told or ("404" in message.text and harmless)):
            self.errors.append(f"{message.text} ({where})")


class Visitors:
    """Makes visitors, each in a browser profile of their own, and remembers them."""

    def __init__(self, browser: Browser, url: str) -> None:
        self._browser, self._url = browser, url
        self.all: list[Dashboard] = []

    def __call__(self, width: int = 1280, height: int = 900, **options: Any) -> Dashboard:
        viewport = {"width": width, "height": height}
        context = self._browser.new_context(viewport=viewport, **options)
        self.all.append(Dashboard(context.new_page(), self._url))
        return self.all[-1]

    def leave(self) -> None:
        for visitor in self.all:
            visitor.page.context.close()
