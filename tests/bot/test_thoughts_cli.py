"""`thoughts list` and `thoughts preview` on the command line."""

import asyncio
import json
import secrets
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.thoughts_cli import thoughts_app
from storage import migrate, records
from storage.accounts import create_account
from storage.intake.derive import derive
from storage.intake.rows import Writing
from storage.intake.upsert import write_records
from storage.keys.vault import open_vault
from storage.session import Database
from storage.settings import Settings
from storage.sources import SourceSecret, add_source
from tests import world as made
from thoughts.registry import KINDS

RUN = CliRunner().invoke


def test_every_kind_is_listed_with_its_meaning() -> None:
    """The list has a line a kind; as JSON also what people call it."""
    plain, as_json = RUN(thoughts_app, ["list"]), RUN(thoughts_app, ["list", "--json"])
    assert [line.split()[0] for line in plain.stdout.splitlines()] == list(KINDS)
    assert [row["kind"] for row in json.loads(as_json.stdout)] == list(KINDS)
    assert all(row["meaning"].endswith(".") and row["words"] for row in json.loads(as_json.stdout))


@pytest.mark.parametrize("since", ["0d", "400d", "yesterday", "30"])
def test_since_takes_days(since: str) -> None:
    """Anything but a number of days of the last year is refused in one line."""
    done = RUN(thoughts_app, ["preview", "--since", since])
    assert (done.exit_code, done.stdout) == (1, "")
    assert "--since takes days" in done.stderr


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with one account and a payment that failed yesterday."""
    monkeypatch.setenv("CHEWBOTTA_HOME", str(tmp_path))
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/chewbotta.sqlite3")
    monkeypatch.setenv("MASTER_KEYS", "1:" + b64encode(secrets.token_bytes(32)).decode())
    monkeypatch.chdir(tmp_path)
    asyncio.run(_fill())
    return tmp_path


async def _fill() -> None:
    settings, now = Settings(), datetime.now(UTC)
    await migrate.upgrade(settings.database_url.get_secret_value())
    db = Database.connect(settings.database_url.get_secret_value())
    async with open_vault(settings) as vault:
        account_id = await create_account(db, vault, name="Ours", now=now)
        source_id = await add_source(
            db, vault, account_id, kind="stripe", label="Stripe", secret=SourceSecret("sk_test_x"),
            base_url=None, now=now,
        )  # fmt: skip
        failed = made.payment(
            1,
            "Acme",
            status=records.PaymentStatus.FAILED,
            failure="card_declined",
            created_at=now - timedelta(days=1),
        )
        keys = await vault.source_keys(account_id, source_id)
        async with db.tenant(account_id) as session:
            await write_records(
                session, Writing(account_id, source_id, keys, now), [made.customer("Acme"), failed]
            )
        await derive(db, account_id, source_id, vault=vault)
    await db.dispose()


@pytest.mark.usefixtures("home")
def test_the_past_is_told_with_names_opened() -> None:
    """A failure of yesterday is told in words, with the customer's name; as JSON with its matter."""
    plain = RUN(thoughts_app, ["preview"])
    assert "A payment of $100.00 by Acme failed (card declined). Attempt 1" in plain.stdout
    assert plain.stdout.splitlines()[-1] == "Matters in 30 days: 1. Later news of them: 0."
    (row,) = json.loads(RUN(thoughts_app, ["preview", "--since", "7d", "--json"]).stdout)
    assert (row["kind"], row["stage"], row["matter"][:5]) == ("payment_failed", "opens", "bill:")


@pytest.mark.usefixtures("home")
def test_a_rule_is_tried_without_being_saved() -> None:
    """A rule is read back with when it would have fired and whom it would have named; a guess is not made."""
    done = RUN(thoughts_app, ["try", "tell me when a customer's payment fails"])
    assert done.stdout.startswith(
        "When any customer has a failed payment. In the last 30 days it would have fired once: Acme on "
    )
    refused = RUN(thoughts_app, ["try", "tell me when a blorb customer churns"])
    assert refused.stdout.startswith("I do not know what “blorb” means here.")
