"""Why this number, in lines that every renderer can show."""

from collections.abc import Iterator
from datetime import tzinfo

from bot.answer import Answer
from bot.render import text


def lines(answer: Answer, tz: tzinfo) -> Iterator[str]:
    """The answer's receipt, a fact a line; a sentence where it has none."""
    receipt = answer.receipt
    if receipt is None:
        yield "There is no figure to account for."
        return
    if receipt.definition:
        yield f"{receipt.definition}."
    if answer.period is not None:
        start, end = (moment.astimezone(tz) for moment in (answer.period.start, answer.period.end))
        when = (
            f"{start:%Y-%m-%d %H:%M} up to {end:%Y-%m-%d %H:%M}" if start < end else f"{end:%Y-%m-%d %H:%M}"
        )
        yield f"Time: {when} ({tz})."
    if receipt.counted is not None:
        yield f"Counted: {text.count(receipt.counted)} {receipt.noun}."
    for left in receipt.left_out:
        yield f"Left out: {text.count(left.count)} {left.noun}, {left.reason}."
    if receipt.complete and not receipt.left_out:
        yield "Left out: nothing that this figure would count."
    yield from receipt.rates
    if (fresh := text.as_of(answer, tz)) is not None:
        yield fresh
