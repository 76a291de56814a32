"""Foreign text made safe to show: what cannot be seen is drawn, what would run stays a word."""

import re

# Control characters, those that turn the direction of all that follows, halves of pairs.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_RUNS = re.compile(r"\s*[=+\-@\u2212\uff0b\uff0d\uff1d\uff20]|[\t\r\n]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?|[+-]?inf", re.IGNORECASE)


def visible(text: str) -> str:
    """Return a text with a sign for each character that is not seen; tabs and new lines stay."""
    return _UNSEEN.sub(lambda found: sign(found[0]), text)


def sign(character: str) -> str:
    """Return the sign that is drawn for a character that is not seen."""
    number = ord(character)
    if number < 0x20:
        return chr(0x2400 + number)
    return "\u2421" if number == 0x7F else f"\u27e8U+{number:04X}\u27e9"
