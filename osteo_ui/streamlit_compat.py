"""What is used of Streamlit's inside, and nowhere else: written for the pinned version.

A session that has ended leaves nothing behind, no picture by its address and no upload. Streamlit
forgets a closed session two minutes later, and only when something else happens: until then its
pictures can be fetched by their address and its uploads fill the memory. A thread looks every few
seconds. A browser that comes back in the meantime gets its pictures with the next run.
"""

import contextlib
import threading
import time

import streamlit as st
from streamlit import runtime
from streamlit.delta_generator import DeltaGenerator
from streamlit.runtime import Runtime
from streamlit.runtime.pages_manager import PagesManager
from streamlit.runtime.scriptrunner import RerunException, get_script_run_ctx

PERIOD_S = 5.0
Container = DeltaGenerator
CutShort = RerunException  # a run that ends because the browser has said something new


def session_id() -> str:
    """Return which browser session this run is for; "" outside of a run."""
    context = get_script_run_ctx(suppress_warning=True)
    return context.session_id if context else ""


def in_fragment() -> bool:
    """Say whether only a fragment of the page runs."""
    context = get_script_run_ctx(suppress_warning=True)
    return bool(context and context.fragment_ids_this_run)


def page_asked_for() -> str:
    """Return Streamlit's own name of the page that the browser had in front; "" outside a run."""
    context = get_script_run_ctx(suppress_warning=True)
    return context.page_script_hash if context else ""


def forget_upload(file_id: str) -> None:
    """Give an upload's packed bytes back, which Streamlit would keep as long as the session."""
    context = get_script_run_ctx(suppress_warning=True)
    if context is not None:
        context.uploaded_file_mgr.remove_file(context.session_id, file_id)


def router_is_ours() -> None:
    """Tell a server on which no page has run yet that `pages` is no app of Streamlit's own kind."""
    PagesManager.uses_pages_directory = False


def publish(png: bytes, coordinates: str) -> str:
    """Return the address at which this session's browser finds a picture; "" without a server."""
    if not runtime.exists():
        return ""
    return runtime.get_instance().media_file_mgr.add(png, "image/png", coordinates)


@st.cache_resource(show_spinner=False)
def watch() -> None:
    """Begin to look, once a process."""
    if runtime.exists():
        threading.Thread(target=_look_on, args=(runtime.get_instance(),), daemon=True).start()


def _look_on(instance: Runtime) -> None:
    while True:
        time.sleep(PERIOD_S)
        with contextlib.suppress(Exception):  # Streamlit's inside may change: then it cleans alone
            sweep(instance)


def sweep(instance: Runtime) -> None:
    """Take away what belongs to sessions without a browser."""
    media = instance.media_file_mgr
    left = [s for s in list(media._files_by_session_and_coord) if not instance.is_active_session(s)]
    for session in left:
        media.clear_session_refs(session)
    if left:
        media.remove_orphaned_files()
        media.remove_orphaned_files()  # downloads are only marked the first time
    _expire(instance)


def _expire(instance: Runtime) -> None:
    """Let go of sessions whose time to come back is over; Streamlit would wait for the next."""
    manager = getattr(instance, "_session_mgr", None)
    lock = getattr(manager, "_storage_lock", threading.Lock())
    storage = getattr(getattr(manager, "_session_storage", None), "_cache", None)
    if storage is not None:
        with lock:
            gone = storage.expire()
        del gone  # outside of the lock: this shuts them down
