"""What goes with an answer in Discord: its messages, a chart, and the buttons under it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from bot import plans
from bot.answer import Answer
from bot.discord.buttons import Act, Button, Choice, Kept
from bot.discord.sending import File
from bot.render import csv, offers
from bot.render import discord as render
from bot.render import discord_kit as kit
from bot.render.discord_kit import Message
from bot.render.picture import chart_png
from storage.metrics.plan import Plan

CHART = "chart.png"
_OTHERS = 3


@dataclass(frozen=True, slots=True)
class Drawing:
    messages: Sequence[Message]
    files: Sequence[File] = ()


async def drawing(answer: Answer, zone: tzinfo) -> Drawing:
    """The answer as Discord shows it, with its chart as a picture where there is one to draw."""
    png = await chart_png(answer, zone)
    if png is None:
        return Drawing(render.render(answer, zone))
    return Drawing(render.render(answer, zone, pictured=True), (File(CHART, png, f"Chart: {answer.text}"),))


async def csv_of(answer: Answer) -> File:
    """All rows that the answer has, as a file."""
    return File(csv.name_of(answer), await asyncio.to_thread(csv.csv_of, answer))


def buttons_of(
    answer: Answer, conversation: str, zone: tzinfo, *, can_share: bool, now: datetime | None = None
) -> tuple[Kept, list[Button]]:
    """The buttons under an answer, and what is kept for when they are pressed."""
    choices, labels = _choices(answer), render.labels(answer.options or ())
    if not answer.options:
        ways = plans.ways_on(answer, now or datetime.now(UTC), zone)
        choices = tuple(Choice(f"{answer.question} · {way.label}", _json(way.plan)) for way in ways)
        labels = [way.label for way in ways]
    buttons = [Button(Act.ASK, label, number) for number, label in enumerate(labels[: kit.BUTTONS - _OTHERS])]
    if offers.has_receipt(answer):
        buttons.append(Button(Act.WHY, "Why this number?"))
    if offers.has_csv(answer):
        buttons.append(Button(Act.CSV, "All as CSV"))
    if can_share and answer.plan is not None:
        buttons.append(Button(Act.SHARE, "Share in channel"))
    plan = plans.plan_of(answer)
    return Kept(answer.question, conversation, choices, _json(plan) if plan else None), buttons


def _choices(answer: Answer) -> tuple[Choice, ...]:
    return tuple(
        Choice(
            option.question or option.label,
            _json(Plan.model_validate(option.plan)) if option.plan else None,
        )
        for option in answer.options or ()
    )


def _json(plan: Plan) -> str:
    return plan.model_dump_json(exclude_none=True)
