"""Streamlit's inside is used at one place, for the version that requirements.txt pins."""

import ast

from tests.conftest import PROJECT

INSIDE = {"runtime", "proto", "elements", "web", "navigation", "delta_generator"}
# Escaping takes the place of the methods of every container, and reads their documentation.
ALLOWED = {"streamlit_compat.py", "letters.py"}


def inside_parts(source: str) -> list[str]:
    """Modules of Streamlit's inside that a source imports at run time."""
    tree = ast.parse(source)
    for_types = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
        for node in ast.walk(block)
    }
    found = []
    for node in ast.walk(tree):
        if id(node) in for_types:
            continue
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        parts = [name.split(".") for name in names]
        found += [".".join(p) for p in parts if p[0] == "streamlit" and INSIDE & set(p[1:2])]
    return found


def test_streamlits_inside_is_used_at_one_place():
    sources = [PROJECT / "app.py", *(PROJECT / "pages").glob("*.py")]
    sources += (PROJECT / "osteo_ui").rglob("*.py")
    used = {str(f.relative_to(PROJECT)): inside_parts(f.read_text("utf-8")) for f in sources}
    wrong = {name: parts for name, parts in used.items() if parts}
    assert {name.split("/")[-1] for name in wrong} == ALLOWED, wrong


def test_each_way_in_is_seen():
    assert inside_parts("from streamlit import runtime")
    assert inside_parts("import streamlit.runtime.scriptrunner")
    assert inside_parts("from streamlit.delta_generator import DeltaGenerator")
    assert not inside_parts("import streamlit as st")
    assert not inside_parts("from streamlit.errors import StreamlitAPIException")
    assert not inside_parts("if TYPE_CHECKING:\n    from streamlit.runtime import Runtime")
