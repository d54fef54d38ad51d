"""Who may ask in a Discord server, and who reads along in a channel.

Only people with a role that the account lets ask get answers; Discord's own permissions say who can read a
channel. What Discord does not say counts as the stricter.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import discord

from bot.audience import Audience
from storage.chat_access import Role, Rules

_KEEP_FOR = 60.0
_KEEP_AT_MOST = 10_000
_RANK = {role: rank for rank, role in enumerate(Role)}

Readable = discord.abc.GuildChannel | discord.Thread


@dataclass(frozen=True, slots=True)
class Guild:
    """A connected server: whose data it asks for, and what each of its roles may."""

    guild_id: int
    account_id: int
    rules: Rules

    def role_of(self, user_id: int, roles: Iterable[int]) -> Role:
        """What somebody may: their own line decides, else the best of their roles'."""
        return self.rules.role_of(str(user_id), frozenset(map(str, roles)))


def rules_of(may_ask: Iterable[int], chosen: Rules) -> Rules:
    """The account's choices on top of the roles that may ask: everybody else may not."""
    groups = {**{str(role): Role.MEMBER for role in may_ask}, **chosen.groups}
    return Rules(everybody=Role.NONE, people=chosen.people, groups=groups, channels=chosen.channels)


def audience(channel: Readable, guild: Guild, me: int | None = None) -> Audience:
    """Who can read a channel. A thread is read by those who read the channel that it is in, at most.

    Owners and administrators read every channel: they count as the server's own, and see what is in it.
    `me` is our own number, where the server's member list has not come with it.
    """
    place = channel.parent if isinstance(channel, discord.Thread) else channel
    if place is None:
        return Audience(role=Role.NONE, outsiders=True)
    me = place.guild.me.id if me is None else me
    readers = [guild.role_of(0, [role.id]) for role in place.guild.roles if _reads(role, place, me)]
    readers += [guild.rules.people.get(str(target), Role.NONE) for target in _people_let_in(place, me)]
    readers += [role for role in guild.rules.people.values() if role is not Role.NONE]
    members = [role for role in readers if role is not Role.NONE]
    return Audience(
        role=min(members, key=_RANK.__getitem__, default=Role.MEMBER),
        outsiders=len(members) < len(readers),
        figures_for_outsiders=guild.rules.shows_figures_to_outsiders(str(place.id)),
    )


def _reads(role: discord.Role, channel: discord.abc.GuildChannel, me: int) -> bool:
    """Whether somebody with that role alone can read the channel; the one made for us is nobody else's."""
    if role.permissions.administrator or (role.tags is not None and role.tags.bot_id == me):
        return False
    return channel.permissions_for(role).view_channel


def _people_let_in(channel: discord.abc.GuildChannel, me: int) -> list[int]:
    """People whom the channel lets in by name, but for ourselves."""
    return [
        target.id
        for target, overwrite in channel.overwrites.items()
        if not isinstance(target, discord.Role) and target.id != me and overwrite.view_channel is not False
    ]


@dataclass(slots=True)
class Members:
    """Asks Discord which roles somebody has in a server, and remembers it for a minute."""

    clock: Callable[[], float] = time.monotonic
    _known: OrderedDict[tuple[int, int], tuple[float, frozenset[int] | None]] = field(
        default_factory=OrderedDict
    )

    async def roles(self, guild: discord.Guild, user_id: int) -> frozenset[int] | None:
        """The ids of their roles there, or None where they are no member. Raises discord.HTTPException."""
        key, now = (guild.id, user_id), self.clock()
        known = self._known.get(key)
        if known and now - known[0] < _KEEP_FOR:
            return known[1]
        found = await _fetch(guild, user_id)
        self._known[key] = (now, found)
        self._known.move_to_end(key)
        if len(self._known) > _KEEP_AT_MOST:
            self._known.popitem(last=False)
        return found


async def _fetch(guild: discord.Guild, user_id: int) -> frozenset[int] | None:
    try:
        member = await guild.fetch_member(user_id)
    except discord.NotFound:
        return None
    return frozenset(role.id for role in member.roles)


def role_ids(member: discord.Member) -> frozenset[int]:
    """The ids of somebody's roles, @everyone among them."""
    return frozenset(role.id for role in member.roles)
