"""Times are those of the account that is asked for, also where one process serves several."""

from typing import Any

from bot.slack.app import create_slack_app
from bot.slack.installed import InstalledWorkspaces
from bot.slack.zones import StoredZones
from storage.accounts import create_account
from storage.keys.vault import Vault
from storage.models import Account
from storage.session import Database
from storage.settings import Settings
from tests.bot import answers as example
from tests.bot.asks import AsksByHeart
from tests.bot.slack.delivering import connected
from tests.bot.slack.talking import blocks_of, deliver, direct, next_of
from tests.vendors.slack import fake_slack
from tests.world import NOW

ZONES = {"T5": ("Europe/Berlin", "12:00"), "T6": ("America/New_York", "06:00")}


async def _account(db: Database, vault: Vault, zone: str) -> int:
    account_id = await create_account(db, vault, name=zone, now=NOW)
    async with db.tenant(account_id) as session:
        (await session.get_one(Account, account_id)).time_zone = zone
    return account_id


async def test_each_account_reads_times_of_its_own_zone(db: Database, vault: Vault) -> None:
    """Asked in the workspaces of two accounts, the same freshness is told in the zone of each."""
    async with fake_slack() as slack:
        settings = Settings(slack_api_url=f"{slack.address}/api", slack_signing_secret="s" * 32)
        for team, (zone, _) in ZONES.items():
            slack.users[f"U{team}"] = {"id": f"U{team}", "team_id": team}
            await connected(db, vault, await _account(db, vault, zone), team, f"xoxb-{team}")

        async def served(pool: Any) -> InstalledWorkspaces:
            return InstalledWorkspaces(db, vault, settings, pool)

        app = await create_slack_app(settings, AsksByHeart(), workspaces=served, zone_of=StoredZones(db))
        for team, (_, shown) in ZONES.items():
            await deliver(app, direct(example.NUMBER.question, f"U{team}") | {"team_id": team})
            assert f"23 Nov 2026, {shown}" in blocks_of(await next_of(slack))
        await app.stop()
