"""Charts as pictures."""

import asyncio
import time

from hypothesis import given, settings

from bot.answer import Answer
from bot.render.chart_data import MOST_POINTS, charts
from bot.render.picture import chart_png
from tests.bot import answers as example


@settings(max_examples=60, deadline=None)
@given(answer=example.answers())
def test_any_answer_can_be_asked_for_its_charts(answer: Answer) -> None:
    """Whatever an answer holds, its charts have as many figures as places, and none that cannot be drawn."""
    for chart in charts(answer):
        assert 2 <= len(chart.categories) == len(chart.values) == len(chart.figures) <= MOST_POINTS
        assert all(value is None or abs(value) <= 1e18 for value in chart.values)


async def test_a_series_is_a_small_transparent_picture() -> None:
    """A chart is a PNG with a transparent ground, small enough to send."""
    png = await chart_png(example.SERIES)
    assert png is not None
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    assert png[25] == 6  # colour with alpha
    assert len(png) < 100_000


async def test_drawing_does_not_hold_up_the_others() -> None:
    """While charts are drawn, the loop goes on: no other work waits longer than a moment."""
    await chart_png(example.SERIES)
    waits = []

    async def others() -> None:
        while True:
            started = time.perf_counter()
            await asyncio.sleep(0.005)
            waits.append(time.perf_counter() - started)

    other = asyncio.create_task(others())
    await asyncio.gather(*(chart_png(example.BREAKDOWN) for _ in range(3)))
    other.cancel()
    assert sorted(waits)[len(waits) // 2] < 0.1


async def test_what_has_no_chart_has_no_picture() -> None:
    """A number, a list or one point alone is not drawn."""
    assert await chart_png(example.NUMBER) is None
    assert await chart_png(example.TABLE) is None
    assert await chart_png(example.SERIES.model_copy(update={"rows": example.SERIES.rows[:1]})) is None
