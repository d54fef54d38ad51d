"""The buttons under an answer: a step further, all rows as a file, the reasons, thumbs, a look in private."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot import plans
from bot.answer import Answer
from bot.audience import without_money
from bot.buttons import Press
from bot.model_ledger import asked_from
from bot.render import offers as offered
from bot.render import receipt
from bot.render.csv import csv_of, name_of
from bot.render.slack_repair import plain
from bot.slack import texts
from bot.slack.answering import Answering, Asked, Reply
from bot.slack.delivery import InChannel, NotDelivered, NotNow
from bot.slack.files import send_privately
from storage.chat_access import Role
from storage.metrics.plan import Plan
from storage.trust.audit_terms import Channel

OURS = frozenset({offered.WAY, offered.CSV, offered.WHY, offered.SEE, offered.VOTE, offered.SHARE})


@dataclass(frozen=True, slots=True)
class Pressed:
    """A button of an answer, pressed by somebody who may ask. `value` is the button's, for one more like it;
    `is_sure`: they were warned."""

    press: Press
    asked: Asked
    reply: Reply
    role: Role
    account_id: int
    client: AsyncWebClient
    value: str = ""
    is_sure: bool = False


def pressed(
    answering: Answering, asked: Asked, reply: Reply, client: AsyncWebClient, body: dict[str, Any]
) -> None:
    """Does what the button says, in the background: once for a double click."""
    action = body["actions"][0]
    value = str(action.get("value") or "")
    thumb = value[:1] if action["action_id"].split(":")[0] == offered.VOTE else ""
    where = body.get("container", {})
    ballot = f"{where.get('channel_id')}/{where.get('message_ts')}/{asked.user}"
    once = replace(asked, key=f"{asked.team}:press:{ballot}:{action['action_id']}")

    async def work(account_id: int, role: Role) -> None:
        press = await answering.shows.backing.buttons.read(account_id, value[len(thumb) :])
        if press is None or press.do not in OURS:
            await reply.aside.send([texts.say(texts.NO_LONGER)])
        elif thumb:
            await _vote(answering, Pressed(press, asked, reply, role, account_id, client), ballot, thumb)
        else:
            is_sure = action["action_id"] == texts.SHARE_ANYWAY
            by = Pressed(press, asked, reply, role, account_id, client, value, is_sure)
            await _DOES[press.do](answering, by)

    answering.press(once, reply, work)


async def _go_on(answering: Answering, by: Pressed) -> None:
    """The next answer, where the button is."""
    await answering.show(await _answer(answering, by), by.asked, by.reply.answer, by.account_id, by.role)


async def _see(answering: Answering, by: Pressed) -> None:
    """What was withheld from a channel, for the eyes of whoever pressed."""
    await answering.show(await _answer(answering, by), by.asked, by.reply.aside, by.account_id, by.role)


async def _share(answering: Answering, by: Pressed) -> None:
    """What one person saw, for everybody in the channel where it was asked: as far as they may see it.

    Where people from outside are in it, whoever shares is warned first."""
    channel = by.asked.conversation.split(":")[1]
    access = answering.shows.access
    warning = None if by.is_sure else await access.warning(by.account_id, by.asked.team, channel)
    if warning is not None:
        await by.reply.aside.send([texts.share_anyway(warning, by.value)])
        return
    answer = await _answer(answering, by)
    try:
        await answering.show(answer, by.asked, InChannel(by.client, channel), by.account_id, by.role)
    except NotNow:
        raise
    except NotDelivered as problem:
        await by.reply.aside.send([texts.say(texts.cannot_share(problem.code))])


async def _why(answering: Answering, by: Pressed) -> None:
    """The receipt, for the eyes of whoever asks why."""
    answer = await answering.shows.backing.why(by.account_id, await _for_role(answering, by))
    lines = list(receipt.lines(answer, await answering.shows.zone_of(by.account_id)))
    await by.reply.aside.send([texts.reasons(answer.text, lines)])


async def _csv(answering: Answering, by: Pressed) -> None:
    """All rows as a file that nobody else gets."""
    if by.press.plan is None:
        await by.reply.aside.send([texts.say(texts.NO_LONGER)])
        return
    everything = plans.with_all_rows(Plan.model_validate(by.press.plan))
    answer = await answering.asks.run(everything, question=by.asked.question, account_id=by.account_id)
    answer = without_money(answer) if by.role is Role.VIEWER else answer
    if not answer.rows:
        await by.reply.aside.send([texts.say(plain(answer.text))])
        return
    words = texts.file_of(len(answer.rows), answer.total_rows or len(answer.rows))
    await send_privately(by.client, by.asked.user, name_of(answer), csv_of(answer), words)
    await by.reply.aside.send([texts.say(texts.FILE_SENT)])


async def _vote(answering: Answering, by: Pressed, ballot: str, thumb: str) -> None:
    is_good = thumb == offered.GOOD
    await answering.shows.backing.votes.count(by.account_id, ballot, by.press, is_good=is_good)
    await by.reply.aside.send([texts.say(texts.THANKS if is_good else texts.SORRY)])


async def _for_role(answering: Answering, by: Pressed) -> Answer:
    answer = await _answer(answering, by)
    return without_money(answer) if by.role is Role.VIEWER else answer


async def _answer(answering: Answering, by: Pressed) -> Answer:
    """The button's plan run anew; where there was none, its question asked anew."""
    question = by.press.question or ""
    if by.press.plan is None:
        with asked_from(Channel.SLACK):
            return await answering.asks.ask(
                question, account_id=by.account_id, conversation=by.asked.conversation
            )
    return await answering.asks.run(
        Plan.model_validate(by.press.plan),
        question=question,
        account_id=by.account_id,
        conversation=by.asked.conversation,
    )


_DOES: dict[str, Callable[[Answering, Pressed], Awaitable[None]]] = {
    offered.WAY: _go_on,
    offered.CSV: _csv,
    offered.WHY: _why,
    offered.SEE: _see,
    offered.VOTE: _see,
    offered.SHARE: _share,
}
