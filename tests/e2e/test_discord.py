"""A story in Discord: invited, connected, asked by command, button, mention and reply; cut off; removed.

The process is the real one, over a synced source; Discord is our stand-in.
"""

import asyncio
import re
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.e2e.machine import Machine
from tests.promises.canaries import Canaries
from tests.promises.stripe_canaries import api_key, canary_world
from tests.vendors.discord import TOKEN, DiscordServer, discord_server
from tests.vendors.discord_people import town
from tests.vendors.stripe import StripeServer

_CODE = re.compile(r"code:([A-Z2-7]+)")


@asynccontextmanager
async def _synced(machine: Machine) -> AsyncIterator[None]:
    canaries = Canaries()
    key = api_key(canaries)
    async with StripeServer(canary_world(canaries), key=key) as stripe:
        await machine.well("init")
        await machine.well("source", "add", "stripe", "--base-url", stripe.url, stdin=f"{key}\n")
        await machine.well("sync")
        yield


@asynccontextmanager
async def _talking(machine: Machine, discord: DiscordServer) -> AsyncIterator[asyncio.subprocess.Process]:
    """`chewbotta discord`, in a process of its own, until it is told to stop; it must end well."""
    process = await machine.start("discord")
    try:
        await asyncio.wait_for(discord.gateway.connected.wait(), 60)
        yield process
        process.send_signal(signal.SIGTERM)
        _, told = await asyncio.wait_for(process.communicate(), 30)
        machine.printed.append(told.decode())
        assert process.returncode == 0, told.decode()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_a_story_in_discord(sqlite_machine: Machine) -> None:
    """From the invitation to the removal; then there is nothing of the server left but its trail."""
    machine = sqlite_machine
    async with _synced(machine), discord_server() as discord:
        machine.environment |= {"DISCORD_BOT_TOKEN": TOKEN, "DISCORD_API_URL": f"{discord.address}/api/v10"}
        here = town(discord)
        said = await machine.well("discord", "connect")
        assert "https://discord.com/oauth2/authorize?client_id=" in said
        found = _CODE.search(said)
        assert found
        async with _talking(machine, discord):
            await here.type(here.boss, "connect", code=found[1], role=here.guild.roles["Finance"][0])
            assert "Connected" in (await discord.next_message(30)).words

            await here.type(here.ann, "ask", question="what is our MRR?")
            alone = await discord.next_message(30)
            assert alone.only_for == here.ann.id
            assert "MRR" in (alone.body.content or "")
            (embed,) = alone.body.embeds
            figure = embed.title or ""
            assert re.match(r"\D?[\d,.]+", figure)

            await here.press(here.ann, alone, "Why this number?")
            assert "Counted:" in (await discord.next_message(30)).words
            await here.press(here.ann, alone, "By month")
            by_month = await discord.next_message(30)
            assert by_month.files["chart.png"].startswith(b"\x89PNG")
            await here.press(here.ann, alone, "Share in channel")
            shared = await discord.next_message(30)
            assert (shared.only_for, figure in shared.words) == (None, True)
            await discord.next_message(30)

            await here.mention(here.ann, "how many customers do we have?")
            counted = await discord.next_message(30)
            await here.mention(here.ann, "by country?", reply_to=counted)
            assert "country" in (await discord.next_message(30)).words.lower()

            await here.type(here.ann, "ask", question="list customers")
            listed = await discord.next_message(30)
            await here.press(here.ann, listed, "All as CSV")
            attached = await discord.next_message(30)
            (rows,) = attached.files.values()
            assert rows.count(b"\r\n") > 3

            await discord.gateway.drop()
            await here.write(here.ann, "what is our MRR?")
            assert figure in (await discord.next_message(30)).words
            assert discord.gateway.resumed == 1

            assert here.guild.id in await machine.well("discord", "list")
            await here.leave()
            await asyncio.sleep(1)
        assert "No Discord server is connected" in await machine.well("discord", "list")
        assert "workspace:removed" in await machine.well("audit")
        assert TOKEN not in "".join(machine.printed)
        assert "Error" not in machine.printed[-1]
