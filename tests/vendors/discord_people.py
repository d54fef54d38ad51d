"""What people do in the stand-in's server: join, type commands, mention, write, press buttons."""

from dataclasses import dataclass
from typing import Any

from tests.vendors import discord_data as data
from tests.vendors.discord import DiscordServer
from tests.vendors.discord_data import APP, EVERYDAY, MANAGE_GUILD, Guild, Person, snowflake, text_channel
from tests.vendors.discord_wire import Interaction, Sent

GUILD = "600000000000000001"


@dataclass
class Town:
    """A server with people: a boss who manages it, Ann of finance, Bob without a role, another bot.

    `private` is read by finance alone, `open` by everybody who joins, `guests` by finance and by name by Bob.
    """

    discord: DiscordServer
    guild: Guild
    boss: Person
    ann: Person
    bob: Person
    robot: Person

    async def mention(self, who: Person, words: str, channel: str = "private", **more: Any) -> dict[str, Any]:
        """Says something to the bot in a channel; `reply_to` is a message of the bot's."""
        said = {"content": f"<@{APP}> {words}", "mentions": [self.discord.me.payload()]}
        return await self.say(who, channel, **{**said, **more})

    async def say(
        self, who: Person, channel: str, *, reply_to: Sent | None = None, **fields: Any
    ) -> dict[str, Any]:
        place = self.guild.channel(channel)["id"]
        message = data.message(place, who, **fields)
        message |= {"guild_id": self.guild.id, "member": self.guild.member(who, whole=False)}
        if reply_to is not None:
            message |= _reply(self.discord, reply_to)
        await self.discord.gateway.tell("MESSAGE_CREATE", message)
        return message

    async def write(self, who: Person, words: str, *, reply_to: Sent | None = None) -> dict[str, Any]:
        """A direct message to the bot."""
        channel = self.discord.dm_payload(who)
        message = data.message(channel["id"], who, content=words)
        if reply_to is not None:
            message |= _reply(self.discord, reply_to)
        await self.discord.gateway.tell("CHANNEL_CREATE", channel)
        await self.discord.gateway.tell("MESSAGE_CREATE", message)
        return message

    async def type(
        self, who: Person, *path: str, channel: str | None = "private", late: bool = False, **options: Any
    ) -> Interaction:
        """Types `/chewy PATH` with these options; `channel` None is a direct message."""
        leaf = [{"name": name, "type": _kind(name, value), "value": value} for name, value in options.items()]
        for name in reversed(path):
            is_group = name != path[-1]
            leaf = [{"name": name, "type": 2 if is_group else 1, "options": leaf}]
        resolved = {"roles": {v: self.guild._role(n) for n, (v, _) in self.guild.roles.items()}}
        command = {"id": "1", "name": "chewy", "type": 1, "options": leaf, "resolved": resolved}
        return await self._interact(who, channel, 2, command, late=late)

    async def press(
        self, who: Person, sent: Sent, label: str, channel: str | None = "private"
    ) -> Interaction:
        """Presses a button of a message of the bot's."""
        found = {"component_type": 2, "custom_id": sent.buttons[label], "id": 1}
        return await self._interact(who, channel, 3, found, message=self.discord.as_message(sent))

    async def press_forged(self, who: Person, sent: Sent, custom_id: str) -> Interaction:
        found = {"component_type": 2, "custom_id": custom_id, "id": 1}
        return await self._interact(who, "private", 3, found, message=self.discord.as_message(sent))

    async def _interact(
        self,
        who: Person,
        channel: str | None,
        kind: int,
        about: dict[str, Any],
        *,
        late: bool = False,
        **more: Any,
    ) -> Interaction:
        place = self.guild.channel(channel) if channel else self.discord.dm_payload(who)
        interaction = Interaction(f"token-{snowflake()}", place["id"], who, late)
        self.discord.interactions[interaction.token] = interaction
        payload = {
            "id": snowflake(), "application_id": APP, "type": kind, "token": interaction.token, "version": 1,
            "data": about, "channel_id": place["id"], "channel": place, "locale": "en-US", "entitlements": [],
            "app_permissions": str(EVERYDAY), "attachment_size_limit": 10_485_760, **more,
            "authorizing_integration_owners": {"0": self.guild.id if channel else "0"},
        }  # fmt: skip
        if channel:
            member = {**self.guild.member(who), "permissions": str(self.guild.permissions(who))}
            guild = {"id": self.guild.id, "features": [], "locale": "en-US"}
            payload |= {"guild_id": self.guild.id, "guild": guild, "guild_locale": "en-US", "member": member,
                        "context": 0}  # fmt: skip
        else:
            payload |= {"user": who.payload(), "context": 1}
        await self.discord.gateway.tell("INTERACTION_CREATE", payload)
        return interaction

    async def leave(self) -> None:
        """The bot is removed from the server."""
        self.discord.guilds.pop(self.guild.id)
        await self.discord.gateway.tell("GUILD_DELETE", {"id": self.guild.id})


def _kind(name: str, value: Any) -> int:
    """Discord's number for an integer, a role, a string."""
    return 4 if isinstance(value, int) else 8 if name == "role" else 3


def _reply(discord: DiscordServer, sent: Sent) -> dict[str, Any]:
    reference = {"type": 0, "channel_id": sent.channel, "message_id": sent.id}
    return {"type": 19, "message_reference": reference, "referenced_message": discord.as_message(sent)}


def town(discord: DiscordServer, number: str = GUILD) -> Town:
    """Founds a server with its people and channels, and lets the bot in."""
    boss, ann, bob = (
        Person("620000000000000001", "boss"),
        Person("620000000000000101", "ann"),
        Person("620000000000000201", "bob"),
    )
    robot = Person("620000000000000301", "robot", bot=True)
    finance, everyone = "610000000000000002", number
    guild = Guild(number, owner_id=boss.id)
    guild.roles = {
        "@everyone": (everyone, EVERYDAY),
        "Managers": ("610000000000000001", EVERYDAY | MANAGE_GUILD),
        "Finance": (finance, EVERYDAY),
        "Interns": ("610000000000000003", EVERYDAY),
        "Chewbotta": ("610000000000000004", EVERYDAY),
    }
    guild.members = {
        boss.id: ["Managers"], ann.id: ["Finance"], bob.id: ["Interns"], robot.id: ["Finance"],
        discord.me.id: ["Chewbotta"],
    }  # fmt: skip
    ours = ((finance, 0), ("610000000000000004", 0))
    guild.channels = {
        "open": text_channel(number, "open"),
        "private": text_channel(number, "private", *ours, hidden_from=everyone),
        "guests": text_channel(number, "guests", *ours, (bob.id, 1), hidden_from=everyone),
    }
    guild.threads = {"thread": data.thread(number, "thread", guild.channels["private"])}
    discord.guilds[number] = guild
    return Town(discord, guild, boss, ann, bob, robot)
