"""A stranger's names and links: seen letter by letter, and nothing of theirs is asked for."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import expect

from tests.e2e.dashboard import Dashboard
from tests.e2e.made_files import text_file, tile_file

pytestmark = pytest.mark.e2e


@dataclass
class Beacon:
    """A stranger's host, and what was asked of it."""

    url: str
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def beacon() -> Iterator[Beacon]:
    """A host that notes whatever it is asked for."""

    class Noting(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.asked.append(self.path)
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    host = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Noting)
    found = Beacon(f"http://127.0.0.1:{host.server_address[1]}")
    threading.Thread(target=host.serve_forever, daemon=True).start()
    yield found
    host.shutdown()


def _is_but_letters(dashboard: Dashboard, beacon: Beacon) -> None:
    expect(dashboard.page.locator(f"a[href*='{beacon.url}']")).to_have_count(0)
    expect(dashboard.page.locator(f"img[src*='{beacon.url}']")).to_have_count(0)
    for drawn in (".katex", ".stMarkdownColoredText", "img[onerror]"):
        expect(dashboard.page.locator(drawn)).to_have_count(0)
    expect(dashboard.page.get_by_test_id("stException")).to_have_count(0)
    assert beacon.asked == []


@pytest.mark.parametrize(
    ("page", "key", "before"),
    [
        ("read", "tile", "upload:0123456789ab:"),
        ("read", "model", ""),
        ("heat_maps", "class", ""),
        ("heat_maps", "versus", ""),
        ("decisions", "call", ""),
    ],
)
def test_a_link_is_but_letters(
    dashboard: Dashboard, beacon: Beacon, page: str, key: str, before: str
) -> None:
    foreign = f"![i]({beacon.url}/b.png) :red[r] $x$ [l]({beacon.url}/l)"
    dashboard.open(page, **{key: before + foreign, "source": "example"})
    expect(dashboard.page.get_by_text(foreign[:30]).first).to_be_visible()
    _is_but_letters(dashboard, beacon)


def test_names_of_files_are_but_letters(dashboard: Dashboard, beacon: Beacon) -> None:
    names = (
        "`code`.png",
        "$x^2$ :red[hi].png",
        "a_b_c*d*[x](http:y).png",
        f"![i]({beacon.url.replace('/', ':')}) <img src=x onerror=alert(1)> www.a.org.png",
    )
    dashboard.open()
    dashboard.segment("Source of tiles", "Upload")
    dashboard.upload(*(tile_file(name, i, 64, 64) for i, name in enumerate(names[:3], 1)))
    for name in names[:3]:
        expect(dashboard.text(f"{name}: uploaded, 64 × 64 px")).to_be_visible()
    _is_but_letters(dashboard, beacon)
    dashboard.upload(text_file(names[3]))
    expect(dashboard.role("alert").filter(has_text=names[3])).to_be_visible()
    _is_but_letters(dashboard, beacon)
