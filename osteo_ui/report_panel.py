"""The Report button that every page has: what is on view, as one HTML file that needs nothing else.

The work is a job: it goes on while other pages are looked at.
"""

import hashlib
from collections.abc import Generator
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from osteo_core.bundles import Bundle
from osteo_core.cohorts.table import Cohort
from osteo_core.errors import OsteoError
from osteo_ui import heat_services, jobs, progress, saving, services, sources, state
from osteo_ui.markdown import md
from osteo_ui.selection import Selection

if TYPE_CHECKING:
    from osteo_core.grades import Grade
    from osteo_core.heatmap import HeatMap
    from osteo_core.report import Report
    from osteo_core.tiles import Tile

_ASKED = "osteo.report.asked"  # the key of the report that this session asked for last
_SLOW = ("scorecam", "smoothgrad", "integrated_gradients", "occlusion", "rise")
PICTURES = 12


def draw() -> None:
    """Draw the button, then how far the report is, then its download."""
    now = state.selection()
    bundles = tuple(b for name in now.models if (b := services.bundle(name)) is not None)
    if not bundles:
        return
    cohort = _cohort(now.cohort)
    key = _key(now, bundles, cohort)
    found = jobs.look(key)
    if st.session_state.get(_ASKED) == key and (found is None or found.status != "failed"):
        found = jobs.ask(key, lambda: _steps(now, bundles, cohort))
    if found is None or found.status in ("stopped", "failed"):
        _offer(key, found.problem if found else None)
    elif found.unfinished:
        progress.bar([key], "Report")
    else:
        _download(found.result, saving.file_stem("report", *now.models, now.part))


def _offer(key: str, problem: str | None) -> None:
    if problem:
        st.error(problem)
    st.button(
        "Make a report",
        key="report.make",
        icon=":material/description:",
        on_click=_ask,
        args=(key,),
        width="stretch",
        help="One HTML file of these networks: scores with intervals, comparison, protocol, the "
        "tiles on view with their maps; with a cohort also its audit and telling tiles.",
    )


def _ask(key: str) -> None:
    last = st.session_state.get(_ASKED)
    if last is not None and last != key:
        jobs.forget(last)  # a report is megabytes: one a session is kept
    st.session_state[_ASKED] = key
    jobs.start(key)


def _download(made: "Report", stem: str) -> None:
    st.download_button(
        f"Report, {len(made.html) / 1e6:.1f} MB",
        made.html.encode,
        f"{stem}.html",
        "text/html",
        key="report.download",
        icon=":material/download:",
        on_click="ignore",
        width="stretch",
        help="Opens in any browser, without a network. It may hold pictures of your tiles: share "
        "it only as you may share them.",
    )
    for problem in made.problems:
        st.caption(md(":material/info: {}", problem))


def _steps(
    now: Selection, bundles: tuple[Bundle, ...], cohort: Cohort | None
) -> Generator[float, None, "Report"]:
    from osteo_core.report import Request, Wanted, report_steps

    request = Request(
        bundles,
        now.part,
        cohort,
        on_view=tuple(
            Wanted(item.entry.title, "On view.", item.entry.label, partial(_same, item.tile))
            for item in sources.shown(now)
            if item.tile is not None
        ),
        method="gradcam" if now.method in _SLOW else now.method,
        layer=now.layer,
        target=now.target,
        pictures=PICTURES,
        fresh=False,
        opener=services.engine,
        known_grade=partial(_known_grade, now.baseline),
    )
    return report_steps(request)


def _same(tile: "Tile") -> "Tile":
    return tile


def _cohort(folder: str) -> Cohort | None:
    try:
        return sources.cohort(folder) if folder else None
    except OsteoError:  # the sidebar says why
        return None


def _known_grade(baseline: str, heat: "HeatMap") -> "Grade | None":
    """The grade of a map, where it was graded on another page."""
    from osteo_core.grades import GradeSettings

    settings = GradeSettings(baseline=baseline)  # type: ignore[arg-type]
    found = jobs.look(heat_services.grade_key(heat, settings))
    return found.result if found is not None and found.status == "done" else None


def _key(now: Selection, bundles: tuple[Bundle, ...], cohort: Cohort | None) -> str:
    parts = [
        *(bundle.digest for bundle in bundles),
        now.part,
        sources.cohort_digest(now.cohort) if cohort else "",
        *(ref.encode() for ref in now.tiles),
        now.method,
        now.layer,
        now.target,
    ]
    return "report|" + hashlib.sha256("\n".join(parts).encode()).hexdigest()
