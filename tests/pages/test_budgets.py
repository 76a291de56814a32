"""Uploads of all sessions share one budget; what a session held ends with it."""

import gc
import tomllib
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage

from osteo_core.tiles import load_tile
from osteo_ui import streamlit_compat, uploads

TILE_BYTES = 40 * 40 * 3


def png(seed):
    pixels = np.random.default_rng(seed).integers(0, 256, (40, 40, 3), np.uint8)
    return cv2.imencode(".png", pixels)[1].tobytes()


def upload(at, *seeds):
    files = [(f"{seed}.png", png(seed), "image/png") for seed in seeds]
    at.file_uploader(key="widget.uploads").set_value(files).run()
    assert not at.exception
    return at


def ident(seed):
    return load_tile(png(seed)).short_id


@pytest.fixture(autouse=True)
def _no_others():
    gc.collect()
    uploads._all.clear()


def test_the_budget_counts_all_sessions_and_forgets_those_that_ended(open_page):
    first = upload(open_page("read_tile", source="upload"), 1, 2)
    second = upload(open_page("read_tile", source="upload"), 3)
    assert uploads.total_bytes() == 3 * TILE_BYTES
    del first
    gc.collect()
    assert uploads.total_bytes() == TILE_BYTES
    del second
    gc.collect()
    assert uploads.total_bytes() == 0


def test_beyond_the_budget_what_was_seen_longest_ago_is_let_go_and_told(open_page, monkeypatch):
    monkeypatch.setattr(uploads, "TOTAL_BYTES", 3 * TILE_BYTES)
    first = upload(open_page("read_tile", source="upload"), 1)
    second = upload(open_page("read_tile", source="upload"), 2, 3)
    assert uploads.total_bytes() == 3 * TILE_BYTES
    upload(second, 2, 3, 4)
    assert uploads.total_bytes() == 3 * TILE_BYTES
    first.run()
    said = " ".join(element.value for element in (*first.warning, *first.info, *first.error))
    assert "had to make room for others" in said
    assert "Upload 1.png again" in said
    upload(first, 1, 5)
    assert uploads.total_bytes() <= 3 * TILE_BYTES


def test_a_session_may_send_so_many_files_at_a_time(open_page, monkeypatch):
    monkeypatch.setattr(uploads, "SESSION_FILES", 2)
    at = upload(open_page("read_tile", source="upload"), 1, 2, 3)
    assert uploads.total_bytes() == 2 * TILE_BYTES
    assert any("Expected at most 2 files" in e.value and "3.png" in e.value for e in at.error)


def test_the_server_takes_files_as_large_as_the_box():
    told = tomllib.loads((Path(__file__).parents[2] / ".streamlit" / "config.toml").read_text())
    assert told["server"]["maxUploadSize"] == uploads.UPLOAD_MB
    assert uploads.SESSION_BYTES <= uploads.TOTAL_BYTES


def test_addresses_of_pictures_die_with_their_session(monkeypatch):
    storage = MemoryMediaFileStorage("/media")
    media = MediaFileManager(storage)
    urls = {}
    for session in ("open", "closed"):
        name = "streamlit.runtime.media_file_manager._get_session_id"
        monkeypatch.setattr(name, lambda session=session: session)
        urls[session] = media.add(session.encode(), "image/png", "a")
        urls["both"] = media.add(b"both", "image/png", "b")
    instance = SimpleNamespace(
        media_file_mgr=media, is_active_session=lambda s: s == "open", _session_mgr=object()
    )
    streamlit_compat.sweep(instance)
    there = {name: _is_there(storage, url) for name, url in urls.items()}
    assert there == {"open": True, "closed": False, "both": True}


def _is_there(storage, url):
    try:
        return bool(storage.get_file(url.rsplit("/", 1)[1]))
    except Exception:  # Streamlit's own, which the server answers with 404
        return False


def test_sessions_whose_time_is_over_are_let_go():
    expired = []
    cache = SimpleNamespace(expire=lambda: expired.append(1))
    manager = SimpleNamespace(_session_storage=SimpleNamespace(_cache=cache))
    media = SimpleNamespace(_files_by_session_and_coord={})
    streamlit_compat.sweep(SimpleNamespace(media_file_mgr=media, _session_mgr=manager))
    assert expired == [1]
