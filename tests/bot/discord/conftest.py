"""The bot as it runs, connected to a stand-in for Discord, over a database and an assistant by heart."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot.answer import Answer, Kind, Receipt
from bot.discord.client import Chewy, log_in
from bot.discord.house import House
from storage import discord_guilds
from storage.keys.vault import Vault
from storage.metrics.plan import Plan
from storage.session import Database
from storage.settings import Settings
from tests.bot.asks import AsksByHeart
from tests.vendors.discord import TOKEN, DiscordServer, discord_server
from tests.vendors.discord_people import Town, town
from tests.world import NOW, World, make_world


class AsksWithPlans(AsksByHeart):
    """Answers as the real assistant gives them: with a plan and a receipt behind each figure."""

    async def ask(self, question: str, **more: Any) -> Answer:
        return with_plan(await super().ask(question, **more))

    async def run(self, plan: Plan, **more: Any) -> Answer:
        return with_plan(await super().run(plan, **more), plan)


def with_plan(answer: Answer, plan: Plan | None = None) -> Answer:
    if answer.kind in (Kind.CLARIFY, Kind.REFUSE):
        return answer
    made = plan or (Plan(entity="customer") if answer.kind is Kind.TABLE else Plan(measure="mrr"))
    receipt = Receipt(definition="MRR is what comes in every month", counted=3, complete=True)
    update = {"plan": made.model_dump(mode="json", exclude_none=True), "receipt": receipt}
    return answer.model_copy(update=update)


@dataclass
class Stage:
    """A town whose server is connected to the world's account; finance may ask."""

    town: Town
    discord: DiscordServer
    world: World
    asks: AsksByHeart
    house: House
    settings: Settings
    chewy: Chewy

    async def quiet(self) -> None:
        """The bot has heard all and works on nothing: what was to be sent is sent."""
        await asyncio.sleep(0.05)
        assert await self.chewy.answering.background.drain(10) == 0


def settings_for(discord: DiscordServer) -> Settings:
    return Settings(discord_bot_token=TOKEN, discord_api_url=f"{discord.address}/api/v10")  # type: ignore[arg-type]  # pydantic reads them


@pytest.fixture
async def sqlite_world(migrated_sqlite: Path, tmp_path: Path, vault: Vault) -> AsyncIterator[World]:
    """One account on SQLite: what is asked of the database here is asked of both by the tests of storage."""
    file = tmp_path / "world.sqlite3"
    await asyncio.to_thread(shutil.copyfile, migrated_sqlite, file)
    db = Database.connect(f"sqlite+aiosqlite:///{file}")
    yield await make_world(db, vault)
    await db.dispose()


@pytest.fixture
async def discord() -> AsyncIterator[DiscordServer]:
    async with discord_server() as running:
        yield running


@pytest.fixture
async def stage(discord: DiscordServer, sqlite_world: World) -> AsyncIterator[Stage]:
    there, world, asks = town(discord), sqlite_world, AsksWithPlans()
    finance = int(there.guild.roles["Finance"][0])
    await discord_guilds.connect_guild(
        world.db, world.vault, world.account_id, int(there.guild.id), [finance], now=NOW
    )
    house = House(world.db, world.vault, asks)
    settings = settings_for(discord)
    chewy = Chewy(house)
    await log_in(chewy, settings)
    running = asyncio.create_task(chewy.connect())
    await asyncio.wait_for(chewy.wait_until_ready(), 10)
    yield Stage(there, discord, world, asks, house, settings, chewy)
    asks.go.set()
    await chewy.stop()
    await asyncio.gather(running, return_exceptions=True)
