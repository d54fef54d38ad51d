"""Slack's own charts: drawn by Slack, sharp, and readable by a screen reader."""

from collections.abc import Sequence
from typing import Any

from bot.render import slack_blocks as kit
from bot.render import text
from bot.render.chart_data import Chart
from bot.render.slack_blocks import Block

_MOST_CHARTS = 4


def native(charts: Sequence[Chart]) -> list[Block] | None:
    """The charts as blocks, or None where Slack's would not show all of it."""
    if not 0 < len(charts) <= _MOST_CHARTS or not all(map(_fits, charts)):
        return None
    return [_block(chart) for chart in charts]


def _fits(chart: Chart) -> bool:
    labels = [_label(name) for name in chart.categories]
    known = all(value is not None for value in chart.values)
    return known and len(labels) <= kit.CHART_POINTS and len(set(labels)) == len(labels)


def _block(chart: Chart) -> Block:
    labels = [_label(name) for name in chart.categories]
    points = [{"label": label, "value": value} for label, value in zip(labels, chart.values, strict=True)]
    name = _cut(chart.title, kit.CHART_LABEL)
    drawn: dict[str, Any] = {
        "type": "area" if chart.over_time else "bar",
        "series": [{"name": name, "data": points}],
        "axis_config": {"categories": labels},
    }
    return {"type": "data_visualization", "title": _cut(chart.title, kit.CHART_TITLE), "chart": drawn}


def _label(name: str) -> str:
    return _cut(name, kit.CHART_LABEL)


def _cut(words: str, limit: int) -> str:
    return text.shorten(text.clean(words), limit) or text.NOTHING
