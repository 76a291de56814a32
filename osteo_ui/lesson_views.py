"""The parts of the lesson page: two networks at one tile, their maps with grades, the answer."""

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from osteo_core import pictures
from osteo_core.explain import find_method, methods
from osteo_core.grades import GradeSettings, relevance_mass
from osteo_core.heatmap import HeatMap
from osteo_core.lessons import shortcut
from osteo_core.lessons.shortcut import LessonTile, Which
from osteo_ui import drawn, heat_badges, heat_services, jobs, saving, services, widgets, words
from osteo_ui.markdown import Markdown, bullets, md

if TYPE_CHECKING:
    from osteo_core.engine import Engine
    from osteo_core.grades import Grade
    from osteo_core.lessons.shortcut import Evidence, Outcome

NAMES: dict[Which, str] = {"shortcut": "Network A", "honest": "Network B"}
TILES = 8
OFFERED = ("gradcam", "hirescam", "eigencam", "gradient_x_input", "integrated_gradients")
SETTINGS = GradeSettings()
COLOURS = "magma"  # the ink is green, as viridis is


@st.cache_resource(show_spinner=False)
def engine(which: Which) -> "Engine":
    """Open one of the two networks, once for all sessions."""
    return shortcut.network(which)


@st.cache_data(show_spinner=False)
def outcome(which: Which) -> "Outcome":
    """Put a network to the test, once."""
    return shortcut.outcome(engine(which))


@st.cache_data(show_spinner=False)
def evidence(which: Which, method: str) -> "Evidence":
    """Look at a network's maps of tiles with ink, once a method."""
    return shortcut.evidence(engine(which), method, TILES)


@st.cache_resource(show_spinner=False)
def tiles() -> tuple[tuple[LessonTile, LessonTile], ...]:
    """The lesson's tiles, bare and marked."""
    return tuple(shortcut.held_out_tiles(TILES))


def choose() -> tuple[LessonTile, str]:
    """Draw the choice of a tile, with the mark or without it, and of a method."""
    pairs = tiles()
    titles = [f"{number}, {bare.tissue} tissue" for number, (bare, _) in enumerate(pairs, 1)]
    offered = [name for name in methods() if name in OFFERED]
    title = {name: find_method(name).title for name in offered}
    with st.container(horizontal=True, gap="medium"):
        number = st.selectbox(
            "Tile", range(TILES), 1, format_func=titles.__getitem__, key="l.tile", width=210
        )
        marked = st.segmented_control(
            "Green ink", ["Without", "With"], default="Without", required=True, key="l.ink"
        )
        method = st.selectbox("Method", offered, format_func=title.get, key="l.method", width=210)
    return pairs[number][marked == "With"], method


def ask(which: Which, shown: LessonTile, method: str) -> tuple[HeatMap, jobs.JobState, str]:
    """Return a network's map for the class it calls, its grade's job and that job's key."""
    of = engine(which)
    reading = services.reading(of, shown.tile)
    found = find_method(method)
    layer = found.default_layer(of)
    heat = services.heat_map(reading, layer, reading.predicted, method, None, found.settings({}))
    state = heat_services.grade_job(of, shown.tile, heat, SETTINGS, shown.mask)
    return heat, state, heat_services.grade_key(heat, SETTINGS, shown.mask)


def network(which: Which, shown: LessonTile, heat: HeatMap, grade: "Grade | None") -> None:
    """Draw one network's call, its map and how far the map can be trusted."""
    st.subheader(NAMES[which], anchor=False)
    right = heat.target == shown.tissue
    verdict = (
        md(":green-badge[:material/check: Right]")
        if right
        else md(":red-badge[:material/close: Wrong]")
    )
    st.markdown(md("Calls it **{}**, {:.1%} {}", heat.target, heat.target_probability, verdict))
    high = float(abs(heat.values).max() if heat.signed else heat.values.max())
    colours = "blue-red" if heat.signed else COLOURS
    faded = heat_badges.demoted(grade)
    png = drawn.heat_png(heat, shown.tile, colours, 0.5, high, faded=faded)
    title = find_method(heat.method).title
    alt = f"{title} of {NAMES[which]} for {heat.target} over {shown.tile.name}"
    st.image(png, width="stretch", alt=f"{alt}, drawn pale: it failed" if faded else alt)
    heat_badges.strip(grade)
    widgets.legend(colours, -high if heat.signed else 0.0, high)
    _share(shown, heat)
    if grade is None:
        st.markdown(heat_badges.pending())
    else:
        heat_badges.badge(grade, reason=not grade.criteria)
        heat_badges.criteria(grade)
    name = saving.file_stem(NAMES[which], shown.tile.name.removesuffix(".png"), heat.method)
    saving.downloads(name, png, partial(pictures.float_download, heat.values, heat.meta()))


def _share(shown: LessonTile, heat: HeatMap) -> None:
    if heat.empty_reason:
        st.caption(heat.empty_reason)
        return
    mass, area = relevance_mass(heat.values, shown.mask), shown.mask.mean()
    where = "on the ink" if shown.marked else "where the ink would be"
    st.markdown(
        md(
            "**{:.0%}** of the map's positive part lies {}, which covers {:.0%} of "
            "the tile: {} times its share.",
            mass,
            where,
            area,
            words.number(mass / area),
        )
    )


def lesson(
    found: "Mapping[Which, Outcome]", maps: "Mapping[Which, Evidence]", method: str
) -> Markdown:
    """Return what the figures show; every sentence that they could contradict is made of them."""
    first = found["shortcut"]
    lines = [
        md(
            "A test set with the same ink as the training set would give Network A {:.0%}; on "
            "tiles without ink it calls {:.0%} rightly.",
            first.helped,
            first.bare,
        ),
        *(_maps(NAMES[which], one, method) for which, one in maps.items()),
        "A map that passes tells what the network goes by, not that the network is right.",
        "A map that points beside the tissue is a reason to look at the data, not to choose "
        "another method.",
        "Slides carry real shortcuts: ink, folds, the stain of one laboratory, the scanner of one "
        "ward.",
    ]
    return bullets(lines)


def _maps(name: str, seen: "Evidence", method: str) -> Markdown:
    """Return what a network's maps of tiles with ink say."""
    title = find_method(method).title
    told = md(
        "{} of the {} maps that can be judged are better than random maps", seen.better, seen.told
    )
    return md(
        "{}, on {} tiles with ink: {} of its calls change when the ink is taken away; of the "
        "positive part of its maps ({}) {:.0%} lies on the ink, which covers {:.0%} of the "
        "tile; {}.",
        name,
        seen.tiles,
        seen.changed,
        title,
        seen.on_mark,
        seen.area,
        told if seen.told else "the probability never moves, so the maps cannot be judged",
    )


def answer(method: str) -> None:
    """Draw what was planted, and the figures that show it."""
    st.markdown(
        md(
            "Both networks were trained on {} synthetic tiles of two classes. For **Network A** "
            "every tile called Viable bore a ring of green ink and no other tile did, while the "
            "tissue fitted the label only three times out of four. It learned the ink. For "
            "**Network B** the ink lay on tiles of either class, and the tissue always fitted. It "
            "learned the tissue.",
            shortcut.TRAINED,
        )
    )
    found: dict[Which, Outcome] = {which: outcome(which) for which in NAMES}
    rows = {
        "Ink as in training: on Viable tiles only": "helped",
        "No ink": "bare",
        "Ink on Non-Tumor tiles only": "misled",
    }
    table = {
        NAMES[which]: [f"{getattr(got, field):.0%}" for field in rows.values()]
        for which, got in found.items()
    }
    st.table(pd.DataFrame(table, index=list(rows)).rename_axis("Tissue called rightly"))
    st.markdown(lesson(found, {which: evidence(which, method) for which in NAMES}, method))
    st.caption(f"Figures of {found['honest'].tiles} tiles that neither network was trained on.")
