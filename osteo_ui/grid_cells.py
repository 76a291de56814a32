"""The cells of the heat-map grid: what each is asked, what is at hand, what the rest costs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from osteo_core.errors import OsteoError
from osteo_core.explain import Method, Question
from osteo_core.tiles import Tile
from osteo_ui import heat_services, jobs, services, state

if TYPE_CHECKING:
    from osteo_core.engine import Engine
    from osteo_core.grades import Grade, GradeSettings
    from osteo_core.heatmap import HeatMap

AT_ONCE = 0.3  # forward passes: the CAMs of a deep layer, a whole grid of them within a click
AUTO_S = 60.0  # what takes longer is told first and begun by a click
_WANTED = "osteo.grid.wanted"
_STOPPED = "osteo.grid.stopped"
_REMEMBERED = 1000


@dataclass(frozen=True, eq=False)
class Column:
    """A column of the grid.

    Attributes:
        title: Its heading.
        engine: The network.
        layer: Of all its maps; "" for what each method starts with.
        deep: Of the CAMs, where `layer` leaves it open; "" for what each starts with.
        target: The class; "" for the predicted one.
        versus: The class that it is held against; "" for none.
    """

    title: str
    engine: "Engine"
    layer: str
    deep: str
    target: str
    versus: str


@dataclass(frozen=True, eq=False)
class Cell:
    """A map of the grid.

    Attributes:
        method: Its row.
        column: Its column.
        tile: Of what.
        question: What it answers.
        problem: Why there can be no such map; "" where there can.
    """

    method: Method
    column: Column
    tile: Tile
    question: Question
    problem: str = ""

    @property
    def engine(self) -> "Engine":
        """The network."""
        return self.column.engine

    @property
    def key(self) -> str:
        """Name of the map's job."""
        q = self.question
        asked = (self.method.name, q.layer, q.target, q.against, q.parameters)
        return heat_services.heat_key(self.engine, self.tile.sha256, *asked)

    @property
    def group(self) -> tuple[str, str, str | None]:
        """Cells of one group share the better part of what grading costs."""
        return self.engine.digest, self.question.target, self.question.against


@dataclass(frozen=True)
class Task:
    """A job that is still to be done.

    Attributes:
        key: Its name; "" for the grade of a map that is not there yet.
        seconds: What it takes here, as estimated.
    """

    key: str
    seconds: float


@dataclass(eq=False)
class Found:
    """What there is of a cell.

    Attributes:
        cell: Which.
        ident: Name of the map and of how it is graded.
        heat: Its map.
        grade: The map's grade.
        job: How the map's job is, or else the grade's.
        problem: Why it cannot be had; "" otherwise.
        tasks: What is still to be done.
        total: Seconds for all of it, what is done included.
        active: Whether it is to be computed now.
    """

    cell: Cell
    ident: str
    heat: "HeatMap | None" = None
    grade: "Grade | None" = None
    job: jobs.JobState | None = None
    problem: str = ""
    tasks: tuple[Task, ...] = ()
    total: float = 0.0
    active: bool = False

    @property
    def left(self) -> float:
        """Seconds still to go, were nothing under way."""
        return sum(task.seconds for task in self.tasks)


def cells(methods: Sequence[Method], columns: Sequence[Column], tile: Tile) -> list[list[Cell]]:
    """Return the grid, row by row."""
    texts = state.selection().method_settings
    return [
        [
            _cell(method, column, tile, heat_services.settings_of(method, texts))
            for column in columns
        ]
        for method in methods
    ]


def _cell(method: Method, column: Column, tile: Tile, parameters: Mapping) -> Cell:
    classes = column.engine.classes
    target = column.target if column.target in classes else predicted(column.engine, tile)
    against = column.versus if column.versus in classes else None
    against = None if against == target else against
    deep = "" if method.at_input else column.deep
    layer, problem = column.layer or deep, ""
    try:
        layer = layer or method.default_layer(column.engine)
        layer = method.check_layer(column.engine, layer)
    except OsteoError:
        problem = f"{method.title} needs a layer with maps; it cannot be asked about the input."
    return Cell(method, column, tile, Question(layer, target, against, parameters), problem)


def predicted(engine: "Engine", tile: Tile) -> str:
    """Return the class predicted for a tile; known already, it waits for no job's step."""
    return _predicted(engine.digest, tile.sha256, engine, tile)


@st.cache_data(max_entries=256, show_spinner=False)
def _predicted(bundle: str, sha256: str, _engine: "Engine", _tile: Tile) -> str:
    return services.reading(_engine, _tile).predicted


def look(grid: Sequence[Sequence[Cell]], settings: "GradeSettings") -> list[list[Found]]:
    """Return what there is of each cell. Compute what is quick, ask for what is wanted.

    Wanted are cells for which somebody has pressed the button, and all of them where what is to
    be done takes at most `AUTO_S`.
    """
    found = [[_at_hand(cell, settings) for cell in row] for row in grid]
    flat = [one for row in found for one in row if not one.problem]
    _add_costs(flat, settings)
    idle = [one for one in flat if one.tasks and one.ident not in _wanted()]
    if sum(one.left for one in idle) <= AUTO_S and _stopped().isdisjoint(one.ident for one in idle):
        _wanted().update((one.ident, None) for one in idle)
    for one in flat:
        one.active = bool(one.tasks) and one.ident in _wanted()
    _ask([one for one in flat if one.active], settings)
    return found


def _at_hand(cell: Cell, settings: "GradeSettings") -> Found:
    found = Found(cell, f"{cell.key}|{settings!r}", problem=cell.problem)
    if found.problem:
        return found
    found.job = jobs.look(cell.key)
    try:
        if found.job and found.job.status == "done":
            found.heat = found.job.result
        elif cell.method.cost(cell.engine, cell.question) <= AT_ONCE:
            found.heat = heat_services.heat_now(
                cell.engine, cell.tile, cell.method.name, cell.question
            )
    except OsteoError as error:
        found.problem = str(error)
    if found.heat is not None:
        found.job = jobs.look(heat_services.grade_key(found.heat, settings))
        found.grade = found.job.result if found.job and found.job.status == "done" else None
    if found.job and found.job.status == "failed":
        found.problem = str(found.job.problem)
    return found


def _add_costs(flat: Sequence[Found], settings: "GradeSettings") -> None:
    """Note what each cell takes; what a group shares is counted with its first cell."""
    from osteo_core.grades import grade_cost

    shared = {one.cell.group for one in flat if one.grade is not None}
    for one in flat:
        if one.problem:
            continue
        cell = one.cell
        done = cell.group in shared
        shared.add(cell.group)
        mapping = heat_services.seconds(cell.engine, cell.method.cost(cell.engine, cell.question))
        cost = grade_cost(cell.engine, cell.method, settings, done, cell.question)
        grading = heat_services.seconds(cell.engine, cost)
        one.total = mapping + grading
        if one.heat is None:
            one.tasks = (Task(cell.key, mapping), Task("", grading))
        elif one.grade is None:
            one.tasks = (Task(heat_services.grade_key(one.heat, settings), grading),)


def _ask(active: Sequence[Found], settings: "GradeSettings") -> None:
    """Ask for grades of maps that are there, column by column, then for maps, quick ones first."""
    for one in sorted(active, key=lambda one: one.cell.group[:2]):
        if one.heat is not None:
            cell = one.cell
            one.job = heat_services.grade_job(cell.engine, cell.tile, one.heat, settings)
    for one in sorted(active, key=lambda one: one.left):
        if one.heat is None:
            cell, q = one.cell, one.cell.question
            asked = (cell.method.name, q.layer, q.target, q.against, q.parameters)
            one.job = heat_services.heat_job(cell.engine, cell.tile, *asked)


def want(idents: Sequence[str], keys: Sequence[str]) -> None:
    """Compute these cells, and begin their jobs anew. For callbacks."""
    wanted = _wanted()
    wanted.update(dict.fromkeys(idents))
    _stopped().difference_update(idents)
    for old in list(wanted)[:-_REMEMBERED]:
        del wanted[old]
    jobs.start(*keys)


def stop(idents: Sequence[str], keys: Sequence[str]) -> None:
    """Stop computing these cells. For callbacks."""
    for ident in idents:
        _wanted().pop(ident, None)
    _stopped().update(idents)
    jobs.stop(*keys)


def _wanted() -> dict[str, None]:
    kept: dict[str, None] = st.session_state.setdefault(_WANTED, {})
    return kept


def _stopped() -> set[str]:
    kept: set[str] = st.session_state.setdefault(_STOPPED, set())
    return kept
