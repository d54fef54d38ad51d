"""An Answer as Discord messages: a sentence, and an embed with what goes with it.

`render` never fails on an Answer that exists, never exceeds Discord's limits and never lets text from data
become markdown.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, tzinfo
from typing import assert_never

from bot.answer import Answer, Kind, Option
from bot.render import discord_card, discord_rows, receipt, text
from bot.render import discord_kit as kit
from bot.render.discord_kit import Body, Message
from bot.render.sheet import sheet, shown_of


def render(answer: Answer, tz: tzinfo = UTC, *, pictured: bool = False) -> list[Message]:
    """One message, or more where one does not hold the answer; in the order to be sent.

    `pictured`: its chart goes with it as a picture, and need not be drawn with characters.
    """
    return kit.messages(answer.text, _body(answer, tz, pictured))


def why(answer: Answer, tz: tzinfo = UTC) -> list[Message]:
    """The answer's receipt: definition, what was counted, what was left out, how fresh."""
    lines = [
        piece for line in receipt.lines(answer, tz) for piece in kit.pieces(f"• {line}", kit.FIELD_VALUE)
    ]
    return kit.messages("Why this number?", Body(parts=kit.packed(lines, kit.DESCRIPTION)))


def labels(options: Sequence[Option]) -> list[str]:
    """What the button of each choice says in full."""
    return [_label(option) for option in options]


def _body(answer: Answer, tz: tzinfo, pictured: bool) -> Body:
    match answer.kind:
        case Kind.NUMBER:
            body = _number(answer)
        case Kind.COMPARISON:
            body = _comparison(answer)
        case Kind.TABLE:
            body = Body(parts=discord_rows.table(sheet(answer, tz)))
        case Kind.SERIES | Kind.BREAKDOWN:
            rows = sheet(answer, tz)
            body = Body(parts=discord_rows.table(rows) if pictured else discord_rows.bars(rows))
        case Kind.PROFILE:
            body = discord_card.card(answer.profile, tz) if answer.profile else Body()
        case Kind.CLARIFY | Kind.REFUSE:
            body = _choices(answer)
        case _:
            assert_never(answer.kind)
    body.small_print = _small_print(answer, tz)
    return body


def _number(answer: Answer) -> Body:
    if answer.values:
        figures = [text.figure(amount, answer.unit, currency) for currency, amount in answer.values.items()]
        lines = [f"**{kit.literal(figure)}**" for figure in figures]
        return Body(parts=kit.packed(lines, kit.DESCRIPTION))
    if answer.value is None:
        return Body()
    return Body(title=text.figure(answer.value, answer.unit, answer.currency))


def _comparison(answer: Answer) -> Body:
    compared = _compared(answer)
    label = text.clean(answer.period.label if answer.period else "") or "now"
    pairs: list[tuple[str, str]] = []
    for currency, (now, before) in compared.items():
        moved = text.change(now, before, answer.unit, currency)
        pairs += [
            (label[:1].upper() + label[1:], _figure(now, answer, currency)),
            ("Before", _figure(before, answer, currency)),
            ("Change", kit.shortened(f"{moved.arrow} {moved.text}", kit.FIELD_VALUE)),
        ]
    if len(compared) != 1:
        return Body(fields=kit.facts(pairs))
    (currency, (now, before)) = next(iter(compared.items()))
    moved = text.change(now, before, answer.unit, currency)
    title = f"{text.figure(now, answer.unit, currency)} {moved.arrow} {moved.text}"
    return Body(title=title, fields=kit.facts(pairs[:2]))


def _figure(value: float, answer: Answer, currency: str | None) -> str:
    return kit.shortened(text.figure(value, answer.unit, currency), kit.FIELD_VALUE)


def _choices(answer: Answer) -> Body:
    """What the buttons do not say in full."""
    told = labels(answer.options or ())
    long = [words for i, words in enumerate(told) if kit.size(words) > kit.BUTTON_LABEL or i >= kit.BUTTONS]
    lines = [piece for words in long for piece in kit.pieces(f"• {words}", kit.FIELD_VALUE)]
    return Body(parts=kit.packed(lines, kit.DESCRIPTION), color=kit.ASKING)


def _label(option: Option) -> str:
    label = text.clean(option.label)
    return f"{label} · {text.clean(option.detail)}" if option.detail else label


def _small_print(answer: Answer, tz: tzinfo) -> str:
    """How many rows of how many, the period where the sentence does not say it, and how fresh the data is."""
    shown = shown_of(answer) if answer.rows is not None else None
    label = text.clean(answer.period.label) if answer.period else ""
    period = label if label and label not in text.clean(answer.text) else None
    return " · ".join(part for part in (shown and f"Showing {shown}", period, text.as_of(answer, tz)) if part)


def _compared(answer: Answer) -> dict[str | None, tuple[float, float]]:
    """Figure now and before, per currency where there are several; what is missing on one side counts 0."""
    if answer.values is not None:
        before = answer.previous if isinstance(answer.previous, Mapping) else {}
        currencies = dict.fromkeys([*answer.values, *before])
        return {c: (answer.values.get(c, 0), before.get(c, 0)) for c in currencies}
    if answer.value is None or answer.previous is None or isinstance(answer.previous, Mapping):
        return {}
    return {answer.currency: (answer.value, answer.previous)}
