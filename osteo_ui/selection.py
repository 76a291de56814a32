"""What is looked at, as one value, and its form in a link. Pure: knows nothing of Streamlit."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

from osteo_ui.markdown import code, md

MAX_MODELS = 4
MAX_TILES = 4
MAX_OFF = 32  # units switched off together
MAX_SETTINGS = 24  # of methods, all together
MAX_ROWS = 13  # methods in the grid
MAX_COLUMNS = 6  # layers in the grid
MAX_MARKS = 60  # bookmarks; a link of them stays below 4,000 characters
MAX_CLASSES = 100  # with a threshold or a cost of their own
MAX_MIXED = 5  # networks put together
SHOWN = 40  # characters of a bad value that are told
SHORT_ID = 12  # characters of a SHA-256 that stand for it in a link

# A name is whatever a folder, layer or class is called: only looked up in a list, and escaped.
_NAME = re.compile(r"(?=\s*\S)[^\0]{1,255}")
_MODEL = re.compile(r"(?!\.{1,2}\Z)(?=\s*\S)[^\0/]{1,255}")
_METHOD = re.compile(r"[a-z][\w-]{0,39}", re.ASCII)
_TITLE = re.compile(r"\w[\w .+-]{0,79}")
_SHA = re.compile(rf"[0-9a-f]{{{SHORT_ID}}}")
_UNIT = re.compile(r"[^\0]{1,255}:\d{1,5}", re.ASCII)
_SETTING = re.compile(r"[a-z]\w{0,39}\.[a-z]\w{0,39}:[\w.+-]{1,40}")
_PLACE = re.compile(r"(?:\d{1,3}|1000),(?:\d{1,3}|1000)", re.ASCII)
_PAIR = re.compile(r"\d{1,3},\d{1,3}", re.ASCII)
_CELL = re.compile(r"\d{1,3},\d{1,3}|first|second|neither", re.ASCII)
_OF_CLASS = re.compile(r"[^\0]{1,255}:\d{1,3}", re.ASCII)
_BAD_PATH = re.compile(r"[\x00-\x1f]|^[\\/]{2}")  # control characters; network shares


@dataclass(frozen=True)
class TileRef:
    """A tile by address: an example's name, or the first characters of a file's SHA-256."""

    source: str  # "example", "upload" or "cohort"
    ident: str
    # An upload's file name, so that a link can ask for it again; the file is known by its SHA-256.
    name: str = field(default="", compare=False)

    def encode(self) -> str:
        """Return the address as it stands in a link."""
        tail = f":{self.name[:80]}" if self.source == "upload" and self.name else ""
        return f"{self.source}:{self.ident}{tail}"


def decode_tile(text: str) -> TileRef:
    """Read a tile's address.

    Raises:
        ValueError: If the text is not an address.
    """
    source, _, rest = text.partition(":")
    ident, _, name = rest.partition(":")
    pattern = {"example": _TITLE, "upload": _SHA, "cohort": _SHA}.get(source)
    if pattern is None or not pattern.fullmatch(ident):
        raise ValueError("an example, upload or cohort tile")
    return TileRef(source, ident, name[:80])


@dataclass(frozen=True)
class Selection:
    """What is looked at, and how. Empty text means: whatever the network's own default is."""

    models: tuple[str, ...] = ()
    tiles: tuple[TileRef, ...] = ()
    source: str = "example"
    cohort: str = ""
    layer: str = ""
    unit: int = -1  # -1: the strongest
    dense: str = ""
    target: str = ""  # "": the class predicted for each tile
    order: str = "index"
    map_colours: str = "grey"
    map_scale: str = "map"
    sort: str = "index"
    series: str = "tiles"
    opacity: int = 50  # per cent
    heat_colours: str = "viridis"
    heat_scale: str = "tile"
    part: str = "test"
    per_class: int = 30  # tiles of each class behind a class mean; 0: all
    place: str = ""  # a place in the first tile: x, y in thousandths of its width and height
    off: tuple[str, ...] = ()  # units switched off, each "layer:index"
    instead: str = "zero"  # what they are held at: nothing, a class mean, another tile's values
    mean_class: str = ""
    donor: TileRef | None = None  # the other tile
    best: str = "maximum"  # what makes a tile one that drives a unit most
    panel: str = "partners"  # what stands below a unit's card
    marks: tuple[str, ...] = ()  # bookmarked units, each "layer:index"
    find: str = "selectivity"  # what units are looked for by
    find_layer: str = ""  # in one layer; "": in all
    against: str = ""  # the class that a class is held against
    method: str = "gradcam"  # how heat maps are made
    versus: str = ""  # the class that a heat map holds its class against
    signed_colours: str = "blue-red"  # of maps that have both signs
    method_settings: tuple[str, ...] = ()  # each "method.setting:value"
    baseline: str = "blur"  # what takes the place of the tile in the curves of a grade
    outline: int = 1  # whether a mask is drawn over its map
    heat_panel: str = "none"  # what stands below the heat maps
    grid_by: str = "classes"  # what the columns of the grid are
    grid_methods: tuple[str, ...] = ()  # its rows
    grid_layers: tuple[str, ...] = ()  # its columns, where they are layers
    rule: str = "top"  # how a class is called from probabilities
    thresholds: tuple[str, ...] = ()  # each "class:per cent"
    costs: tuple[str, ...] = ()  # of missing a class, each "class:number"
    gate: int = 50  # per cent of tumour from which two stages ask which
    refer_below: int = 60  # per cent of the highest probability below which a person is asked
    refer_viable: int = 20  # per cent of Viable above which Non-Tumor goes to a person
    calibrated: int = 1
    target_error: int = 3  # per cent of error that a chosen limit may leave
    mix: str = "none"  # how networks are put together on the page Decisions
    mixed: tuple[str, ...] = ()  # which
    meter_by: str = "slide"
    meter_of: str = ""  # the slide or case on the necrosis meter
    audit_panel: str = "findings"  # of the page Cohort
    pairs_of: str = "leaks"  # which pairs of tiles it lists
    map_slide: str = ""  # the slide on its map; "": the one with most tiles
    map_by: str = "label"  # what colours the map
    pair: str = ""  # of several networks, the two that are set against each other: numbers "0,2"
    calls_of: str = ""  # true class of the tiles in the matrix of calls; "": any
    calls_cell: str = ""  # the cell that is open: numbers "row,column", or who is right
    confusion_cell: str = ""  # the open cell of the confusion matrix: numbers "row,column"
    point: int = 50  # per cent of probability from which a class is called so


class _Field(NamedTuple):
    url: str
    parse: Callable[[str], Any]
    expected: str


def _choice(*allowed: str) -> tuple[Callable[[str], str], str]:
    def parse(text: str) -> str:
        if text not in allowed:
            raise ValueError
        return text

    return parse, "one of " + ", ".join(allowed)


def _matching(pattern: re.Pattern[str], expected: str) -> tuple[Callable[[str], str], str]:
    def parse(text: str) -> str:
        if not pattern.fullmatch(text):
            raise ValueError
        return text

    return parse, expected


def _number(low: int, high: int) -> tuple[Callable[[str], int], str]:
    def parse(text: str) -> int:
        if not re.fullmatch("[0-9]{1,9}", text) or not low <= int(text) <= high:
            raise ValueError
        return int(text)

    return parse, f"a whole number from {low} to {high}"


def _path(text: str) -> str:
    if len(text) > 1024 or _BAD_PATH.search(text):
        raise ValueError
    return text


SEQUENTIAL = ("grey", "viridis", "magma", "cividis", "inferno")
DIVERGING = ("blue-red", "purple-orange")
BASELINES = ("blur", "mean", "white")
AUDIT_PANELS = ("findings", "classes", "pairs", "white", "stain", "suspects", "map")
PAIRS_OF = ("leaks", "unnamed", "within", "labels")
_FIELDS: dict[str, _Field] = {
    "models": _Field("model", *_matching(_MODEL, "the name of a network")),
    "tiles": _Field("tile", decode_tile, "example:NAME, upload:ID:FILE or cohort:ID"),
    "source": _Field("source", *_choice("example", "upload", "cohort")),
    "cohort": _Field("cohort", _path, "a folder on this computer"),
    "layer": _Field("layer", *_matching(_NAME, "the name of a layer")),
    "unit": _Field("unit", *_number(0, 65535)),
    "dense": _Field("dense", *_matching(_NAME, "the name of a layer")),
    "target": _Field("class", *_matching(_NAME, "the name of a class")),
    "order": _Field("order", *_choice("index", "mean", "maximum", "contribution")),
    "map_colours": _Field("maps", *_choice(*SEQUENTIAL)),
    "map_scale": _Field("scale", *_choice("map", "layer")),
    "sort": _Field("sort", *_choice("index", "activation", "contribution")),
    "series": _Field("series", *_choice("tiles", "means")),
    "opacity": _Field("opacity", *_number(0, 100)),
    "heat_colours": _Field("heat", *_choice(*SEQUENTIAL)),
    "heat_scale": _Field("heatscale", *_choice("tile", "shared")),
    "part": _Field("part", *_choice("train", "validation", "test")),
    "per_class": _Field("each", *_number(0, 100)),
    "place": _Field("place", *_matching(_PLACE, "two numbers from 0 to 1000, as in 500,250")),
    "off": _Field("off", *_matching(_UNIT, "a unit, as in block5_conv4:17")),
    "instead": _Field("instead", *_choice("zero", "mean", "tile")),
    "mean_class": _Field("meanof", *_matching(_NAME, "the name of a class")),
    "donor": _Field("valuesof", decode_tile, "example:NAME, upload:ID:FILE or cohort:ID"),
    "best": _Field("best", *_choice("maximum", "mean")),
    "panel": _Field("panel", *_choice("partners", "off", "scan", "dream")),
    "marks": _Field("mark", *_matching(_UNIT, "a unit, as in block5_conv4:17")),
    "find": _Field("find", *_choice("selectivity", "activation", "dead", "tiles", "classes")),
    "find_layer": _Field("in", *_matching(_NAME, "the name of a layer")),
    "against": _Field("against", *_matching(_NAME, "the name of a class")),
    "method": _Field("method", *_matching(_METHOD, "the name of a method")),
    "versus": _Field("versus", *_matching(_NAME, "the name of a class")),
    "signed_colours": _Field("signed", *_choice(*DIVERGING)),
    "method_settings": _Field("set", *_matching(_SETTING, "a setting, as in rise.masks:500")),
    "baseline": _Field("baseline", *_choice(*BASELINES)),
    "outline": _Field("outline", *_number(0, 1)),
    "heat_panel": _Field("beside", *_choice("none", "layers")),
    "grid_by": _Field("columns", *_choice("classes", "layers", "models")),
    "grid_methods": _Field("row", *_matching(_METHOD, "the name of a method")),
    "grid_layers": _Field("column", *_matching(_NAME, "the name of a layer")),
    "rule": _Field("call", *_choice("top", "thresholds", "costs", "two-stage")),
    "thresholds": _Field("threshold", *_matching(_OF_CLASS, "a class and per cent, Viable:30")),
    "costs": _Field("cost", *_matching(_OF_CLASS, "a class and a number, as in Viable:5")),
    "gate": _Field("gate", *_number(1, 99)),
    "refer_below": _Field("refer", *_number(0, 100)),
    "refer_viable": _Field("silent", *_number(0, 100)),
    "calibrated": _Field("calibrated", *_number(0, 1)),
    "target_error": _Field("target", *_number(0, 50)),
    "mix": _Field("mix", *_choice("none", "mean", "weighted", "vote", "two-stage")),
    "mixed": _Field("with", *_matching(_MODEL, "the name of a network")),
    "meter_by": _Field("meterby", *_choice("slide", "case")),
    "meter_of": _Field("meter", *_matching(_NAME, "the name of a slide or case")),
    "audit_panel": _Field("audit", *_choice(*AUDIT_PANELS)),
    "pairs_of": _Field("pairs", *_choice(*PAIRS_OF)),
    "map_slide": _Field("slide", *_matching(_NAME, "the name of a slide")),
    "map_by": _Field("shade", *_choice("label", "call", "error", "confidence")),
    "pair": _Field("pair", *_matching(_PAIR, "two numbers, as in 0,1")),
    "calls_of": _Field("of", *_matching(_NAME, "the name of a class")),
    "calls_cell": _Field("cell", *_matching(_CELL, "two numbers, as in 0,1, or who is right")),
    "confusion_cell": _Field("confused", *_matching(_PAIR, "two numbers, as in 0,1")),
    "point": _Field("point", *_number(0, 100)),
}
_LIMITS = {
    "models": MAX_MODELS,
    "tiles": MAX_TILES,
    "off": MAX_OFF,
    "marks": MAX_MARKS,
    "method_settings": MAX_SETTINGS,
    "grid_methods": MAX_ROWS,
    "grid_layers": MAX_COLUMNS,
    "thresholds": MAX_CLASSES,
    "costs": MAX_CLASSES,
    "mixed": MAX_MIXED,
}


def to_query(selection: Selection) -> dict[str, list[str]]:
    """Return the URL parameters of a selection; what stands at its default is left out."""
    query: dict[str, list[str]] = {}
    for part in fields(Selection):
        value = getattr(selection, part.name)
        if value == part.default:
            continue
        values = value if isinstance(value, tuple) else (value,)
        texts = [v.encode() if isinstance(v, TileRef) else str(v) for v in values]
        query[_FIELDS[part.name].url] = [text for text in texts if _can_stand_in_a_link(text)]
    return query


def _can_stand_in_a_link(text: str) -> bool:
    """Say whether a name is text at all: a folder's may be bytes that are none."""
    return not any("\ud800" <= sign <= "\udfff" for sign in text)


def from_query(query: Mapping[str, list[str]]) -> tuple[Selection, list[str]]:
    """Read URL parameters, which anybody may have written.

    Args:
        query: Every value of every parameter.

    Returns:
        The selection, with defaults where a value is bad, and a sentence on each parameter's first
        bad value.
    """
    values: dict[str, Any] = {}
    notices: list[str] = []
    for name, kind in _FIELDS.items():
        good, bad = [], []
        for text in query.get(kind.url, [])[: _LIMITS.get(name, 1)]:
            try:
                good.append(kind.parse(text))
            except ValueError:
                bad.append(text)
        if bad:
            notices.append(_notice(kind, bad[0]))
        if good:
            values[name] = tuple(dict.fromkeys(good)) if name in _LIMITS else good[0]
    return Selection(**values), notices


def _notice(kind: _Field, text: str) -> str:
    shown = code(text if len(text) <= SHOWN else f"{text[:SHOWN]}…") if text else "nothing"
    told = kind.url, kind.expected, shown
    return md("The link's `{}` was expected to be {}. Received: {}.", *told)
