"""The sidebar that every page shares: which network, which tiles, and how to pass the view on."""

import unicodedata
from collections import Counter
from pathlib import Path

import streamlit as st

from osteo_core.bundles import Bundle
from osteo_core.ensemble_bundles import EnsembleBundle
from osteo_core.errors import OsteoError
from osteo_core.tiles import IMAGE_SUFFIXES
from osteo_core.wording import count, how_split
from osteo_ui import report_panel, services, sources, state, uploads
from osteo_ui.markdown import md
from osteo_ui.selection import MAX_TILES, SHOWN, TileRef, decode_tile
from osteo_ui.widgets import bound, key_of, segments, told

SOURCES = {"example": "Gallery", "upload": "Upload", "cohort": "Cohort"}
SUFFIXES = [suffix.removeprefix(".") for suffix in IMAGE_SUFFIXES]


def settle() -> None:
    """Fill what the selection leaves open, drop networks that are not there, write the URL."""
    names = [bundle.name for bundle in services.bundles()]
    listed = {unicodedata.normalize("NFC", name): name for name in names}
    asked = state.selection().models
    found = [n if n in names else listed.get(unicodedata.normalize("NFC", n)) for n in asked]
    for name in (name for name, here in zip(asked, found, strict=True) if here is None):
        state.note(
            md(
                "The link's `model` was expected to be one of the list. Received: `{}`.",
                name[:SHOWN],
            )
        )
    known = tuple(dict.fromkeys(name for name in found if name)) or tuple(names[:1])
    if known != asked:
        state.settle(models=known)
    if state.is_fresh() and not state.selection().tiles:
        first = sources.entries("example")[:1]
        state.settle(tiles=tuple(entry.ref for entry in first))
    if state.is_fresh() and any(ref.source == "upload" for ref in state.selection().tiles):
        state.settle(source="upload")  # the box for the file that the link asks for
    state.write_url()


def draw() -> None:
    """Draw the sidebar."""
    with st.sidebar:
        _network()
        st.subheader("Tiles", anchor=False)
        segments(
            "Source of tiles",
            "source",
            SOURCES,
            label_visibility="collapsed",
            width="stretch",
            wrap=False,
        )
        source = state.selection().source
        if source == "upload":
            _upload_box()
        elif source == "cohort":
            _cohort_box()
        _chosen_tiles()
        st.space("small")
        report_panel.draw()
        st.caption(
            md(":material/link: The address bar holds this view. Copy it to share or cite it.")
        )
        st.caption("For research and teaching, not diagnosis.")


def _network() -> None:
    found = {bundle.name: bundle for bundle in services.bundles()}
    st.subheader("Network", anchor=False)
    if not found:
        st.caption(md("None found in `models/`."))
    else:
        now = state.selection().models[0]
        titles = distinct({name: bundle.card.title for name, bundle in found.items()})
        told(
            st.selectbox,
            "Network",
            key_of("network"),
            now,
            list(found),
            format_func=titles.get,
            on_change=_take_network,
            label_visibility="collapsed",
        )
        st.caption(describe(found[now]))
    _problems()


def _problems() -> None:
    """Say once, where it is looked for, which models could not be opened and why."""
    problems = services.bundle_problems()
    if problems:
        with st.expander(f"{count(len(problems), 'model')} cannot be opened"):
            for problem in problems:
                st.caption(problem)


def describe(bundle: Bundle) -> str:
    """Return a network in a line: name, architecture, input, what it tells apart."""
    card = bundle.card
    if isinstance(bundle, EnsembleBundle):
        members = md(", ").join(md("`{}`", name) for name in bundle.ensemble.members)
        return md("`{}` · ensemble of {} · {}", bundle.name, members, ", ".join(card.classes))
    size = " × ".join(str(n) for n in card.input_size)
    return md(
        "`{}` · {}, {} px · {}", bundle.name, card.architecture, size, ", ".join(card.classes)
    )


def _take_network() -> None:
    """Put the chosen network in front; one that was not compared takes the place of the first."""
    key = key_of("network")
    if state.is_echo(key):
        return
    chosen, models = st.session_state[key], state.selection().models
    others = models if chosen in models else models[1:]
    state.update(models=(chosen, *(name for name in others if name != chosen)))


def _upload_box() -> None:
    key = key_of("uploads")
    st.file_uploader(
        "Tiles to upload",
        SUFFIXES,
        accept_multiple_files=True,
        key=key,
        on_change=uploads.take_uploads,
        args=(key,),
        max_upload_size=uploads.UPLOAD_MB,
        help="JPEG (also 2000, XL and LS), PNG, BMP or TIFF, 32 to 8192 px a side. Files stay in "
        "this computer's memory.",
        label_visibility="collapsed",
    )
    for problem in uploads.problems():
        st.error(problem, icon=":material/broken_image:")


def _cohort_box() -> None:
    bound(
        st.text_input,
        "Cohort folder",
        "cohort",
        state.selection().cohort,
        placeholder="folder with cohort.csv",
        help=md("Made by `osteo cohort import SRC --to DIR`. The images stay where they are."),
    )
    folder = state.selection().cohort
    if not folder:
        for found in sorted(Path("cohorts").glob("*/cohort.csv")):
            name = found.parent.as_posix()
            if not sources.may_be_named(name):
                continue
            st.button(name, on_click=state.update, kwargs={"cohort": name}, type="tertiary")
        return
    try:
        table = sources.cohort(folder)
    except OsteoError as error:
        st.error(str(error))
        return
    slides = len({tile.slide for tile in table.tiles})
    split = f"split {how_split(table.protocol.kind)}"
    st.caption(f"{len(table.tiles):,} tiles of {slides} slides, {split}.")


def _chosen_tiles() -> None:
    selection = state.selection()
    try:
        offered = sources.entries(selection.source, selection.cohort)
    except OsteoError:
        offered = ()  # said above, where the folder is typed
    chosen = [ref.encode() for ref in selection.tiles]
    named = {ref: _title(ref, selection.cohort) for ref in selection.tiles}
    named |= {entry.ref: entry.title for entry in offered}
    titles = distinct({ref.encode(): title for ref, title in named.items()})
    told(
        st.multiselect,
        "On view, up to four",
        key_of("tiles"),
        chosen,
        list(titles),
        format_func=titles.get,
        max_selections=MAX_TILES,
        on_change=_take_tiles,
        placeholder="Choose tiles",
        select_all=False,
    )


def distinct(titles: dict[str, str]) -> dict[str, str]:
    """Make titles differ by adding the key: Streamlit tells options apart by their words."""
    counts = Counter(titles.values())
    return {key: t if counts[t] == 1 else f"{t} ({key})" for key, t in titles.items()}


def _title(ref: TileRef, folder: str) -> str:
    try:
        return sources.entry(ref, folder).title
    except OsteoError:
        return f"{ref.name or ref.ident} (not here)"


def _take_tiles() -> None:
    key = key_of("tiles")
    if state.is_echo(key):
        return
    try:
        state.update(tiles=tuple(decode_tile(text) for text in st.session_state[key]))
    except ValueError:  # the browser still shows a title that is no option any more
        state.update()
