"""Foreign text is shown letter by letter: escaping itself, and that no text goes round it."""

from __future__ import annotations

import ast
import inspect
import random
import re
from pathlib import Path

import pandas as pd
import pytest
from streamlit.delta_generator import DeltaGenerator
from streamlit.testing.v1 import AppTest

from osteo_core.text import visible
from osteo_ui import letters
from osteo_ui.markdown import Markdown, bullets, code, escape, md, md_table
from tests.dashboard import APP
from tests.seen import seen

NASTY = (
    "`code`.png",
    "$x^2$ :red[hi].png",
    "a_b_c*d*[x](http:y).png",
    "![i](http://127.0.0.1:8599/b.png) [click](http://127.0.0.1:8599/l)",
    "_x_ __y__ snake_case_name",
    "1. a",
    "2) b",
    "- a",
    "+ a",
    "-1.5",
    "# a",
    "> a",
    "---",
    "===",
    "| a | b |",
    "    four",
    "a -> b -- c <- d >= e <= f ~= g <-> h",
    "me@example.org xmpp:me@example.org",
    "HTTPS://example.org www.example.org",
    ":material/home: :material_home: :smile: :+1: :100: :streamlit:",
    "::leaf[x]{a=b} :::c :help[y]",
    "&lt; & &amp; &#42; <b>x</b> <img src=x onerror=y>",
    "~~gone~~",
    "\\*x\\* c:\\d\\",
    "[^1] [r]: http://z",
    "**(v2)**",
)
_PIECES = (*"`*_~$[]()<>#+-=|:!&;\\{}@^/. \"'1a\u00e9", "http://", "www.", "x@y.z", ":red[", "a")


def same(text: str) -> str:
    return " ".join(visible(text).split())


@pytest.mark.parametrize("text", NASTY)
def test_each_trick_of_markdown_is_but_letters(text):
    assert seen(escape(text)) == (same(text), [])
    assert seen(md("A **{}**: {}, {x:code}", text, text, x=text), ours=True) == (
        same(f"A {text}: {text}, {text}"),
        [],
    )


def test_any_mixture_of_signs_is_but_letters():
    rng = random.Random(5)
    for _ in range(3000):
        text = "".join(rng.choices(_PIECES, k=rng.randint(1, 14)))
        assert seen(escape(text)) == (same(text), []), text
        assert seen(code(text)) == (same(text), []), text


def test_usual_names_get_no_signs():
    for name in ("block5_conv4", "Non-Viable-Tumor", "P9-A2 (copy).png", "vgg19.h5", "50 %, 3 px"):
        assert escape(name) == name


def test_what_cannot_be_seen_is_drawn():
    assert md("{}", "a\nb\tc\x00") == "a␊b␉c␀"
    assert escape("a\u202egnp.exe") == "a⟨U+202E⟩gnp.exe"
    escape("\udcff").encode()  # a file's name may be no text at all


def test_markdown_stays_what_it_is_and_takes_in_what_is_not():
    told = md("**{}**", "a*b")
    assert escape(told) is told
    assert md("{}, {:.1f}", told, 2.25) == r"**a\*b**, 2.2"
    assert told + "*" == r"**a\*b**\*"
    assert "*" + told == r"\***a\*b**"
    assert bullets(["a*", md("`b`")]) == "- a\\*\n- `b`"
    assert md_table([["a", "b"], ["|", md("**c**")]], [":--", "--:"]).count(r"\|") == 1
    assert isinstance(md(", ").join(["*", told]), Markdown)


def test_a_value_inside_longer_code_is_refused():
    with pytest.raises(ValueError, match="no field inside code"):
        md("`osteo index --model {}`", "x")


_TEXTS = {"label", "body", "help", "text", "caption", "captions", "delta", "title", "tabs", "data"}


def test_all_that_streamlit_documents_as_markdown_is_escaped():
    for name in dir(DeltaGenerator):
        method = getattr(DeltaGenerator, name)
        if name.startswith("_") or not callable(method) or name in ("help", "write"):
            continue
        told = inspect.getdoc(method) or ""
        told = told.partition("Parameters\n")[2].partition("\nReturns\n")[0]
        for found in re.finditer(r"^(\w+) : .*\n((?:    .*\n|\n)*)", told, re.MULTILINE):
            if "arkdown" in found[2] and found[1] in _TEXTS:
                assert found[1] in letters.MARKDOWN.get(name, ()), f"{name}({found[1]})"


def _draw_each():
    import pandas as pd
    import streamlit as st

    from osteo_ui import letters
    from osteo_ui.markdown import md

    letters.install()
    foreign = "![i](http:x) *y*"
    st.caption(foreign, help=foreign)
    st.sidebar.error(foreign)
    st.container().markdown(md("**{}**", foreign))
    st.button(label=foreign, help=foreign)
    st.radio("R", [foreign], captions=[foreign])
    st.segmented_control("S", ["a"], format_func=lambda _: foreign)
    st.selectbox(foreign, [foreign])
    st.metric(foreign, foreign, foreign)
    st.tabs([foreign])
    st.expander(foreign)
    st.progress(0.5, foreign)
    st.table(pd.DataFrame({foreign: [foreign]}))
    st.write(foreign)
    st.toast(foreign)


def test_plain_strings_are_escaped_wherever_they_are_drawn():
    at = AppTest.from_function(_draw_each).run()
    assert not at.exception
    safe = escape("![i](http:x) *y*")
    assert at.caption[0].value == at.caption[0].help == safe
    assert at.error[0].value == safe
    assert [element.value for element in at.markdown] == [f"**{safe}**", safe]
    assert at.button[0].label == at.button[0].help == safe
    assert at.radio[0].options == [safe]
    assert at.radio[0].proto.captions == [safe]
    assert at.radio[0].value == "![i](http:x) *y*"  # what is chosen is not escaped
    assert at.segmented_control[0].options == [safe]
    assert (at.selectbox[0].label, at.selectbox[0].options) == (safe, ["![i](http:x) *y*"])
    assert (at.metric[0].label, at.metric[0].value, at.metric[0].delta) == (safe, safe, safe)
    assert at.tabs[0].label == safe
    assert at.expander[0].label == safe
    assert at.table[0].value.equals(pd.DataFrame({safe: [safe]}))
    assert at.toast[0].value == safe


def _sources():
    folder = APP.parent
    for file in (APP, *sorted(folder.glob("pages/*.py")), *sorted(folder.glob("osteo_ui/**/*.py"))):
        yield file, ast.parse(file.read_text())


def test_no_source_goes_round_the_escaping():
    """Templates are literals, HTML is constant, figures and tables have one way out each."""
    wrong = []
    for file, tree in _sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                wrong += [f"{file.name}:{node.lineno}: {why}" for why in _faults(node, file)]
    assert not wrong


def _faults(call: ast.Call, file: Path):
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    if name == "md" and not _literal(call.args[0]):
        yield "a template that is no literal"
    if name == "Markdown" and file.name != "markdown.py":
        yield "Markdown that did not go through md"
    if "unsafe_allow_html" in given or (name in ("html", "iframe") and _literal(call.func) is None):
        yield "HTML"
    if name == "plotly_chart" and file.name != "charts.py":
        yield "a figure that did not go through charts.show"
    if name == "to_csv" and file.name != "saving.py":
        yield "a table that did not go through saving.csv"
    for template in ("hovertemplate", "texttemplate"):
        if template in given and not _literal(given[template]):
            yield "a template of a figure that is no literal"


def _literal(node: ast.AST) -> bool:
    if isinstance(node, ast.IfExp):
        return _literal(node.body) and _literal(node.orelse)
    return isinstance(node, ast.Constant)
