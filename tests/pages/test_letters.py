"""Foreign text is shown letter by letter: escaping itself, and that no page can go round it."""

from __future__ import annotations
