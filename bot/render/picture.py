"""Charts as PNG, for what cannot draw them itself: readable on a light and on a dark page alike.

The ground is transparent. Words and lines have the brightness that stands out as far from white as from
Slack's dark: a contrast of 4 to 1 on both. Drawing takes a tenth of a second, so it has a thread of its own.
"""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, tzinfo
from io import BytesIO
from typing import Any

from bot.answer import Answer
from bot.render import text
from bot.render.chart_data import Chart, charts
from storage.metrics.catalog import Unit

_WORDS = "#7e828a"
_GRID = "#7e828a33"
_COLOURS = ("#2a86e0", "#cc7116", "#219653", "#8f68de", "#d14d86", "#128f9c")
_WIDTH, _HEIGHT = 7.2, 3.0
_MOST_CHARTS = 4
_MOST_BARS_WITH_FIGURES = 14
_LABEL = 22
_THOUSANDS = ((1e9, "B"), (1e6, "M"), (1e3, "k"))

# matplotlib is not made for several threads at once: one draws, the others wait.
_drawing = ThreadPoolExecutor(max_workers=1, thread_name_prefix="chart")


async def chart_png(answer: Answer, tz: tzinfo = UTC) -> bytes | None:
    """The answer's chart, or None where there is nothing to chart."""
    return await drawn(charts(answer, tz))


async def drawn(found: Sequence[Chart]) -> bytes | None:
    """The first few of these charts as one picture, or None where there are none."""
    if not found:
        return None
    return await asyncio.get_running_loop().run_in_executor(_drawing, draw, found[:_MOST_CHARTS])


def draw(found: Sequence[Chart]) -> bytes:
    """Charts above each other, each with a scale of its own: no currency is measured against another."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    heights = [
        _HEIGHT if chart.over_time else max(1.4, 0.36 * len(chart.categories) + 0.7) for chart in found
    ]
    figure = Figure(figsize=(_WIDTH, sum(heights)), dpi=144, layout="constrained")
    FigureCanvasAgg(figure)
    figure.patch.set_alpha(0)
    axes = figure.subplots(len(found), 1, squeeze=False, gridspec_kw={"height_ratios": heights})
    for chart, (axis,), colour in zip(found, axes, _COLOURS, strict=False):
        (_over_time if chart.over_time else _bars)(axis, chart, colour)
        _dress(axis, chart)
    out = BytesIO()
    figure.savefig(out, format="png", transparent=True)
    return out.getvalue()


def _over_time(axis: Any, chart: Chart, colour: str) -> None:
    places = range(len(chart.categories))
    values = [float("nan") if value is None else value for value in chart.values]
    axis.plot(places, values, color=colour, linewidth=2.6, solid_capstyle="round", zorder=3)
    axis.fill_between(places, values, 0, color=colour, alpha=0.14, linewidth=0)
    axis.plot(len(values) - 1, values[-1], "o", color=colour, markersize=7, zorder=4)
    step = max(1, -(-len(chart.categories) // 7))
    shown = list(places)[::-1][::step][::-1]
    axis.set_xticks(shown, [_short(chart.categories[i]) for i in shown])
    axis.margins(x=0.02)
    axis.yaxis.set_major_formatter(lambda value, _: _figure(value, chart))
    axis.grid(axis="y", color=_GRID)
    axis.set_axisbelow(True)


def _bars(axis: Any, chart: Chart, colour: str) -> None:
    values = [value or 0.0 for value in chart.values]
    places = range(len(values))
    drawn = axis.barh(places, values, color=colour, height=0.62, zorder=3)
    axis.set_yticks(places, [_short(name) for name in chart.categories])
    axis.invert_yaxis()
    if len(values) <= _MOST_BARS_WITH_FIGURES:
        axis.bar_label(drawn, [_short(said) for said in chart.figures], padding=5, color=_WORDS, fontsize=11)
        axis.set_xticks([])
        axis.margins(x=0.16)
    else:
        axis.xaxis.set_major_formatter(lambda value, _: _figure(value, chart))


def _dress(axis: Any, chart: Chart) -> None:
    axis.set_title(_short(chart.title), loc="left", color=_WORDS, fontsize=12.5, fontweight="bold", pad=10)
    axis.patch.set_alpha(0)
    axis.tick_params(colors=_WORDS, labelsize=11, length=0)
    for spine in axis.spines.values():
        spine.set_visible(False)


def _short(words: str) -> str:
    """No markup: matplotlib takes what stands between dollar signs for a formula."""
    return text.shorten(words, _LABEL).replace("$", r"\$")


def _figure(value: float, chart: Chart) -> str:
    """A figure for the axis: $78k, 3.4%, 12 h."""
    for size, sign in _THOUSANDS:
        if abs(value) >= size:
            return _in_unit(f"{value / size:.3g}{sign}", chart)
    return _in_unit(f"{value:.3g}", chart)


def _in_unit(said: str, chart: Chart) -> str:
    match chart.unit:
        case Unit.MONEY:
            sign = text.money(0, chart.currency).replace("0", "").replace(".", "").strip()
            minus, number = ("-", said[1:]) if said.startswith("-") else ("", said)
            return f"{minus}{sign}{number}".replace("$", r"\$")
        case Unit.RATIO:
            return f"{said}%"
        case Unit.DURATION:
            return f"{said} h"
        case _:
            return said
