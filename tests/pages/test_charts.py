"""Charts show names as they are: none is taken for a number or a date."""

import numpy as np
import plotly.graph_objects as go
import pytest

from osteo_ui.charts import name_axes


@pytest.mark.parametrize("names", [["0", "1"], ["01", "02"], ["2020", "2021"], ["NA", "True"]])
def test_names_on_an_axis_stay_names(names):
    matrix = go.Figure(go.Heatmap(z=[[1, 2], [3, 4]], x=names, y=names))
    name_axes(matrix)
    assert matrix.layout.xaxis.type == matrix.layout.yaxis.type == "category"
    bars = go.Figure(go.Bar(x=np.array([0.1, 0.9]), y=names, orientation="h"))
    name_axes(bars)
    assert bars.layout.xaxis.type is None
    assert bars.layout.yaxis.type == "category"


def test_axes_of_numbers_and_second_axes():
    figure = go.Figure([go.Scatter(x=[1, 2], y=[3, 4]), go.Scatter(x=[1], y=["7"], yaxis="y2")])
    figure.add_trace(go.Bar(x=[], y=None))
    name_axes(figure)
    assert figure.layout.xaxis.type is None
    assert figure.layout.yaxis.type is None
    assert figure.layout.yaxis2.type == "category"
