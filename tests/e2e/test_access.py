"""Without a mouse, and in a narrow window."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.e2e.dashboard import PAGES, Dashboard, Visitors

pytestmark = pytest.mark.e2e


def test_a_page_is_reached_and_worked_by_keyboard_alone(dashboard: Dashboard) -> None:
    dashboard.open()
    link = dashboard.page.get_by_role("navigation").get_by_role("link", name="Filters")
    expect(link).to_be_visible()  # and on at once: whoever hurries must lose nothing
    _tab_to(dashboard, "Filters", 5)
    dashboard.page.keyboard.press("Enter")
    dashboard.wait_until_drawn("filters")
    expect(dashboard.role("combobox", name="Layer", exact=True)).to_be_visible()
    dashboard.role("link", name="Skip to main content").focus()
    dashboard.page.keyboard.press("Enter")
    _tab_to(dashboard, "Layer", 3)
    index = dashboard.role("radio", name="Index", exact=True)
    index.focus()
    dashboard.page.keyboard.press("ArrowRight")
    dashboard.page.keyboard.press("Space")
    expect(dashboard.text("strongest mean first")).to_be_visible()


def _tab_to(dashboard: Dashboard, name: str, steps: int) -> None:
    """Press Tab until the control of this name has the focus, at most so many times."""
    met = []
    for _ in range(steps):
        dashboard.page.keyboard.press("Tab")
        met.append(
            dashboard.page.evaluate(
                "document.activeElement.ariaLabel || document.activeElement.innerText.trim()"
            )
        )
        if met[-1] and name in met[-1].splitlines():
            return
    raise AssertionError(f"Tab should reach {name!r} in {steps} steps. Received: {met}")


def test_nothing_runs_off_the_side_of_a_narrow_window(visit: Visitors) -> None:
    visitor = visit(width=800)
    wide = {}
    for name in PAGES:
        visitor.open(name, model=["vgg19-multiclass", "mobilenetv2-multiclass"])
        visitor.wait_until_drawn(name)
        spare = visitor.page.evaluate(
            """() => [document.scrollingElement, ...document.querySelectorAll(
                 '[data-testid=stMain], [data-testid=stSidebarContent]')]
               .map(box => box.scrollWidth - box.clientWidth)"""
        )
        wide[name] = max(spare)
    assert wide == dict.fromkeys(PAGES, 0)
