"""A series drawn with characters: columns over time.

Only geometry: figures come with the words that stand for them, and what comes out is plain lines that a
renderer may colour. An eighth of a character is the smallest step; `ascii_only` does with whole ones.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil

_RISING = " ▁▂▃▄▅▆▇█"
_EIGHTHS = 8
_WIDEST_COLUMN = 6
_LEAST_PLOT = 8
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Point:
    """One figure of a series and how its place on the axis is called. None is a gap."""

    label: str
    value: float | None


@dataclass(frozen=True, slots=True)
class Frame:
    """How much room there is, in characters; `say` words a figure for the axis."""

    width: int
    height: int
    say: Callable[[float], str]
    ascii_only: bool = False


def columns(points: Sequence[Point], frame: Frame) -> list[str]:
    """One line a row, top first, then the labels of the axis. Empty for no figures.

    The scale begins at zero, so that a column's height is its figure; figures below zero hang from it.
    More points than room are thinned out evenly, the last always kept.
    """
    known = [point.value for point in points if point.value is not None]
    if not known:
        return []
    top, bottom = max(0.0, *known), min(0.0, *known)
    marks = (frame.say(top), frame.say(0), frame.say(bottom))
    margin = max(len(mark) for mark in marks) + 2
    room = max(frame.width - margin, _LEAST_PLOT)
    shown = _thinned(points, room)
    pitch = max(1, min(_WIDEST_COLUMN, room // len(shown)))
    scale = ((top - bottom) or 1.0) / frame.height
    below = ceil(-bottom / scale - _ROUNDING)
    above = max(ceil(top / scale - _ROUNDING), 0 if below else 1)
    lines = []
    for row in range(above - 1, -below - 1, -1):
        mark = _mark(row, above, below, marks)
        axis = "┤" if mark else "│"
        bars = "".join(_cell(point.value, row, scale, frame) * _ink(pitch) + _gap(pitch) for point in shown)
        lines.append(f"{mark:>{margin - 2}} {'|' if frame.ascii_only else axis}{bars}".rstrip())
    return [*lines, *_axis_labels(shown, pitch, margin)]


def _thinned(points: Sequence[Point], room: int) -> list[Point]:
    if len(points) <= room:
        return list(points)
    return [points[(place + 1) * len(points) // room - 1] for place in range(room)]


def _ink(pitch: int) -> int:
    return max(1, pitch - 1)


def _gap(pitch: int) -> str:
    return " " * (pitch - _ink(pitch))


def _mark(row: int, above: int, below: int, marks: tuple[str, str, str]) -> str:
    """The figure beside a row: the largest at the top, zero at its line, the smallest at the bottom."""
    top, zero, bottom = marks
    if row == -below and below:
        return bottom
    if row == above - 1 and above:
        return top
    return zero if row in {0, -1} and row == (0 if above else -1) else ""


def _cell(value: float | None, row: int, scale: float, frame: Frame) -> str:
    """How much of the character in that row a column fills. Row 0 stands on the zero line."""
    if not value:
        return " "
    if row >= 0:
        filled = round(min(max(value / scale - row, 0.0), 1.0) * _EIGHTHS)
        if value > 0 and row == 0:
            filled = max(filled, 1)
        return ("#" if filled >= _EIGHTHS / 2 else " ") if frame.ascii_only else _RISING[filled]
    hanging = -value / scale - (-row - 1)
    if hanging <= 0.25:  # noqa: PLR2004 - characters fill from the bottom: from the top there are only halves
        return " "
    if frame.ascii_only:
        return "#"
    return "█" if hanging > 0.75 else "▀"  # noqa: PLR2004 - see above


def _axis_labels(shown: Sequence[Point], pitch: int, margin: int) -> list[str]:
    """As many labels as fit with a blank between them: the first, the last, and evenly some of the others."""
    line, taken = [" "] * (margin + pitch * len(shown) + 16), margin - 1
    first, last = shown[0], shown[-1]
    end_of_axis = margin + pitch * len(shown)
    last_at = max(margin, end_of_axis - len(last.label)) if len(shown) > 1 else margin
    for place, point in enumerate(shown):
        at = last_at if point is last else margin + pitch * place
        limit = last_at - 1 if point is not last and last is not first else len(line)
        if (at > taken or point is first) and at + len(point.label) <= limit:
            line[at : at + len(point.label)] = point.label
            taken = at + len(point.label) + 1
    return ["".join(line).rstrip()]
