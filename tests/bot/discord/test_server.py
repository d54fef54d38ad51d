"""A Discord server's life with the bot: invited, connected by a code, cut off and resumed, removed."""

import asyncio
import secrets
from datetime import UTC, datetime

import pytest

from bot.discord import texts
from bot.discord.client import Chewy, DiscordUnusable, log_in
from bot.discord.run import serve
from storage import discord_guilds
from storage.models import Alert, AuditEntry, DiscordGuild, Message
from storage.settings import Settings
from tests.bot.discord.conftest import Stage
from tests.vendors.discord import DiscordServer
from tests.vendors.discord_people import Town, town
from tests.world import NOW, make_world

MRR = "what is our MRR?"
OTHER = "600000000000000777"


async def _code(stage: Stage) -> str:
    return await discord_guilds.make_code(stage.world.vault, stage.world.account_id, datetime.now(UTC))


async def _joined(stage: Stage) -> Town:
    """The bot is invited into a second server."""
    there = town(stage.discord, OTHER)
    created = there.guild.payload(stage.discord.me)
    del created["unavailable"]  # it was never there before
    await stage.discord.gateway.tell("GUILD_CREATE", created)
    assert "/chewy connect" in (await stage.discord.next_message()).words
    return there


async def test_a_server_is_connected_by_a_code(stage: Stage) -> None:
    """Invited, it says hello; whoever manages the server connects it, and then the role is answered."""
    there = await _joined(stage)
    finance = there.guild.roles["Finance"][0]
    await there.type(there.ann, "ask", question=MRR)
    assert "not connected" in (await stage.discord.next_message()).words
    await there.type(there.ann, "connect", code=await _code(stage), role=finance)
    assert (await stage.discord.next_message()).words == texts.MANAGERS_ONLY
    await there.type(there.boss, "connect", code="x", role=finance)
    assert (await stage.discord.next_message()).words == texts.BAD_CODE
    code = await _code(stage)
    await there.type(there.boss, "connect", code=code, role=finance)
    assert "Connected" in (await stage.discord.next_message()).words
    await there.type(there.ann, "ask", question=MRR)
    assert "$78,287.84" in (await stage.discord.next_message()).words
    entries = [(row.action, row.actor_kind, row.actor) for row in await stage.world.rows(AuditEntry)]
    assert ("workspace:connected", "discord_user", there.boss.id) in entries


@pytest.mark.parametrize("role", ["@everyone", "Chewbotta"])
async def test_nobody_lets_everybody_ask(stage: Stage, role: str) -> None:
    """@everyone, and a role that is an app's, cannot be the role that may ask."""
    there = await _joined(stage)
    await there.type(there.boss, "connect", code=await _code(stage), role=there.guild.roles[role][0])
    assert (await stage.discord.next_message()).words == texts.NOT_EVERYONE


async def test_a_server_belongs_to_one_account(stage: Stage) -> None:
    """A code of another account does not take a server over."""
    other = await make_world(stage.world.db, stage.world.vault, "Others")
    code = await discord_guilds.make_code(other.vault, other.account_id, datetime.now(UTC))
    here = stage.town
    await here.type(here.boss, "connect", code=code, role=here.guild.roles["Finance"][0])
    assert (await stage.discord.next_message()).words == texts.TAKEN


async def test_a_broken_connection_is_resumed(stage: Stage) -> None:
    """What was asked meanwhile is answered once when the connection is back."""
    gateway = stage.discord.gateway
    await gateway.drop()
    await stage.town.mention(stage.town.ann, MRR)
    assert "$78,287.84" in (await stage.discord.next_message()).words
    assert (gateway.resumed, len(gateway.identities)) == (1, 1)
    await stage.quiet()
    assert len(stage.discord.sent) == 1


async def test_a_server_that_removes_the_bot_is_forgotten(stage: Stage) -> None:
    """Its connection, its Messages and its subscriptions go, and the trail says so."""
    await stage.town.mention(stage.town.ann, MRR)
    await stage.discord.next_message()
    await stage.town.type(stage.town.ann, "alerts", "add")
    await stage.discord.next_message()
    await stage.quiet()
    assert [len(await stage.world.rows(model)) for model in (DiscordGuild, Message, Alert)] == [1, 1, 1]
    await stage.town.leave()
    await stage.quiet()
    assert [len(await stage.world.rows(model)) for model in (DiscordGuild, Message, Alert)] == [0, 0, 0]
    actions = [row.action for row in await stage.world.rows(AuditEntry)]
    assert actions[-1] == "workspace:removed"


async def test_an_outage_removes_nothing(stage: Stage) -> None:
    """A server that Discord cannot reach for a while stays connected."""
    await stage.discord.gateway.tell("GUILD_DELETE", {"id": stage.town.guild.id, "unavailable": True})
    await stage.quiet()
    assert len(await stage.world.rows(DiscordGuild)) == 1


async def test_a_server_left_while_away_is_forgotten_at_the_next_start(stage: Stage) -> None:
    """Discord is asked about each server that is missing, and only those that it does not know go."""
    await stage.chewy.stop()
    await discord_guilds.connect_guild(
        stage.world.db, stage.world.vault, stage.world.account_id, int(OTHER), [1], now=NOW
    )
    stop, ready = asyncio.Event(), asyncio.Event()
    serving = asyncio.create_task(serve(stage.settings, stage.house, stop=stop, ready=ready))
    await asyncio.wait_for(ready.wait(), 10)
    stop.set()
    await asyncio.wait_for(serving, 10)
    assert [row.guild_id for row in await stage.world.rows(DiscordGuild)] == [int(stage.town.guild.id)]


async def test_a_stop_lets_answers_finish(stage: Stage) -> None:
    """Told to stop, the process takes nothing new and finishes what it was asked before."""
    await stage.chewy.stop()
    stop, ready = asyncio.Event(), asyncio.Event()
    serving = asyncio.create_task(serve(stage.settings, stage.house, stop=stop, ready=ready))
    await asyncio.wait_for(ready.wait(), 10)
    await stage.town.mention(stage.town.ann, "wait")
    await asyncio.wait_for(stage.asks.waiting.wait(), 10)
    stop.set()
    await asyncio.sleep(0.05)
    assert not serving.done()
    stage.asks.go.set()
    await asyncio.wait_for(serving, 10)
    assert "I heard: wait" in (await stage.discord.next_message()).words


async def test_a_wrong_token_ends_the_start(discord: DiscordServer, stage: Stage) -> None:
    """In one line that names the setting and repeats nothing of the token."""
    wrong = f"wrong.{secrets.token_hex(8)}"
    settings = Settings(discord_bot_token=wrong, discord_api_url=f"{discord.address}/api/v10")  # type: ignore[arg-type]  # pydantic reads them
    client = Chewy(stage.house)
    with pytest.raises(DiscordUnusable, match=r"^DISCORD_BOT_TOKEN: Discord refuses it$"):
        await log_in(client, settings)
    await client.close()
    with pytest.raises(DiscordUnusable, match="DISCORD_BOT_TOKEN is not set"):
        await serve(Settings(), stage.house, stop=asyncio.Event())
