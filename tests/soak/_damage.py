"""What a disk, an editor or an ill-meaning person does to a file; the same seed does the same."""

from __future__ import annotations

import csv
import io
import json
import os
import random
from pathlib import Path
from typing import Any

HOSTILE: tuple[Any, ...] = (
    *(None, True, 0, -1, 1, 2**31, 2**63, 10**30, -0.0, 1e308, -1e308, 0.5, "", " ", "0", "x"),
    *("NaN", "a\nb", "a\0b", "\ud800", "😀", "x" * 5000, "../../x", "/etc/passwd", "/dev/zero"),
    *([], {}, [[]], [None], {"": ""}, [0, 0], [-1, -1], [20_000, 20_000], [1e9, 1e9]),
    *(["A"], ["A", "A"], ["A"] * 2000, [["A"]], [{"a": 1}], float("nan"), float("inf")),
)
CELLS = (
    *("", " ", "nan", "NaN", "NA", "None", "inf", "-inf", "-5", "1e308", "1e-320", "0x1", "1_0"),
    *("0.5", "1", "0", "high", "<b>", "=1+1", '"', "a,b", "a\nb", "é", "\u0301", "Banana", "test"),
)


def damage_bytes(data: bytes, rng: random.Random) -> bytes:
    """Cut, flip, fill, double or swap some of a file's bytes."""
    if not data:
        return bytes(rng.randrange(256) for _ in range(rng.randrange(50)))
    where = rng.randrange(len(data))
    long = 1 + rng.randrange(min(len(data), 1 << rng.randrange(12)))
    piece = data[where : where + long]
    kind = rng.randrange(9)
    if kind == 0:
        return data[:where]
    if kind == 1:
        return data[:where] + bytes([data[where] ^ (1 << rng.randrange(8))]) + data[where + 1 :]
    if kind == 2:
        return data[:where] + bytes(len(piece)) + data[where + len(piece) :]
    if kind == 3:
        return data[:where] + piece + data[where:]
    if kind == 4:
        return data[:where] + data[where + long :]
    if kind == 5:
        return data[:where] + rng.randbytes(len(piece)) + data[where + len(piece) :]
    if kind == 6:
        return data + rng.randbytes(long)
    if kind == 7:
        return rng.choice((b"\xef\xbb\xbf", b"\xff\xfe", b"PK\x03\x04", b"[" * 100_000)) + data
    return rng.choice((b"", b"null", b"[]", b"{}", b"\0" * 999, rng.randbytes(999)))


def damage_json(told: Any, rng: random.Random) -> Any:
    """Put something hostile in one place of a document, take a place away or add one."""
    if not isinstance(told, dict | list) or not told or rng.random() < 0.15:
        return rng.choice(HOSTILE)
    places = list(told) if isinstance(told, dict) else list(range(len(told)))
    place = rng.choice(places)
    if rng.random() < 0.1:
        if isinstance(told, dict):
            return {key: value for key, value in told.items() if key != place}
        return [*told[:place], *told[place + 1 :]]
    if rng.random() < 0.05:
        more = rng.choice(HOSTILE)
        return {**told, str(more)[:9]: more} if isinstance(told, dict) else [*told, more]
    changed = damage_json(told[place], rng)
    if isinstance(told, dict):
        return {**told, place: changed}
    return [*told[:place], changed, *told[place + 1 :]]


def damage_table(text: str, rng: random.Random) -> str:
    """Change some cells, or double, drop, move or tear rows and columns."""
    rows = list(csv.reader(io.StringIO(text)))
    for _ in range(1 + rng.randrange(3)):
        row = rng.randrange(len(rows))
        kind = rng.randrange(7)
        if kind <= 2 and rows[row]:
            rows[row][rng.randrange(len(rows[row]))] = rng.choice(CELLS)
        elif kind == 3:
            rows.insert(rng.randrange(len(rows) + 1), list(rows[row]))
        elif kind == 4 and len(rows) > 1:
            del rows[row]
        elif kind == 5:
            rows[row] = rows[row][: rng.randrange(len(rows[row]) + 1)]
        else:
            column = rng.randrange(len(rows[0]) or 1)
            rows = [[*cells[:column], *cells[column + 1 :]] for cells in rows]
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerows(rows)
    return written.getvalue()


def damage_file(file: Path, rng: random.Random) -> None:
    """Damage a file in a way that its ending suggests, or put something else in its place."""
    kind = rng.random()
    if kind < 0.06:
        file.unlink()
        rng.choice(
            (
                file.mkdir,
                lambda: os.mkfifo(file),
                lambda: file.symlink_to(file.name),
                lambda: file.symlink_to("/nowhere"),
                lambda: file.symlink_to("/dev/zero"),
                lambda: None,
            )
        )()
    elif kind < 0.5 and file.suffix == ".json":
        told = damage_json(json.loads(file.read_text("utf-8")), rng)
        file.write_text(json.dumps(told), "utf-8")
    elif kind < 0.6 and file.suffix == ".csv":
        text = damage_table(file.read_text("utf-8"), rng)
        file.write_bytes(text.encode("utf-8", "surrogatepass"))
    else:
        file.write_bytes(damage_bytes(file.read_bytes(), rng))
