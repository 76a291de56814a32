"""The one way a JSON file from anyone is read: sizes first, then the content, or a sentence."""

from __future__ import annotations

import json
import os
import re
from typing import Any

import numpy as np

from osteo_core.errors import FileError
from osteo_core.files import read_bytes, shown

FILE_BYTES = 64 << 20
DEPTH = 100  # brackets within brackets; ours have at most ten

_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\Z)', re.DOTALL)
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def read_json(file: str | os.PathLike[str], *, at_most: int = FILE_BYTES) -> dict[str, Any]:
    """Read a file that holds one JSON object.

    Args:
        file: A file in UTF-8, with or without its mark.
        at_most: Bytes.

    Returns:
        The object. Every number in it is finite and every text can be written as UTF-8.

    Raises:
        FileError: It cannot be read, is too large or too deep, or holds anything else.
    """
    return parse_json(read_bytes(file, at_most), shown(file))


def parse_json(data: bytes, name: str) -> dict[str, Any]:
    """Read one JSON object from bytes, as `read_json` does.

    Args:
        data: The content of a file.
        name: What to call it in a sentence.

    Raises:
        FileError: It holds anything else.
    """
    if (deep := _depth(data)) > DEPTH:
        raise _refused(name, f"brackets {deep:,} deep, where {DEPTH} are read")
    try:
        found = json.loads(
            data.decode("utf-8-sig"), parse_constant=_no_constant, parse_float=_finite
        )
        if _SURROGATE.search(data):
            json.dumps(found, ensure_ascii=False).encode()
    except (UnicodeDecodeError, UnicodeEncodeError) as error:
        raise _refused(name, f"text that is no UTF-8 ({error.reason})") from error
    except RecursionError as error:
        raise _refused(name, "brackets that are too deep") from error
    except ValueError as error:
        raise _refused(name, str(error)) from error
    if not isinstance(found, dict):
        raise _refused(name, f"a {type(found).__name__}")
    return found


def _depth(data: bytes) -> int:
    if data.count(b"[") + data.count(b"{") <= DEPTH:
        return 0
    byte = np.frombuffer(_STRING.sub(b"", data), np.uint8)
    steps = np.isin(byte, list(b"[{")).astype(np.int8) - np.isin(byte, list(b"]}"))
    return int(np.cumsum(steps, dtype=np.int64).max(initial=0))


def _no_constant(text: str) -> float:
    raise ValueError(f"{text}, which is no number")


def _finite(text: str) -> float:
    number = float(text)
    if not np.isfinite(number):
        raise ValueError(f"{text}, which is too large a number")
    return number


def _refused(name: str, reason: str) -> FileError:
    return FileError(f"Expected {name} to hold one JSON object in UTF-8. Received: {reason}.")
