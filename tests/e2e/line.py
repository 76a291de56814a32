"""What goes between a browser and the server, to be held back where a test wants it slow."""

from __future__ import annotations

import re
import time

from playwright.sync_api import WebSocketRoute

from tests.e2e.dashboard import PATIENCE, Dashboard


class Line:
    """What goes between the browser and the server; what the server says can be held back."""

    def __init__(self, visitor: Dashboard) -> None:
        self.said: list[bytes] = []
        self._held: list[str | bytes] | None = None
        self._last = b""  # the words from which on all is held
        self._page = visitor.page
        visitor.page.route_web_socket(re.compile("_stcore/stream"), self._connect)

    def hold(self) -> None:
        """Hold all that the server says from now on."""
        self._held = []

    def hold_behind(self, words: str) -> None:
        """Let the server be heard up to the message that has these words, and hold the rest."""
        self._last = words.encode()

    def wait_for_answer(self) -> None:
        """Wait until the server, which is not heard here, has begun to answer."""
        end = time.monotonic() + PATIENCE / 1000
        while not self._held:
            assert time.monotonic() < end, "the server does not answer"
            self._page.wait_for_timeout(20)

    def release(self) -> None:
        """Hand over what was held, in order, and hold no more."""
        held, self._held, self._last = self._held, None, b""
        for message in held or ():
            self._browser.send(message)

    def _connect(self, browser: WebSocketRoute) -> None:
        self._browser, server = browser, browser.connect_to_server()
        server.on_message(self._answer)
        browser.on_message(lambda message: self._tell(server, message))

    def _answer(self, message: str | bytes) -> None:
        if self._held is not None:
            self._held.append(message)
            return
        self._browser.send(message)
        heard = message if isinstance(message, bytes) else message.encode()
        if self._last and self._last in heard:
            self.hold()

    def _tell(self, server: WebSocketRoute, message: str | bytes) -> None:
        self.said.append(message if isinstance(message, bytes) else message.encode())
        server.send(message)
