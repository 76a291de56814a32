"""What may be named and opened: inside the roots, through links too, and nothing is said else."""

import os

import pytest

from osteo_core import roots
from osteo_core.errors import CohortError, TileError


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OSTEO_ROOTS", raising=False)
    for name in ("cohorts/a", "shared/b", "secret/c"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "t.png").write_bytes(b"x")
    (tmp_path / "shared/out").symlink_to(tmp_path / "secret")
    (tmp_path / "shared/in").symlink_to(tmp_path / "shared/b")
    return tmp_path


def refused(text, local=True):
    with pytest.raises(CohortError) as caught:
        roots.visitor_folder(str(text), local=local)
    return str(caught.value)


def test_alone_on_this_computer_any_folder_may_be_named(data):
    for text in ("cohorts/a", str(data / "secret"), "/", "nowhere"):
        assert str(roots.visitor_folder(text, local=True)) == text


def test_where_others_listen_only_the_dashboards_own_cohorts(data):
    assert roots.visitor_folder("cohorts/a", local=False) == roots.Path("cohorts/a")
    there, not_there = refused(data / "secret", local=False), refused("/nowhere", local=False)
    assert there == not_there  # nothing is said of what is outside
    assert "OSTEO_ROOTS, which is not set" in there
    assert refused("cohorts/../secret", local=False) == there


def test_with_roots_only_what_lies_in_them_links_followed(data, monkeypatch):
    monkeypatch.setenv(
        "OSTEO_ROOTS", os.pathsep.join([str(data / "shared"), "", "~nosuchuser", "/nowhere"])
    )
    for local in (True, False):
        for text in ("shared", "shared/b", "shared/in", "shared/not-there"):
            assert roots.visitor_folder(str(data / text), local=local)
        for text in ("cohorts/a", "shared/out", "shared/../secret", "/", "~"):
            assert "Received: one outside." in refused(data / text, local=local)
    assert "shared-too" not in [p.name for p in roots.roots()]
    (data / "shared-too").mkdir()
    refused(data / "shared-too")


@pytest.mark.parametrize(
    "text", ["", "a\0b", "a\nb", "x" * 1001, "\udc80", "~nosuchuser", "\u202e"]
)
def test_what_is_no_name_is_a_sentence(text):
    said = refused(text)
    assert said.startswith("Expected the name of a folder.")
    assert said.isprintable()


def test_a_cohorts_picture_lies_inside_its_root(data, monkeypatch):
    root = data / "shared"
    assert roots.picture(root, "b/t.png") == root / "b/t.png"
    assert roots.picture(root, str(root / "in/t.png"))
    for file in ("../secret/c/t.png", "out/c/t.png", "a\0.png"):
        with pytest.raises(TileError, match="not opened"):
            roots.picture(root, file)
    monkeypatch.setenv("OSTEO_ROOTS", str(data / "secret"))
    assert roots.picture(root, "out/c/t.png")


def test_a_picture_named_outright_lies_anywhere_but_where_roots_are_set(data, monkeypatch):
    root, elsewhere = data / "shared", data / "secret/c/t.png"
    assert roots.picture(root, str(elsewhere)) == elsewhere
    (root / "link.png").symlink_to(elsewhere)
    with pytest.raises(TileError, match="not opened"):
        roots.picture(data / "other", str(root / "link.png"))
    monkeypatch.setenv("OSTEO_ROOTS", str(data / "other"))
    with pytest.raises(TileError, match="not opened"):
        roots.picture(root, str(elsewhere))


def test_a_file_of_another_kind_is_not_said_to_be_anything(data, monkeypatch):
    root = data / "shared"
    for file in ("etc/passwd", "etc/shadow"):
        with pytest.raises(TileError, match="a file of another kind"):
            roots.picture(roots.Path("/"), file)
    (root / "p.png").symlink_to("/etc/passwd")
    with pytest.raises(TileError, match="a file of another kind"):
        roots.picture(roots.Path("/"), str(root / "p.png"))
