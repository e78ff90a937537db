"""The plot draws what it was given, follows it in rounded steps, and can be read exactly."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from softmax_gui.gui import theme
from softmax_gui.gui.widgets.curve_labels import EndLabel, EndLabels
from softmax_gui.gui.widgets.curve_plot import Reference
from tests.gui.plots import CHANCE, FLOOR, drawn, plot, ranges, texts, trained


def test_that_appending_alone_draws_nothing_and_redraw_draws_all(qtbot: QtBot) -> None:
    widget = plot(qtbot)
    widget.append([1, 2], {"t": [0.5, 0.25]})
    assert len(drawn(widget, "t")[0]) == 0
    widget.redraw()
    np.testing.assert_array_equal(drawn(widget, "t")[0][:2], [1, 2])


def test_that_the_last_values_stand_at_the_ends_with_four_digits(qtbot: QtBot) -> None:
    widget = trained(qtbot)
    assert {"training", "0.2503", "validation", "0.2703", "Loss (nat)", "Step"} <= set(
        texts(widget)
    )
    assert widget.accessibleDescription() == "training 0.2503, validation 0.2703"


def test_that_names_at_the_right_do_not_overlap(qtbot: QtBot) -> None:
    widget = trained(qtbot)
    widget.set_references([FLOOR, CHANCE, Reference(0.23, "best so far"), Reference(0.22, "goal")])
    names = ["training", "validation", FLOOR.text, "best so far", "goal", CHANCE.text]
    rows = sorted(texts(widget)[name] for name in names)
    assert min(np.diff(rows)) >= widget.fontMetrics().height() - 0.01


@given(rows=st.lists(st.floats(0, 200), max_size=8), moved=st.floats(-6, 6))
def test_that_labels_keep_apart_and_do_not_follow_small_moves(
    qapp: QApplication, rows: list[float], moved: float
) -> None:
    def labels(by: float) -> list[EndLabel]:
        color = theme.class_color(0)
        return [
            EndLabel(str(i), "", color, Qt.PenStyle.SolidLine, y + by) for i, y in enumerate(rows)
        ]

    ends = EndLabels()
    first = ends.places(labels(0.0), 14.0, 0.0, 200.0)
    assert all(gap >= 14 - 1e-6 for gap in np.diff(sorted(first)))
    assert first == ends.places(labels(moved), 14.0, 0.0, 200.0)
    assert all(-1e-6 <= place <= 200 + 1e-6 for place in first)


def test_that_ranges_are_rounded_and_change_in_steps(qtbot: QtBot) -> None:
    widget, seen = plot(qtbot), []
    for step in range(1, 1001):
        widget.append([step], {"t": [1.05 / step]})
        widget.redraw()
        seen.append(tuple(map(tuple, ranges(widget))))
    assert len(set(seen)) < 45
    assert {x for (x, _), _ in seen} == {0.0}
    (x_low, x_high), (y_low, y_high) = seen[-1]
    assert (x_low, x_high) == (0, 1000)
    assert y_low == 0
    assert 1.05 < y_high < 1.3


def test_that_an_accuracy_reaches_from_zero_to_one(qtbot: QtBot) -> None:
    widget = plot(qtbot, y_ceiling=1.0)
    widget.append([1, 2], {"t": [0.4, 0.6]})
    widget.redraw()
    assert ranges(widget)[1] == [0.0, pytest.approx(1.02)]


def test_that_references_are_inside_the_range(qtbot: QtBot) -> None:
    widget = plot(qtbot)
    widget.append([1, 2], {"t": [0.1, 0.1]})
    widget.set_references([CHANCE])
    assert ranges(widget)[1][1] > CHANCE.value
    assert CHANCE.text in texts(widget)


def test_that_bits_are_nats_times_a_factor_on_display_only(qtbot: QtBot) -> None:
    widget = plot(qtbot)
    widget.append([1], {"t": [1.0]})
    widget.set_references([Reference(2.0, "ln 7.4")])
    widget.set_titles("Loss (bit)", "Step")
    widget.set_scale(1 / np.log(2))
    assert "1.443" in texts(widget)
    assert ranges(widget)[1][1] > 2.885
    assert widget.hover_text(1) == "Step 1\ntraining 1.4427 bit"
    header, rows = widget.table()
    assert header[1] == "training: Loss (bit)"
    assert next(iter(rows))[1] == pytest.approx(1.442695)
    widget.set_scale(1.0)
    widget.append([2], {"t": [1.0]})
    assert list(widget.table()[1])[1] == (2, 1.0, None)


def test_that_log_axes_show_decades_and_break_at_what_has_no_logarithm(qtbot: QtBot) -> None:
    widget = plot(qtbot)
    widget.append([0, 1, 10, 100, 1000], {"t": [9.0, 1.0, 0.1, 0.0, 0.001]})
    widget.set_log_x(True)
    widget.set_log_y(True)
    x, y = drawn(widget, "t")
    np.testing.assert_allclose(x[:4], [0, 1, 2, 3])
    np.testing.assert_allclose(y[:4], [0, -1, np.nan, -3])
    assert ranges(widget)[0] == [0, 3]
    assert {"1", "10", "100", "1000"} <= set(texts(widget))


def test_that_large_steps_are_written_short(qtbot: QtBot) -> None:
    widget = plot(qtbot)
    widget.append([0, 200_000], {"t": [1, 1]})
    widget.redraw()
    assert {"100k", "200k"} <= set(texts(widget))
    widget.append([1_500_000], {"t": [1]})
    widget.redraw()
    assert {"0.5M", "1.5M"} <= set(texts(widget))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_that_an_undefined_value_breaks_the_line_and_is_called_so(
    value: float, qtbot: QtBot
) -> None:
    widget = plot(qtbot)
    widget.append([1, 2, 3, 4], {"t": [1.0, value, 0.5, value]})
    widget.redraw()
    assert "undefined" in texts(widget)
    assert np.isnan(drawn(widget, "t")[1]).sum() >= 2
    assert ranges(widget)[1][1] < 2


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0.000"),
        (-3.0, "-3.000"),
        (1e-300, "1.000e-300"),
        (1e30, "1.000e+30"),
        (1e308, "1.000e+308"),
        (-1e308, "-1.000e+308"),
    ],
)
@pytest.mark.parametrize("log", [False, True])
def test_that_any_number_can_be_drawn(value: float, text: str, log: bool, qtbot: QtBot) -> None:
    widget = plot(qtbot)
    widget.append([0, 1], {"t": [1.0, value]})
    widget.set_log_x(log)
    widget.set_log_y(log)
    low, high = ranges(widget)[1]
    assert low < high
    assert text in texts(widget)


def test_that_an_empty_plot_says_what_will_fill_it(qtbot: QtBot) -> None:
    widget = plot(qtbot)
    widget.set_empty_text("Press Train.")
    assert "Press Train." in texts(widget)
    widget.append([1], {"t": [1]})
    widget.redraw()
    assert "Press Train." not in texts(widget)
    widget.clear()
    assert "Press Train." in texts(widget)
    assert list(widget.table()[1]) == []


def test_that_truncating_takes_points_and_labels_back(qtbot: QtBot) -> None:
    widget = trained(qtbot)
    widget.truncate(500)
    assert len(list(widget.table()[1])) == 500
    widget.append([501], {"t": [7.0]})
    widget.redraw()
    assert "7.000" in texts(widget)


def test_that_the_table_has_every_point_and_empty_cells_where_there_is_none(qtbot: QtBot) -> None:
    widget = plot(qtbot)
    widget.append([1, 2], {"t": [0.5, 0.25]})
    widget.append([2], {"v": [0.125]})
    header, rows = widget.table()
    assert header == ("Step", "training: Loss (nat)", "validation: Loss (nat)")
    assert list(rows) == [(1, 0.5, None), (2, 0.25, 0.125)]


def test_that_existing_lines_take_the_colours_of_a_new_theme(qtbot: QtBot) -> None:
    try:
        theme.apply("light")
        widget = trained(qtbot)
        theme.apply("dark")
        QApplication.processEvents()  # Qt posts the news to the widgets
        pen = widget._curves["t"].line.opts["pen"]
        assert pen.color().name() == theme.DARK.accent.lower()
        background = widget.grab().toImage().pixelColor(2, 2)
        assert background.name() == theme.DARK.base.lower()
    finally:
        theme.apply("light")


def test_that_validation_is_dashed_and_thin_lines_are_for_long_curves(qtbot: QtBot) -> None:
    widget = trained(qtbot)
    pens = {key: widget._curves[key].line.opts["pen"] for key in ("t", "v")}
    assert pens["t"].style() == Qt.PenStyle.SolidLine
    assert pens["v"].style() == Qt.PenStyle.CustomDashLine
    assert pens["t"].widthF() == 1.75
    widget.resize(2400, 220)
    widget.append(np.arange(2000, 20_000), {"t": np.random.default_rng(0).random(18_000)})
    widget.redraw()
    line = widget._curves["t"].line
    assert (line.opts["pen"].widthF(), line.opts["antialias"]) == (1.0, False)


def test_that_another_font_moves_the_margins(qtbot: QtBot) -> None:
    widget = trained(qtbot)
    before = QRectF(widget.canvas.area)
    widget.setFont(QFont(widget.font().family(), 16))
    assert widget.canvas.area.left() > before.left()
    assert widget.canvas.area.right() < before.right()


def test_that_names_are_plain_text_and_elided(qtbot: QtBot) -> None:
    widget = trained(qtbot)
    widget.set_series_names({"t": "<b>x</b>\n", "v": "y" * 4000})
    widget.set_references([Reference(0.5, "z" * 4000)])
    shown = texts(widget)
    assert any(text.startswith("<b>x") for text in shown)
    assert all(len(text) < 60 for text in shown)
    assert widget.canvas.area.width() > 200
