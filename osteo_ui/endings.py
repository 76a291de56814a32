"""A session that has ended leaves nothing behind: no picture by its address, no upload.

Streamlit forgets a closed session two minutes later, and only when something else happens: until
then its pictures can be fetched by their address and its uploads fill the memory. A thread looks
every few seconds. A browser that comes back in the meantime gets its pictures with the next run.
"""

import contextlib
import threading
import time

import streamlit as st
from streamlit import runtime
from streamlit.runtime import Runtime

PERIOD_S = 5.0


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
