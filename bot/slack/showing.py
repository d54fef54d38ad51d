"""From an answer to posts in Slack: for its audience, in the richest layout that the workspace takes."""

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo

import msgspec
import structlog
from aiohttp import ClientError
from slack_sdk.errors import SlackApiError

from bot import plans
from bot.answer import Answer
from bot.audience import Audience, Showing, showing, without_money
from bot.buttons import Press, may_name_somebody
from bot.render import offers as offered
from bot.render.offers import Offers
from bot.render.picture import chart_png
from bot.render.slack import render
from bot.render.slack_blocks import Layout, Message
from bot.render.slack_repair import in_words
from bot.slack import texts
from bot.slack.access import Access
from bot.slack.backing import Backing
from bot.slack.delivery import BlocksRefused, ByResponseUrl, Delivery, NotNow, slack_code
from bot.slack.files import upload_picture
from bot.slack.outbox import Address, Letter, Outbox
from bot.slack.ports import Messages
from bot.slack.posts import posts_in
from bot.slack.zones import ZoneOf, always
from storage.chat_access import Role
from storage.metrics.plan import Plan
from storage.trust.messages import Post

_log = structlog.get_logger(__name__)
_POORER = {Layout.NATIVE: Layout.CLASSIC, Layout.CLASSIC: Layout.PLAIN}
_PICTURE_TRIES = 3
_PICTURE_PAUSE = 0.7  # an uploaded file can be shown only once Slack has looked at it


@dataclass(frozen=True, slots=True)
class Spot:
    """For whom and where an answer is shown, and the zone of its times. `asker` learns it where it can never
    arrive."""

    account_id: int
    team: str
    asker: str
    role: Role
    delivery: Delivery
    tz: tzinfo = UTC


@dataclass(slots=True)
class Shows:
    """`layout` is the richest one to try in a workspace that is not known yet."""

    backing: Backing
    access: Access
    outbox: Outbox
    messages: Messages
    zone_of: ZoneOf = always(UTC)  # noqa: RUF009 - made once for all, and keeps nothing
    layout: Layout = Layout.NATIVE
    _layouts: dict[str, Layout] = field(default_factory=dict)

    async def show(self, answer: Answer, spot: Spot) -> None:
        """Posts what that audience may see of the answer, and keeps it as a Message."""
        spot = replace(spot, tz=await self.zone_of(spot.account_id))
        if spot.role is Role.VIEWER:
            answer = without_money(answer)
        audience = await self._audience(spot)
        shown = showing(answer, audience)
        if shown is Showing.WITHHELD:
            await self._withhold(answer, spot, outsiders=audience.outsiders)
            return
        kept_as = secrets.token_bytes(16)
        notes = [texts.OUTSIDERS_SEE] if shown is Showing.FIGURES_ONLY else []
        posts = await self._post(answer, spot, kept_as, notes)
        await self.messages.keep(spot.account_id, answer, posts_in(spot.team, posts), as_id=kept_as)

    async def say(self, messages: Sequence[Message], spot: Spot) -> None:
        """Posts something else than an answer; what Slack cannot take now follows later."""
        await self._send(messages, spot, None)

    async def _audience(self, spot: Spot) -> Audience:
        if spot.delivery.seen_in is None:
            return Audience(role=spot.role)
        return await self.access.audience(spot.account_id, spot.team, spot.delivery.seen_in)

    async def _withhold(self, answer: Answer, spot: Spot, *, outsiders: bool) -> None:
        press = Press(do=offered.SEE, plan=answer.plan, question=answer.question)
        values = await self.backing.buttons.make(spot.account_id, [press], personal=True)
        await self._send([texts.withheld(values[0], outsiders=outsiders)], spot, None)

    async def _post(self, answer: Answer, spot: Spot, kept_as: bytes, notes: Sequence[str]) -> list[Post]:
        """A workspace that refuses a layout is remembered, and gets the next poorer one from then on."""
        offers = replace(await self.offers(answer, spot), notes=tuple(notes))
        layout = self._layouts.get(spot.team, self.layout)
        while True:
            try:
                return await self._in_layout(answer, spot, kept_as, offers, layout)
            except BlocksRefused:
                poorer = _POORER.get(layout)
                if poorer is None:
                    break
            self._layouts[spot.team] = layout = poorer
            _log.info("slack.layout_from_now_on", team=spot.team, state=layout)
        plain = [said for message in render(answer, spot.tz, layout, offers) for said in in_words(message)]
        return await self._send(plain, spot, kept_as)

    async def _in_layout(
        self, answer: Answer, spot: Spot, kept_as: bytes, offers: Offers, layout: Layout
    ) -> list[Post]:
        picture = await self._picture(answer, spot) if layout is Layout.CLASSIC else None
        for _ in range(_PICTURE_TRIES if picture else 0):
            try:
                drawn = render(answer, spot.tz, layout, replace(offers, picture=picture))
                return await self._send(drawn, spot, kept_as)
            except BlocksRefused:
                await asyncio.sleep(_PICTURE_PAUSE)
        return await self._send(render(answer, spot.tz, layout, offers), spot, kept_as)

    async def _picture(self, answer: Answer, spot: Spot) -> str | None:
        """A chart of the answer as a file in Slack; None where there is none to draw, or no place for it."""
        png = await chart_png(answer, spot.tz)
        if png is None:
            return None
        try:
            return await upload_picture(self.outbox.client_of(spot.team), png)
        except (SlackApiError, ClientError, OSError, TimeoutError) as problem:
            code = slack_code(problem) if isinstance(problem, SlackApiError) else "unreachable"
            _log.info("slack.no_picture", team=spot.team, code=code)
            return None

    async def _send(self, messages: Sequence[Message], spot: Spot, kept_as: bytes | None) -> list[Post]:
        """Posts these, or puts them behind what waits there already."""
        place = spot.delivery.place
        address = Address(
            team=spot.team,
            channel=place.channel,
            key=secrets.token_hex(12),
            thread=place.thread,
            only_for=place.only_for,
            asker=spot.asker,
            kept_as=kept_as,
        )
        if await self.backing.letters.waits(spot.account_id, address.lane):
            await self.outbox.put(spot.account_id, letters(address, messages), 0)
            return []
        try:
            return await spot.delivery.send(messages)
        except NotNow as later:
            await self.outbox.put(spot.account_id, letters(address, later.messages, later.key), later.seconds)
            return later.posts

    async def offers(self, answer: Answer, spot: Spot) -> Offers:
        """The buttons of an answer."""
        plan, make = plans.plan_of(answer), self.backing.buttons.make
        can_vote = offered.may_be_voted_on(answer)
        votes = await make(spot.account_id, [_vote(answer, plan)], personal=False) if can_vote else [None]
        if plan is None:
            return Offers(vote=votes[0])
        ways = plans.ways_on(answer, datetime.now(UTC), spot.tz)
        presses = [_press(offered.WAY, way.plan, way.label) for way in ways]
        presses += [_press(offered.CSV, plan)] if offered.has_csv(answer) else []
        presses += [_press(offered.WHY, plan)] if offered.has_receipt(answer) else []
        is_hers = isinstance(spot.delivery, ByResponseUrl)
        presses += [_press(offered.SHARE, plan, answer.question)] if is_hers else []
        personal = may_name_somebody(answer) or not plans.names_nobody(plan)
        values = await make(spot.account_id, presses, personal=personal)
        of = {press.do: value for press, value in zip(presses, values, strict=True)}
        return Offers(
            ways=tuple((way.label, value) for way, value in zip(ways, values, strict=False)),
            csv=of.get(offered.CSV),
            why=of.get(offered.WHY),
            vote=votes[0],
            share=of.get(offered.SHARE),
        )


def _press(do: str, plan: Plan, label: str | None = None) -> Press:
    return Press(do=do, plan=plan.model_dump(mode="json", exclude_none=True), question=label)


def _vote(answer: Answer, plan: Plan | None) -> Press:
    """What a thumb stands for: nothing in it names anybody."""
    return Press(
        do=offered.VOTE,
        plan=plans.without_names(plan) if plan else None,
        kind=answer.kind,
        interpreter=answer.interpreter,
    )


def letters(address: Address, messages: Sequence[Message], first_key: str | None = None) -> list[Letter]:
    """These messages on their way to one place, each known to Slack by a key of its own."""
    keys = [first_key or address.key, *(f"{address.key}:{page}" for page in range(1, len(messages)))]
    return [
        Letter(msgspec.structs.replace(address, key=key), message)
        for key, message in zip(keys, messages, strict=False)
    ]
