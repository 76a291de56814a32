"""Text in figures: Plotly shows it letter by letter."""

from __future__ import annotations

import plotly.graph_objects as go
import pytest

from osteo_ui import saving
from osteo_ui.chart_text import bold, shown
from osteo_ui.charts import as_it_reads, probability_bars


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("<a href='x'>b</a>", "&#60;a href='x'&#62;b&#60;/a&#62;"),
        ("$x$", "&#36;x&#36;"),
        ("%{y} 50 %", "&#37;{y} 50 %"),
        ("&lt;", "&#38;lt;"),
        ("a\nb", "a<br>b"),
        (bold("<b>"), "<b>&#60;b&#62;</b>"),
        ("Non-Tumor_2", "Non-Tumor_2"),
    ],
)
def test_markup_of_plotly_is_letters(text, told):
    assert shown(text) == told


def test_every_text_of_a_figure_is_escaped_and_templates_are_not():
    figure = go.Figure(
        go.Scatter(x=["<i>"], y=[1], name="<b>", text=["<u>"], customdata=[["<s>", 1]], meta=["<"])
    )
    figure.update_traces(hovertemplate="%{x}<extra>%{meta[0]}</extra>")
    figure.update_layout(title="$a$", yaxis_title="<b>")
    figure.add_annotation(text="<a>")
    safe = as_it_reads(figure).to_plotly_json()
    text = str(safe["data"]) + str({k: v for k, v in safe["layout"].items() if k != "template"})
    assert text.count("<") == 2  # of the template
    assert "$" not in text
    assert figure.data[0].name == "<b>"


def test_classes_called_0_and_1_are_names():
    figure = as_it_reads(probability_bars(["0", "1"], [0.25, 0.75], "1", truth="0"))
    assert figure.layout.yaxis.type == "category"
    assert list(figure.data[0].y) == ["0<br>(true)", "<b>1</b>"]
    assert as_it_reads(go.Figure(go.Bar(x=[1], y=[2]))).layout.xaxis.type is None


def test_names_of_files_and_widgets_are_never_shared():
    assert saving.file_stem("toy", "test", "roc") == "toy.test.roc"
    names = ["a b", "a-b", "a/b", "a(b", "x" * 200, "x" * 201, "\udcff"]
    made = {saving.file_stem(name, "test") for name in names}
    assert len(made) == len(names)
    assert max(map(len, made)) <= 120
