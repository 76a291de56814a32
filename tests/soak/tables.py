"""Cohorts, label files and folders with hostile names: read letter by letter, or a sentence."""

from __future__ import annotations

import codecs
import csv
import io
import json
import os
import random
import unicodedata
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image

from osteo_core.cohorts import Cohort, CohortTile, SplitProtocol, import_cohort, read_cohort
from osteo_core.cohorts.spellings import one_spelling
from osteo_core.cohorts.splits import PARTS, split_tiles
from osteo_core.cohorts.table import ordered_classes, write_cohort
from osteo_core.errors import OsteoError
from osteo_core.foreign.json_files import parse_json
from osteo_core.foreign.tables import read_table, tidy

NAMES = (
    *("NA", "None", "nan", "null", "0", "1", "01", "1.0", "1e5", "True", "false", "-", "inf"),
    *("Benign", "benign", "BENIGN", "Benign ", "Nécrose", "Ne\u0301crose", "ß", "SS", "日本", "😀"),
    *("a,b", "a;b", "a\tb", 'q"q', "'", "=SUM(1)", "@x", "+1", "-1", "<b>", "![i](http://x/y)"),
    *(
        "2020-01-01",
        "test",
        "train",
        "Viable",
        "normal",
        "x" * 60,
        ".",
        "\u200b",
        "\u00a0z",
        "I",
        "ı",
    ),
)
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252")
KNOWN = {"Non-Tumor": "Non-Tumor", "viable": "Viable", "NON VIABLE TUMOUR": "Non-Viable-Tumor"}


def trial(seed: int, folder: Path) -> None:
    """One hostile table, cohort or folder of the seed."""
    rng = random.Random(seed)
    kinds = (_table, _stored, _label_file, _class_folders, _parts, _json)
    kinds[seed % len(kinds)](rng, folder)


def _name(rng: random.Random) -> str:
    if rng.random() < 0.7:
        return rng.choice(NAMES)
    return "".join(
        rng.choice("aB0 é\u0301ñ,;\t\"'\\|=@\u202e\ufeff中") for _ in range(rng.randint(1, 12))
    )


def is_sentence(error: OsteoError) -> None:
    assert str(error), "an empty sentence"
    assert len(str(error)) < 5_000, f"a sentence of {len(str(error))} characters"


def _mutated(rng: random.Random, data: bytes) -> bytes:
    at = rng.randrange(len(data) + 1)
    return rng.choice(
        (
            lambda: data[:at],
            lambda: data[:at] + bytes([rng.randrange(256)]) + data[at:],
            lambda: data[:at] + b"\0" + data[at:],
            lambda: data[:at] + b'"' + data[at:],
            lambda: data[:at] + b",x" + data[at:],
            lambda: data[:at] + b"x" * 40_000 + data[at:],
            lambda: data[at:],
            lambda: data + data,
            lambda: data.replace(b",", rng.choice((b";", b",,", b"\t", b""))),
            lambda: data.replace(b"\n", b"\r\n"),
            lambda: b"\xff\xfe" + data,
        )
    )()


def _table(rng: random.Random, folder: Path) -> None:
    """What a spreadsheet writes is read as it was, with every encoding and separator."""
    header = ["name", "label", "p"]
    rows = [[_name(rng), _name(rng), repr(rng.random())] for _ in range(rng.randint(0, 8))]
    stream = io.StringIO(newline="")
    separator = rng.choice(",;\t|")
    end = rng.choice(("\n", "\r\n"))
    csv.writer(stream, delimiter=separator, lineterminator=end).writerows([header, *rows])
    encoding = rng.choice(ENCODINGS)
    try:
        data = stream.getvalue().encode(encoding)
    except UnicodeEncodeError:
        encoding, data = "utf-8", stream.getvalue().encode()
    file = folder / "t.csv"
    file.write_bytes(data)
    found = read_table(file, columns=header, numbers=["p"], sniff=True)
    assert found["p"].tolist() == [float(row[2]) for row in rows]
    for column in (0, 1):
        wanted = [tidy(row[column]) for row in rows]
        assert found[header[column]].tolist() == wanted, (wanted, found[header[column]].tolist())
    file.write_bytes(_mutated(rng, data))
    for sniff in (True, False):
        try:
            found = read_table(file, columns=["label"], numbers=["p"], sniff=sniff)
        except OsteoError as error:
            is_sentence(error)
        else:
            assert np.isfinite(found["p"].to_numpy()).all()
            assert all(isinstance(cell, str) for cell in found["label"])


def _tiles(rng: random.Random) -> list[CohortTile]:
    labels = [tidy(_name(rng)) or "x" for _ in range(rng.randint(1, 4))]
    return [
        CohortTile(
            f"{_name(rng)}{i}.png",
            rng.choice(labels),
            tidy(_name(rng)),
            tidy(_name(rng)),
            rng.choice((None, 0, rng.randrange(10**9))),
            rng.choice((None, 7)),
            f"{i:064x}",
            rng.choice((*PARTS, "")),
            _name(rng),
        )
        for i in range(rng.randint(3, 12))
    ]


def _stored(rng: random.Random, folder: Path) -> None:
    """A cohort is read as it was written, or refused; never another one."""
    tiles = tuple(_tiles(rng))
    classes = ordered_classes(tile.label for tile in tiles)
    cohort = Cohort(folder / "c", folder, tiles, SplitProtocol(), classes)
    write_cohort(cohort)
    again = read_cohort(cohort.folder)
    assert again.tiles == tiles
    assert again.classes == classes
    assert again.digest == cohort.digest
    assert again.frame()["label"].tolist() == [tile.label for tile in tiles]
    file = cohort.folder / rng.choice(("cohort.csv", "cohort.json"))
    file.write_bytes(_mutated(rng, file.read_bytes()))
    try:
        again = read_cohort(cohort.folder)
    except OsteoError as error:
        is_sentence(error)
        return
    told = [(tile.sha256, tile.label, tile.split) for tile in again.tiles]
    assert sorted(told) == sorted((tile.sha256, tile.label, tile.split) for tile in tiles)
    for tile in again.tiles:
        try:
            again.load(tile)
        except OsteoError as error:
            is_sentence(error)


def picture(rng: random.Random, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(rng.randrange(2**32)).integers(0, 255, (32, 32, 3), np.uint8)
    Image.fromarray(pixels).save(path, "PNG")


def _label_file(rng: random.Random, folder: Path) -> None:
    """Every row of a label file finds its picture and gives it its class, however it is written."""
    src, n = folder / "src", rng.randint(3, 7)
    accent = rng.choice(("", "é"))
    rows, wanted = [], Counter[str]()
    for i in range(n):
        name = f"Case-{i % 2}-B{accent}{i}-{i * 10}-{i}.png"
        picture(rng, src / unicodedata.normalize(rng.choice(("NFC", "NFD")), name))
        text = rng.choice(list(KNOWN))
        wanted[KNOWN[text]] += 1
        row = [rng.choice((name, name.replace("Case-", "Case "), f"set1/{name}")), text]
        rows.append(row)
    index = rng.random() < 0.3
    header = [["image.name", "classification"]] if rng.random() < 0.6 else []
    if rng.random() < 0.3:
        rows, header = [row[::-1] for row in rows], [row[::-1] for row in header]
    if index:
        rows = [[str(i), *row] for i, row in enumerate(rows)]
        header = [["", *row] for row in header]
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=rng.choice(",;\t|")).writerows([*header, *rows])
    table = src / "PathologistValidation.csv"
    data = stream.getvalue().encode(rng.choice(ENCODINGS))
    table.write_bytes(data)
    found = import_cohort(src, folder / "c", split="tile")
    assert Counter(tile.label for tile in found.cohort.tiles) == wanted, found.text()
    assert read_cohort(folder / "c").tiles == found.cohort.tiles
    table.write_bytes(_mutated(rng, data))
    try:
        found = import_cohort(src, folder / "c", split="tile")
    except OsteoError as error:
        is_sentence(error)
    else:
        told = found.matched + len(found.unlabelled) + len(found.skipped)
        assert told >= n, "a picture is neither taken nor told"


def _class_folders(rng: random.Random, folder: Path) -> None:
    """Each picture has the class of its folder, spellings joined, and none is lost."""
    src = folder / "src"
    names = {name for _ in range(rng.randint(1, 5)) if "/" not in (name := _name(rng))}
    names.discard(".")
    counts: Counter[str] = Counter()
    for name in names:
        for i in range(rng.randint(1, 3)):
            picture(rng, src / name / f"{i}.png")
            counts[name] += 1
    if rng.random() < 0.3 and names:
        os.mkfifo(src / min(names) / "pipe.png")
    case_matters = rng.random() < 0.3
    try:
        found = import_cohort(
            src, folder / "c", split=rng.choice((None, "tile")), case_matters=case_matters
        )
    except OsteoError as error:
        is_sentence(error)
        return
    n = sum(counts.values())
    told = found.matched + len(found.unlabelled) + len(found.skipped)
    assert told >= n, found.text()
    meant = one_spelling(counts, case_matters=case_matters)
    for tile in found.cohort.tiles:
        written = tile.file.split("/")[0]
        if written != tile.original_label:
            continue  # a layout of parts
        assert tile.label in (meant[written], "Viable", "Non-Tumor"), (tile, meant)
        assert tile.label == tidy(tile.label)
    parts = Counter(tile.split for tile in found.cohort.tiles)
    assert all(parts[part] for part in PARTS), parts
    assert read_cohort(folder / "c").tiles == found.cohort.tiles


def _parts(rng: random.Random, folder: Path) -> None:
    """The split of the folders is kept, and a new one has no part that is empty for nothing."""
    spelled = {
        "train": ("train", "Training", "TRAIN_SET"),
        "validation": ("val", "valid", "Validation data"),
        "test": ("test", "Testing", "TEST"),
    }
    src, top = folder / "src", rng.choice(("", "data/", "a/b/"))
    there = ["train", *rng.sample(["validation", "test"], rng.randint(1, 2))]
    classes = rng.sample(["ADI", "LYM", "0", "NA", "Viable"], rng.randint(1, 3))
    wanted = {}
    for part in there:
        spelling = rng.choice(spelled[part])
        for name in classes:
            for i in range(rng.randint(2, 4)):
                file = f"{top}{spelling}/{name}/{i}.png"
                picture(rng, src / file)
                wanted[file] = (name, part)
    found = import_cohort(src, folder / "c")
    assert found.matched == len(wanted)
    for tile in found.cohort.tiles:
        name, part = wanted[tile.file]
        assert tile.label == name
        assert tile.split == part or (part == "train" and tile.split not in there), tile
    assert {tile.split for tile in found.cohort.tiles} == set(PARTS)
    kind = rng.choice(("slide", "case", "tile"))
    groups = {"slide": "slide", "case": "case", "tile": "sha256"}[kind]
    tiles = _tiles(rng)
    try:
        parts = split_tiles(tiles, SplitProtocol(kind, seed=rng.randrange(99)))
    except OsteoError as error:
        is_sentence(error)
        assert len({getattr(tile, groups) for tile in tiles}) < 3
    else:
        assert set(parts) == set(PARTS)


def _json(rng: random.Random, folder: Path) -> None:
    """JSON of any depth and damage is an object or a sentence."""
    depth = rng.choice((1, 50, 99, 101, 5_000, 300_000))
    opening, closing = rng.choice((("[", "]"), ('{"a":', "}")))
    data = (
        f'{{"a": {opening * depth}1{closing * rng.choice((depth, 0))}, "b": "{_json_text(rng)}"}}'
    )
    for given in (data.encode(), _mutated(rng, data.encode()), codecs.BOM_UTF8 + data.encode()):
        try:
            assert isinstance(parse_json(given, "card.json"), dict)
        except OsteoError as error:
            is_sentence(error)


def _json_text(rng: random.Random) -> str:
    return json.dumps(_name(rng) + rng.choice(("", "\ud800", "[" * 300, '\\"')))[1:-1]
