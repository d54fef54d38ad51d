"""Slack's data_visualization block as SVG, about as Slack draws it."""

import html
from collections.abc import Mapping
from typing import Any

_WIDTH, _HEIGHT = 520, 170
_LEFT, _BOTTOM, _TOP = 46, 24, 8


def drawn(block: Mapping[str, Any]) -> str:
    chart = block["chart"]
    points = [(p["label"], float(p["value"])) for p in chart["series"][0]["data"]]
    inner = _bars(points) if chart["type"] == "bar" else _area(points)
    picture = f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" width="100%">{inner}</svg>'
    return f'<div class="chart"><div class="title">{html.escape(block["title"])}</div>{picture}</div>'


def _scale(values: list[float]) -> tuple[float, list[float]]:
    """A round top, and where the lines go."""
    largest = max([*values, 1e-9])
    step = 10 ** (len(str(int(largest))) - 1)
    while largest / step < 2.5:
        step /= 2
    lines = [step * number for number in range(int(-(-largest // step)) + 1)]
    return lines[-1], lines


def _grid(lines: list[float], top: float) -> str:
    parts = []
    for value in lines:
        y = _y(value, top)
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH}" y1="{y}" y2="{y}"/>')
        parts.append(
            f'<text class="axis" x="{_LEFT - 8}" y="{y + 4}" text-anchor="end">{_said(value)}</text>'
        )
    return "".join(parts)


def _area(points: list[tuple[str, float]]) -> str:
    top, lines = _scale([value for _, value in points])
    step = (_WIDTH - _LEFT - 14) / max(1, len(points) - 1)
    at = [(_LEFT + number * step, _y(value, top)) for number, (_, value) in enumerate(points)]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in at)
    floor = _y(0, top)
    shade = f"{at[0][0]:.1f},{floor} {line} {at[-1][0]:.1f},{floor}"
    labels = "".join(_label(*one, last=len(points) - 1) for one in enumerate(zip(points, at, strict=True)))
    shaded = f'<polygon class="shade" points="{shade}"/><polyline class="line" points="{line}"/>'
    return f"{_grid(lines, top)}{shaded}{labels}"


def _label(number: int, point: tuple[tuple[str, float], tuple[float, float]], last: int) -> str:
    """Every second or third place has its name, the last always."""
    every = -(-(last + 1) // 6)
    if (last - number) % every:
        return ""
    (words, _), (x, _) = point
    anchor = "end" if number == last else "middle"
    at = f'x="{x + 10 if number == last else x:.1f}" y="{_HEIGHT - 5}" text-anchor="{anchor}"'
    return f'<text class="axis" {at}>{html.escape(words)}</text>'


def _bars(points: list[tuple[str, float]]) -> str:
    top, lines = _scale([value for _, value in points])
    room = (_WIDTH - _LEFT) / len(points)
    parts = [_grid(lines, top)]
    for number, (label, value) in enumerate(points):
        x, y, wide = _LEFT + room * number + room * 0.18, _y(value, top), room * 0.64
        size = f'width="{wide:.1f}" height="{_y(0, top) - y:.1f}"'
        below = f'x="{x + wide / 2:.1f}" y="{_HEIGHT - 5}" text-anchor="middle"'
        parts.append(f'<rect class="bar" rx="3" x="{x:.1f}" y="{y:.1f}" {size}/>')
        parts.append(f'<text class="axis" {below}>{html.escape(label[:14])}</text>')
    return "".join(parts)


def _y(value: float, top: float) -> float:
    return _HEIGHT - _BOTTOM - (value / top) * (_HEIGHT - _BOTTOM - _TOP)


def _said(value: float) -> str:
    for size, sign in ((1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.3g}{sign}"
    return f"{value:.3g}"
