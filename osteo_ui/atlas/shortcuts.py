"""Keys that work on the whole page, and the list of them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from osteo_ui.atlas.mounting import heard, mount, whole

MOST_TIMES = 100  # a key held down; what comes in one message
MOST_EARLIER = 20  # messages that were overtaken, told again in the next


def keys(
    key: str,
    bindings: Mapping[str, str],
    help: Sequence[tuple[str, str]],
    on_action: Callable[[str], None],
) -> None:
    """Listen to keys wherever the focus is, but where it is used for typing or choosing.

    Draws a small button, "Keys", that lists them, as ``?`` does. A key that is held down comes
    about four times a second, with all of its repeats.

    Args:
        key: Unlike any other on the page, and the same from run to run.
        bindings: What each key does, by the browser's name of it (`KeyboardEvent.key`), as in
            {"ArrowRight": "next-unit", "m": "mark"}.
        help: Keys and what they do, in words, as in ("← →", "Unit before, unit after").
        on_action: Called with what the key does, once for each time it was pressed.
    """
    actions = set(bindings.values())

    def act(action: Any, times: Any) -> None:
        if isinstance(action, str) and action in actions:
            for _ in range(whole(times, MOST_TIMES + 1) or 0):
                on_action(action)

    def pick(value: Any) -> None:
        sent = value if isinstance(value, Mapping) else {}
        for earlier in _unheard(sent.get("earlier"), heard(key)):
            act(*earlier)
        act(sent.get("action"), sent.get("times"))

    data = {"bindings": dict(bindings), "help": [list(pair) for pair in help]}
    mount("keys", key, data, pick)


def _unheard(earlier: Any, seen: int) -> list[tuple[Any, Any]]:
    """Return actions of messages that a later one overtook: Streamlit keeps only the newest."""
    told = earlier[:MOST_EARLIER] if isinstance(earlier, list) else []
    whole_ones = [one for one in told if isinstance(one, list) and len(one) == 3]
    return [(action, times) for n, action, times in whole_ones if whole(n, 1 << 53) and n > seen]
