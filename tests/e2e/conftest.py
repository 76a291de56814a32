"""The real dashboard behind the browser tests: `make run`, Chromium, and a visitor a test."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Error

from tests.e2e.chromium import chromium, chromium_path
from tests.e2e.dashboard import Dashboard, Visitors
from tests.e2e.first_view import FirstView, first_look
from tests.e2e.line import Line
from tests.e2e.server import PROJECT, Server, make_run

PICTURES = PROJECT / "screenshots" / "e2e"  # of failed tests; git ignores them


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The dashboard that all tests share."""
    with make_run(tmp_path_factory.mktemp("server") / "log.txt") as running:
        yield running


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, one for all tests; each test has a profile of its own in it."""
    if chromium_path() is None:
        missing = "The browser tests need Chromium: `sh tests/e2e/install_chromium.sh`."
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    with chromium() as started:
        yield started


@pytest.fixture(scope="session")
def first_view(browser: Browser, server: Server) -> FirstView:
    """Open the dashboard while it is cold; all other tests come after it and find it warm."""
    visitors = Visitors(browser, server.url)
    view = first_look(visitors())
    visitors.leave()
    return view


@pytest.fixture
def visit(browser: Browser, server: Server, first_view: FirstView) -> Iterator[Visitors]:
    """Make visitors; in the end none asked another host, met an error or sees a broken picture."""
    visitors = Visitors(browser, server.url)
    yield visitors
    broken = [alt for visitor in visitors.all for alt in visitor.broken_pictures()]
    visitors.leave()
    assert broken == []
    assert [url for visitor in visitors.all for url in visitor.outside] == []
    assert [error for visitor in visitors.all for error in visitor.errors] == []


@pytest.fixture
def dashboard(visit: Visitors) -> Dashboard:
    """A visitor with a window of 1280 px."""
    return visit()


@pytest.fixture
def line(dashboard: Dashboard) -> Line:
    """Hold the wire between a visitor and the server."""
    return Line(dashboard)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    """Keep, of a failed test, what was on each screen and what the server printed."""
    report = yield
    arguments = getattr(item, "funcargs", {})
    if not report.failed or "server" not in item.fixturenames:
        return report
    if report.when == "call" and "visit" in arguments:
        for i, visitor in enumerate(arguments["visit"].all):
            report.sections.append((f"screen of visitor {i + 1}", _screen(visitor, item.name, i)))
    if "server" in arguments:
        report.sections.append(("the dashboard's log", arguments["server"].tail()))
    return report


def _screen(visitor: Dashboard, name: str, i: int) -> str:
    file = PICTURES / f"{re.sub(r'[^a-zA-Z0-9]+', '-', name)}-{i + 1}.png"
    try:
        visitor.page.screenshot(path=file, timeout=10_000)
        words = visitor.page.locator("body").inner_text(timeout=10_000)
    except Error as error:
        return str(error)
    return f"{visitor.page.url}\n{file.relative_to(PROJECT)}\n{words[:4000]}"
