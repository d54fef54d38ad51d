"""Brings thoughts to Discord: each with a nonce made of its key, and only where all who read may see it."""

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import discord

from bot.discord.access import Guild, audience, rules_of
from bot.discord.posts import message_at
from bot.discord.rest import FAILURES, Rest
from bot.discord.sending import DIRECT, File, arguments, nonce
from bot.discord.showing import CHART
from bot.render import discord_kit as kit
from bot.render.digest_charts import charts_of
from bot.render.discord_kit import Message
from bot.render.discord_thoughts import mentioned, thought_messages
from bot.render.picture import drawn
from bot.render.thought_words import fallback
from storage.chat_access import Platform, Role, read_rules
from storage.discord_guilds import find_guild, place
from storage.session import Database
from storage.trust.messages import Post
from thoughts.digest import Digest
from thoughts.ports import Gone, Later, Letter, Outcome, Sent

_CHECKED_FOR = 60.0
_KEPT_AT_MOST = 5_000
_TRY_AGAIN = 30.0
_LOOKED_THROUGH = 200
_CLOCKS_DIFFER = timedelta(minutes=1)
_SERVER_ERROR = 500
_TOO_MANY = 429
_UNAUTHORISED = 401


class _NotThere(Exception):
    """Nothing can be posted there; `code` is why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(slots=True)
class DiscordCourier:
    """The `thoughts.ports.Courier` of Discord."""

    rest: Rest
    db: Database
    clock: Callable[[], float] = time.monotonic
    _checked: OrderedDict[tuple[str, str], float] = field(default_factory=OrderedDict)

    async def post(self, letter: Letter) -> Outcome:
        messages = thought_messages(letter)
        try:
            channel = await self._channel(letter)
            if letter.edits is not None:
                return await self._edit(letter, letter.edits, messages[0])
            files = await _files(letter)
            posts = [
                await self._send(channel, letter, page, message, files if page == 0 else ())
                for page, message in enumerate(messages)
            ]
        except _NotThere as problem:
            return Gone(problem.code)
        except FAILURES as problem:
            return _outcome(problem)
        return Sent(tuple(posts), text=fallback(letter))

    async def find(self, letter: Letter) -> Outcome | None:
        """Looks through what we have said there since the letter was written."""
        first = thought_messages(letter)[0]
        try:
            channel = await self._channel(letter)
            history = channel.history(after=letter.made_at - _CLOCKS_DIFFER, limit=_LOOKED_THROUGH)
            me = (await self.rest.client()).user
            async for said in history:
                if me is not None and said.author.id == me.id and _says(said, first):
                    where = place(int(letter.target.team), said.channel.id)
                    return Sent((Post(where, str(said.id)),), text=fallback(letter))
        except _NotThere as problem:
            return Gone(problem.code)
        except FAILURES as problem:
            return _outcome(problem)
        return None

    async def person(self, team: str, email: str) -> str | None:
        """Discord does not tell bots whom an address belongs to."""
        return None

    async def _send(
        self,
        channel: discord.abc.Messageable,
        letter: Letter,
        page: int,
        message: Message,
        files: Sequence[File],
    ) -> Post:
        given = arguments(message, files)
        called = mentioned(letter) if page == 0 else []
        calling = "\n" + " ".join(f"<@{who}>" for who in called)
        if called and kit.size(given["content"] + calling) <= kit.CONTENT:
            given["content"] += calling
            people = [discord.Object(who) for who in called]
            given["allowed_mentions"] = discord.AllowedMentions(everyone=False, roles=False, users=people)
        if page == 0 and letter.target.thread is not None:
            above = message_at(await self.rest.client(), letter.target.thread)
            given["reference"] = above.to_reference(fail_if_not_exists=False)
        sent = await channel.send(**given, nonce=nonce(f"{letter.key}:{page}"))
        return Post(place(int(letter.target.team), sent.channel.id), str(sent.id))

    async def _edit(self, letter: Letter, post: Post, message: Message) -> Outcome:
        given = arguments(message)
        await message_at(await self.rest.client(), post).edit(
            content=given["content"],
            embeds=given.get("embeds", []),
            allowed_mentions=given["allowed_mentions"],
        )
        return Sent((post,), text=fallback(letter))

    async def _channel(self, letter: Letter) -> discord.abc.Messageable:
        """Where to post; raises _NotThere where those who read it may not see what is told."""
        client, target = await self.rest.client(), letter.target
        if not (target.team.isdigit() and target.place.removeprefix(DIRECT).isdigit()):
            raise _NotThere("no_such_place")
        if not self._is_checked(target.team, target.place):
            await self._check(client, int(target.team), target.place)
            self._note(target.team, target.place)
        if target.place.startswith(DIRECT):
            return await client.create_dm(discord.Object(int(target.place.removeprefix(DIRECT))))
        return client.get_partial_messageable(int(target.place))

    async def _check(self, client: discord.Client, guild_id: int, where: str) -> None:
        row = await find_guild(self.db, guild_id)
        if row is None:
            raise _NotThere("not_connected")
        rules = rules_of(row.roles, await read_rules(self.db, row.account_id, Platform.DISCORD))
        guild, server = Guild(guild_id, row.account_id, rules), await client.fetch_guild(guild_id)
        if where.startswith(DIRECT):
            await _check_person(guild, server, int(where.removeprefix(DIRECT)))
            return
        channels = {str(channel.id): channel for channel in await server.fetch_channels()}
        if where not in channels:
            raise _NotThere("unknown_channel")
        readers = audience(channels[where], guild, client.user.id if client.user else 0)
        if readers.outsiders or readers.role in (Role.NONE, Role.VIEWER):
            raise _NotThere("read_by_others")

    def _is_checked(self, team: str, where: str) -> bool:
        at = self._checked.get((team, where))
        return at is not None and self.clock() - at < _CHECKED_FOR

    def _note(self, team: str, where: str) -> None:
        self._checked[team, where] = self.clock()
        self._checked.move_to_end((team, where))
        if len(self._checked) > _KEPT_AT_MOST:
            self._checked.popitem(last=False)


async def _files(letter: Letter) -> Sequence[File]:
    """A digest's chart."""
    png = await drawn(charts_of(letter.digest)) if isinstance(letter.digest, Digest) else None
    return () if png is None else (File(CHART, png, "Chart: MRR over the last periods"),)


async def _check_person(guild: Guild, server: discord.Guild, user_id: int) -> None:
    try:
        member = await server.fetch_member(user_id)
    except discord.NotFound:
        raise _NotThere("no_member") from None
    if guild.role_of(user_id, [role.id for role in member.roles]) in (Role.NONE, Role.VIEWER):
        raise _NotThere("no_role")


def _says(said: discord.Message, message: Message) -> bool:
    """Whether it is this message: what people were called by stands below its content."""
    described = said.embeds[0].description if said.embeds else None
    wanted = message.embed.get("description") if message.embed else None
    return said.content.startswith(message.content) and described == wanted


def _outcome(problem: BaseException) -> Outcome:
    """What a failure means for the letter. Discord holds a nonce for minutes: that settles most doubts."""
    if isinstance(problem, discord.RateLimited):
        return Later(problem.retry_after, "rate_limited", doubtful=False)
    if isinstance(problem, discord.HTTPException):
        if problem.status == _TOO_MANY:
            return Later(_TRY_AGAIN, "rate_limited", doubtful=False)
        if problem.status < _SERVER_ERROR and problem.status != _UNAUTHORISED:
            return Gone(f"discord_{problem.code}")
        return Later(_TRY_AGAIN, f"status_{problem.status}")
    return Later(_TRY_AGAIN, type(problem).__name__)
