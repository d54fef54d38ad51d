"""Who may ask in a Discord server, and what those who read a channel may see."""

from datetime import UTC, datetime

import pytest

from bot.discord.access import audience
from storage.chat_access import Platform, Role, choose_access
from storage.models import Message
from tests.bot.discord.conftest import Stage
from tests.vendors.discord_data import ADMINISTRATOR, EVERYDAY

MRR = "what is our MRR?"
NOW = datetime(2026, 11, 23, tzinfo=UTC)


async def _choose(stage: Stage, whom: str, subject: str, allowed: str) -> None:
    place = (stage.world.db, stage.world.account_id, Platform.DISCORD)
    await choose_access(*place, whom, subject, allowed, now=NOW)


@pytest.mark.parametrize("who", ["bob", "boss"])
async def test_only_people_with_the_role_are_answered(stage: Stage, who: str) -> None:
    """Whoever has no role that may ask, the manager too, is refused: by command, and by mention."""
    person = getattr(stage.town, who)
    await stage.town.type(person, "ask", question=MRR)
    sent = await stage.discord.next_message()
    assert (sent.only_for, "certain roles" in sent.words) == (person.id, True)
    await stage.town.mention(person, MRR)
    assert "certain roles" in (await stage.discord.next_message()).words
    assert stage.asks.asked == []


async def test_apps_are_refused_whatever_role_they_have(stage: Stage) -> None:
    """A bot with the role gets nothing by a command either."""
    await stage.town.type(stage.town.robot, "ask", question=MRR)
    assert "certain roles" in (await stage.discord.next_message()).words
    assert stage.asks.asked == []


async def test_a_server_that_is_not_connected_gets_nothing(stage: Stage) -> None:
    """It is told how to connect."""
    await stage.house.forget(int(stage.town.guild.id))
    await stage.town.type(stage.town.ann, "ask", question=MRR)
    assert "/chewy connect" in (await stage.discord.next_message()).words


@pytest.mark.parametrize("channel", ["open", "guests"])
async def test_nothing_is_shown_where_others_read(stage: Stage, channel: str) -> None:
    """Where everybody, or one guest by name, can read, the answer is a button; who may ask sees it alone."""
    await stage.town.mention(stage.town.ann, MRR, channel)
    sent = await stage.discord.next_message()
    assert "$" not in sent.words
    assert stage.asks.asked == []
    await stage.town.press(stage.town.bob, sent, "See it privately", channel)
    assert "certain roles" in (await stage.discord.next_message()).words
    await stage.town.press(stage.town.ann, sent, "See it privately", channel)
    shown = await stage.discord.next_message()
    assert (shown.only_for, "$78,287.84" in shown.words) == (stage.town.ann.id, True)


async def test_answers_stay_out_of_unlisted_channels(stage: Stage) -> None:
    """With a list of channels, a mention elsewhere is turned to the private ways."""
    await _choose(stage, "channel", stage.town.guild.channel("guests")["id"], "listed")
    await stage.town.mention(stage.town.ann, MRR)
    assert "not posted in this channel" in (await stage.discord.next_message()).words


async def test_a_viewer_sees_no_money(stage: Stage) -> None:
    """A role that may see no amounts gets counts and names; and so does a channel that it reads."""
    town = stage.town
    await _choose(stage, "group", town.guild.roles["Interns"][0], "viewer")
    await town.type(town.bob, "ask", question=MRR)
    assert "not amounts of money" in (await stage.discord.next_message()).words
    await town.type(town.bob, "ask", question="customers by country")
    assert "147" in (await stage.discord.next_message()).words
    allowed = {"id": town.guild.roles["Interns"][0], "type": 0, "allow": str(EVERYDAY), "deny": "0"}
    channel = town.guild.channel("private")
    changed = {**channel, "permission_overwrites": [*channel["permission_overwrites"], allowed]}
    await stage.discord.gateway.tell("CHANNEL_UPDATE", changed)
    await town.mention(town.ann, MRR)
    assert "$" not in (await stage.discord.next_message()).words
    await town.mention(town.ann, "customers by country")
    assert "147" in (await stage.discord.next_message()).words


async def test_a_person_can_be_kept_out_by_name(stage: Stage) -> None:
    """A line of one's own goes before one's roles."""
    await _choose(stage, "person", stage.town.ann.id, "none")
    await stage.town.type(stage.town.ann, "ask", question=MRR)
    assert "certain roles" in (await stage.discord.next_message()).words


async def test_who_reads_a_channel(stage: Stage) -> None:
    """Roles that may not ask and guests by name are outsiders; administrators and we are not."""
    guild = await stage.house.guild(int(stage.town.guild.id))
    assert guild
    server = stage.chewy.get_guild(guild.guild_id)
    assert server
    seen = {channel.name: audience(channel, guild).outsiders for channel in server.text_channels}
    assert seen == {"open": True, "private": False, "guests": True}
    assert not audience(server.threads[0], guild).outsiders
    stage.town.guild.roles["Admins"] = ("610000000000000009", ADMINISTRATOR)
    admins = stage.town.guild._role("Admins")
    await stage.discord.gateway.tell("GUILD_ROLE_CREATE", {"guild_id": str(server.id), "role": admins})
    await stage.quiet()
    private = next(channel for channel in server.text_channels if channel.name == "private")
    assert not audience(private, guild).outsiders
    assert audience(private, guild).role is Role.MEMBER


async def test_a_refusal_keeps_no_message(stage: Stage) -> None:
    """What is refused or withheld is no Message: there is nothing of anybody in it."""
    await stage.town.mention(stage.town.bob, MRR)
    await stage.town.mention(stage.town.ann, MRR, "open")
    for _ in range(2):
        await stage.discord.next_message()
    await stage.quiet()
    assert await stage.world.rows(Message) == []
