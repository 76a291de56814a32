"""What the first visitor of a cold dashboard sees, and when."""

from __future__ import annotations

from dataclasses import dataclass

from playwright.sync_api import Error, expect

from tests.e2e.dashboard import CALL, PATIENCE, Dashboard

_WATCH = """
window.seen = {};
const signs = {
  title: () => document.querySelector('h1'),
  tile: () => document.querySelector('img[alt^="Tile "]'),
  loading: () => document.body.textContent.includes('Loading TensorFlow'),
  answer: () => document.body.textContent.includes('Probabilities of one forward pass'),
};
new MutationObserver(() => {
  if (!document.body) return;
  for (const [name, there] of Object.entries(signs))
    if (!(name in window.seen) && there()) window.seen[name] = performance.now();
}).observe(document, {childList: true, subtree: true, characterData: true});
"""


@dataclass
class FirstView:
    """What the very first visitor of a fresh server saw.

    Attributes:
        seen: When each sign first stood on the page, in ms.
        call: The predicted class and its probability, as shown; "" if it never came.
    """

    seen: dict[str, float]
    call: str


def first_look(visitor: Dashboard) -> FirstView:
    """Open the first page and note when its parts come; what never comes is left out."""
    visitor.page.add_init_script(_WATCH)
    visitor.open()
    heading = visitor.page.get_by_role("heading", level=3, name=CALL)
    try:
        expect(heading).to_be_visible(timeout=3 * PATIENCE)
        visitor.wait_until_drawn("read")
        call = heading.inner_text()
    except (AssertionError, Error):
        call = ""
    return FirstView(visitor.page.evaluate("window.seen"), call)
