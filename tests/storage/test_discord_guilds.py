"""Discord servers: connected by a code, of one account at most, forgotten with what is theirs."""

from datetime import timedelta

import pytest

from storage import discord_guilds as guilds
from storage.models import AuditEntry, DiscordGuild, Message
from storage.trust import messages
from storage.trust.messages import Content, Post
from tests.world import NOW, World, make_world

GUILD, OTHER, ROLE = 2**62 + 1, 2**62 + 2, 2**62 + 3
HOUR = timedelta(hours=1)


async def _connect(world: World, guild: int = GUILD) -> None:
    await guilds.connect_guild(world.db, world.vault, world.account_id, guild, [ROLE], now=NOW)


async def _keep(world: World, *posts: Post, platform: str = "discord") -> None:
    await messages.keep(
        world.db, world.vault, world.account_id, kind="number", platform=platform,
        content=Content("MRR is $1"), posts=posts, about=[], now=NOW,
    )  # fmt: skip


async def test_a_code_is_good_once_for_an_hour(world: World) -> None:
    """It names its account once; used, over, changed or invented it names none; case does not matter."""
    code = await guilds.make_code(world.vault, world.account_id, NOW)
    forged = code[:-1] + ("A" if code[-1] != "A" else "B")
    assert await guilds.redeem(world.db, world.vault, forged[:-4] + "AAAA", NOW) is None
    assert await guilds.redeem(world.db, world.vault, "x", NOW) is None
    assert await guilds.redeem(world.db, world.vault, "§§§§", NOW) is None
    assert await guilds.redeem(world.db, world.vault, code, NOW + HOUR) is None
    assert await guilds.redeem(world.db, world.vault, f" {code.lower()} ", NOW) == world.account_id
    assert await guilds.redeem(world.db, world.vault, code, NOW) is None


async def test_a_server_is_of_one_account(world: World) -> None:
    """It is found with its roles; a second account is refused it; connecting again gives other roles."""
    await _connect(world)
    other = await make_world(world.db, world.vault, "Others")
    with pytest.raises(guilds.GuildTaken):
        await _connect(other)
    assert [row.guild_id for row in await guilds.list_guilds(other.db, other.account_id)] == []
    await guilds.connect_guild(world.db, world.vault, world.account_id, GUILD, [7, 7, 8], now=NOW)
    found = await guilds.all_guilds(world.db)
    assert (found[GUILD].account_id, found[GUILD].roles) == (world.account_id, (7, 8))


async def test_a_server_goes_with_what_stands_in_it(world: World) -> None:
    """Removing a server deletes its Messages, not those of another; with the last one go those of Discord."""
    await _connect(world)
    await _connect(world, OTHER)
    await _keep(world, Post(guilds.place(GUILD, 5), "1"))
    await _keep(world, Post(guilds.place(OTHER, 6), "2"))
    await _keep(world)
    await _keep(world, Post("C1", "3"), platform="slack")
    assert await guilds.remove_guild(world.db, world.vault, world.account_id, GUILD) == 1
    assert len(await world.rows(Message)) == 3
    assert await guilds.remove_guild(world.db, world.vault, world.account_id, OTHER) == 2
    assert [row.platform for row in await world.rows(Message)] == ["slack"]
    assert await world.rows(DiscordGuild) == []
    trail = [row.action for row in await world.rows(AuditEntry) if row.action.startswith("workspace")]
    assert trail == ["workspace:connected"] * 2 + ["workspace:removed"] * 2
    with pytest.raises(guilds.NoGuildError):
        await guilds.remove_guild(world.db, world.vault, world.account_id, OTHER)
