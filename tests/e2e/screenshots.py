"""Screenshots of every page: `python tests/e2e/screenshots.py OUT_DIR --url http://localhost:8501`.

Each page in light and dark and in two widths, as `OUT_DIR/<page>-<theme>-<width>.png`: whole, or
as much as `--height` shows. `--query "tile=example:viable-1&class=Viable"` chooses what is on view.
"""

from __future__ import annotations

import argparse
from itertools import product
from pathlib import Path
from urllib.parse import parse_qs

from chromium import chromium
from dashboard import PAGES, Dashboard
from playwright.sync_api import Browser

THEMES = ("light", "dark")
WIDTHS = (1280, 800)
TALLEST = 13_000  # px
# Charts draw themselves after the page's words have come.
_CHARTS_DRAWN = """() => [...document.querySelectorAll('[data-testid=stPlotlyChart]')]
    .every(chart => chart.querySelector('.main-svg'))"""
_MISSING = """() => ['stMain', 'stSidebarContent']
    .flatMap(id => [...document.querySelectorAll(`[data-testid=${id}]`)])
    .reduce((most, box) => Math.max(most, box.scrollHeight - box.clientHeight), 0)"""


def main() -> None:
    """Make the screenshots that the command line asks for."""
    chosen = _arguments()
    chosen.out_dir.mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        for name, theme, width in product(chosen.pages, chosen.themes, chosen.widths):
            file = chosen.out_dir / f"{name}-{theme}-{width}.png"
            file.write_bytes(_screenshot(browser, chosen, name, theme, width))
            print(file)  # noqa: T201


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=_Plain)
    parser.add_argument("out_dir", type=Path)
    parser.add_argument("--url", default="http://localhost:8501")
    parser.add_argument("--query", default="", help="what stands after the ? in the address")
    parser.add_argument("--pages", nargs="+", choices=list(PAGES), default=list(PAGES))
    parser.add_argument("--themes", nargs="+", choices=THEMES, default=THEMES)
    parser.add_argument("--widths", nargs="+", type=int, default=WIDTHS)
    parser.add_argument("--height", type=int, default=0, help="px; 0 for the whole page")
    return parser.parse_args()


class _Plain(argparse.RawDescriptionHelpFormatter, argparse.ArgumentDefaultsHelpFormatter):
    """Keep the docstring's lines and say what the defaults are."""


def _screenshot(
    browser: Browser, chosen: argparse.Namespace, name: str, theme: str, width: int
) -> bytes:
    context = browser.new_context(
        viewport={"width": width, "height": chosen.height or 900},
        color_scheme=theme,
        reduced_motion="reduce",
    )
    try:
        visitor = Dashboard(context.new_page(), chosen.url.rstrip("/"))
        visitor.open(name, **parse_qs(chosen.query))
        visitor.wait_until_drawn(name)
        if not chosen.height:
            tall = min(TALLEST, 900 + int(visitor.page.evaluate(_MISSING)))
            visitor.page.set_viewport_size({"width": width, "height": tall})
        visitor.page.wait_for_function(_CHARTS_DRAWN)
        return visitor.page.screenshot(animations="disabled")
    finally:
        context.close()


if __name__ == "__main__":
    main()
