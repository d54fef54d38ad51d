"""Who is asking: in a server by the roles that Discord sends along, in direct messages by asking Discord."""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

import discord

from bot.discord import texts
from bot.discord.access import Guild, Members, role_ids
from bot.discord.answering import Asker
from bot.discord.house import House
from storage.chat_access import Role

MOST_SERVERS = 25
"""In how many servers somebody is looked for who writes a direct message."""

_REMEMBERED = 10_000

User = discord.User | discord.Member


@dataclass(frozen=True, slots=True)
class Refused:
    """Why somebody gets no answer: the words for them, and a word for the log."""

    words: str
    why: str


@dataclass(slots=True)
class People:
    """Finds out on whose behalf somebody may ask."""

    house: House
    members: Members = field(default_factory=Members)
    _asked_in: OrderedDict[int, int] = field(default_factory=OrderedDict)

    async def of(self, interaction: discord.Interaction[Any]) -> Asker | Refused:
        """Whoever typed a command or pressed a button."""
        if interaction.guild_id is None:
            return await self.in_private(interaction.client, interaction.user)
        if interaction.guild is None:
            return Refused(texts.NOT_CONNECTED, "not_connected")
        return await self.in_server(interaction.guild, interaction.user)

    async def in_server(self, server: discord.Guild, user: User) -> Asker | Refused:
        guild = await self.house.guild(server.id)
        if guild is None:
            return Refused(texts.NOT_CONNECTED, "not_connected")
        if user.bot:
            return Refused(texts.NO_ROLE, "bot")
        roles = (
            role_ids(user) if isinstance(user, discord.Member) else await self.members.roles(server, user.id)
        )
        return self._admitted(guild, user, roles) or Refused(texts.NO_ROLE, "no_role")

    async def in_private(self, client: discord.Client, user: User) -> Asker | Refused:
        """By the servers that we share. Raises discord.HTTPException where Discord does not say."""
        if user.bot:
            return Refused(texts.NO_MEMBER, "bot")
        directory = await self.house.directory()
        shared = [server for server in client.guilds if server.id in directory]
        if len(shared) > MOST_SERVERS:
            known = self._asked_in.get(user.id)
            shared = [server for server in shared if server.id == known]
            if not shared:
                return Refused(texts.ASK_THERE_FIRST, "unknown")
        found = [asker for server in shared if (asker := await self._member(server, user))]
        if not found:
            return Refused(texts.NO_MEMBER, "no_member")
        if len({asker.guild.account_id for asker in found}) > 1:
            return Refused(texts.SEVERAL_ACCOUNTS, "several_accounts")
        return found[0]

    async def _member(self, server: discord.Guild, user: User) -> Asker | None:
        roles = await self.members.roles(server, user.id)
        guild = await self.house.guild(server.id) if roles is not None else None
        return self._admitted(guild, user, roles) if guild is not None else None

    def _admitted(self, guild: Guild, user: User, roles: frozenset[int] | None) -> Asker | None:
        role = Role.NONE if roles is None else guild.role_of(user.id, roles)
        if role is Role.NONE:
            return None
        self._asked_in[user.id] = guild.guild_id
        self._asked_in.move_to_end(user.id)
        if len(self._asked_in) > _REMEMBERED:
            self._asked_in.popitem(last=False)
        return Asker(guild, user.id, role)
