"""An Answer as Slack messages: Block Kit, with a text for notifications and screen readers.

`render` never fails on an Answer that exists, never exceeds Slack's limits and never lets text from data
become markup.
"""

import json
from collections.abc import Mapping
from datetime import UTC, tzinfo
from typing import assert_never

from bot.answer import Answer, Kind, Option
from bot.render import slack_blocks as kit
from bot.render import slack_charts, slack_profile, slack_rows, text
from bot.render.chart_data import charts
from bot.render.offers import BAD, CSV, GOOD, NO_OFFERS, SHARE, VOTE, WAY, WHY, Offers
from bot.render.sheet import Sheet, sheet, shown_of
from bot.render.slack_blocks import Block, Layout, Message

CHOOSE = "choose"
"""Action ids of the buttons of a question back are `choose:0`, `choose:1`, ...; their value is JSON."""


def render(
    answer: Answer, tz: tzinfo = UTC, layout: Layout = Layout.NATIVE, offers: Offers = NO_OFFERS
) -> list[Message]:
    """One message, or more where one does not hold the answer; in the order to be sent."""
    drawn = [*_blocks(answer, tz, layout, offers), *kit.context(offers.notes), *_offered(offers, layout)]
    return kit.messages(drawn, answer.text)


def _offered(offers: Offers, layout: Layout) -> list[Block]:
    """What can be had beside the answer: ways on first, then its rows and its reasons; thumbs last."""
    shown = [kit.button(label, f"{WAY}:{i}", value) for i, (label, value) in enumerate(offers.ways)]
    if offers.csv is not None:
        shown.append(kit.button("Show all as CSV", CSV, offers.csv))
    if offers.why is not None:
        shown.append(kit.button("Why this number?", WHY, offers.why))
    if offers.share is not None:
        shown.append(kit.button("Share in channel", SHARE, offers.share))
    vote = offers.vote
    if vote is not None and layout is not Layout.NATIVE:
        shown.append(kit.button("\N{THUMBS UP SIGN}", f"{VOTE}:good", f"{GOOD}{vote}"))
        shown.append(kit.button("\N{THUMBS DOWN SIGN}", f"{VOTE}:bad", f"{BAD}{vote}"))
    drawn = kit.buttons(shown)
    if vote is not None and layout is Layout.NATIVE:
        drawn.append(kit.thumbs(f"{GOOD}{vote}", f"{BAD}{vote}", VOTE))
    return drawn


def chosen_question(value: str) -> str | None:
    """The question behind a button of ours; None for a value that is none of ours."""
    try:
        question = json.loads(value)["question"]
    except (ValueError, KeyError, TypeError):
        return None
    return question if isinstance(question, str) and question.strip() else None


def _blocks(answer: Answer, tz: tzinfo, layout: Layout, offers: Offers) -> list[Block]:
    match answer.kind:
        case Kind.NUMBER:
            body = _number(answer)
        case Kind.COMPARISON:
            body = _comparison(answer)
        case Kind.TABLE:
            return _table(answer, tz, layout)
        case Kind.SERIES | Kind.BREAKDOWN:
            return _figures(answer, tz, layout, offers.picture)
        case Kind.PROFILE:
            body = (
                slack_profile.card(answer, answer.profile, tz)
                if answer.profile
                else kit.paragraphs(answer.text)
            )
        case Kind.CLARIFY:
            body = _clarify(answer)
        case Kind.REFUSE:
            body = _refuse(answer)
        case _:
            assert_never(answer.kind)
    return [*body, *_small_print(answer, tz)]


def _number(answer: Answer) -> list[Block]:
    figures = _figures_said(answer)
    clean = text.clean(answer.text)
    missing = [figure for figure in figures if figure not in clean]
    return [*kit.lines([f"*{kit.literal(figure)}*" for figure in missing]), *kit.paragraphs(clean, figures)]


def _comparison(answer: Answer) -> list[Block]:
    """The figure, the one before and the change in columns; of several currencies, a line each."""
    compared = _compared(answer)
    said = kit.paragraphs(answer.text, _figures_said(answer))
    if len(compared) > 1:
        return [*said, *kit.lines([_change_in_line(answer, c, *pair) for c, pair in compared.items()])]
    label = text.shorten(text.clean(answer.period.label if answer.period else ""), kit.HEADER_TEXT) or "now"
    rows = []
    for currency, (now, before) in compared.items():
        rows += [
            (label[:1].upper() + label[1:], kit.literal(text.figure(now, answer.unit, currency))),
            ("Before", kit.literal(text.figure(before, answer.unit, currency))),
            ("Change", _change(answer, currency, now, before)),
        ]
    return [*said, *kit.fields(rows)]


def _change(answer: Answer, currency: str | None, now: float, before: float) -> str:
    moved = text.change(now, before, answer.unit, currency)
    return f"{moved.arrow} {kit.literal(moved.text)}"


def _change_in_line(answer: Answer, currency: str | None, now: float, before: float) -> str:
    figure, earlier = (kit.literal(text.figure(value, answer.unit, currency)) for value in (now, before))
    return f"*{figure}*  {_change(answer, currency, now, before)}  ·  {earlier} before"


def _table(answer: Answer, tz: tzinfo, layout: Layout) -> list[Block]:
    drawn = slack_rows.table(sheet(answer, tz), layout, answer.text)
    return [*kit.paragraphs(answer.text), *drawn.blocks, *_small_print(answer, tz, *drawn.notes)]


def _figures(answer: Answer, tz: tzinfo, layout: Layout, picture: str | None) -> list[Block]:
    """A chart, or the table where there is nothing to chart. Bars of text name every figure; beside a chart
    of Slack's own and a picture the file of rows does."""
    rows = sheet(answer, tz)
    native = slack_charts.native(charts(answer, tz)) if layout is Layout.NATIVE else None
    if native is not None:
        return [*kit.paragraphs(answer.text), *native, *_small_print(answer, tz)]
    if picture is not None:
        return [*kit.paragraphs(answer.text), kit.image(picture, _told(rows)), *_small_print(answer, tz)]
    drawn = slack_rows.chart(rows, layout) or slack_rows.table(rows, layout, answer.text)
    return [*kit.paragraphs(answer.text), *drawn.blocks, *_small_print(answer, tz, *drawn.notes)]


def _told(rows: Sheet) -> str:
    """A chart for those who cannot see it."""
    return "; ".join(f"{row[0]}: {row[1]}" for row in rows.rows if len(row) > 1)


def _clarify(answer: Answer) -> list[Block]:
    options = answer.options or ()
    labels = [_label(option) for option in options]
    offered, told = [], []
    for i, (option, label) in enumerate(zip(options, labels, strict=True)):
        value = json.dumps({"question": option.question or option.label}, ensure_ascii=False)
        if len(value) <= kit.BUTTON_VALUE:
            offered.append(kit.button(label, f"{CHOOSE}:{i}", value))
        if len(label) > kit.BUTTON_TEXT or len(value) > kit.BUTTON_VALUE:
            told += [f"• {kit.literal(piece)}" for piece in kit.pieces(label, kit.FIELD_TEXT)]
    return [*kit.paragraphs(answer.text), *kit.lines(told), *kit.buttons(offered)]


def _refuse(answer: Answer) -> list[Block]:
    """Why not, and what can be asked instead, each a click away."""
    return _clarify(answer)


def _label(option: Option) -> str:
    label = text.clean(option.label)
    return f"{label} · {text.clean(option.detail)}" if option.detail else label


def _small_print(answer: Answer, tz: tzinfo, *notes: str) -> list[Block]:
    """How many rows of how many, the period where the sentence does not say it, and how fresh the data is."""
    shown = shown_of(answer) if answer.rows is not None else None
    label = text.clean(answer.period.label) if answer.period else ""
    period = label if label and label not in text.clean(answer.text) else None
    said = " · ".join(part for part in (shown and f"Showing {shown}", period, text.as_of(answer, tz)) if part)
    return kit.context([*notes, said])


def _figures_said(answer: Answer) -> list[str]:
    if answer.values:
        return [text.figure(amount, answer.unit, currency) for currency, amount in answer.values.items()]
    return [text.figure(answer.value, answer.unit, answer.currency)] if answer.value is not None else []


def _compared(answer: Answer) -> dict[str | None, tuple[float, float]]:
    """Figure now and before, per currency where there are several; what is missing on one side counts 0."""
    if answer.values is not None:
        before = answer.previous if isinstance(answer.previous, Mapping) else {}
        currencies = dict.fromkeys([*answer.values, *before])
        return {c: (answer.values.get(c, 0), before.get(c, 0)) for c in currencies}
    if answer.value is None or answer.previous is None or isinstance(answer.previous, Mapping):
        return {}
    return {answer.currency: (answer.value, answer.previous)}
