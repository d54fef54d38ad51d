"""P15: credentials of sources are stored encrypted (AES-256-GCM), and open in their own place alone."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pyotp
import pytest
import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy.ext.asyncio import create_async_engine

from storage import sources
from storage.doer import Doer
from storage.keys.keystore import KeyStore
from storage.keys.master_keys import LocalMasterKeys, MasterKeyError
from storage.keys.source_keys import VaultError
from storage.keys.vault import Vault
from storage.members import second_factor
from storage.members.identity import Identity
from storage.members.members import Person, Role, add_member
from storage.slack_workspaces import open_workspace
from tests.promises.colleagues import slack_tokens
from tests.promises.stripe_canaries import api_key
from tests.promises.sweep import Stage, make_stage
from tests.vendors.stripe import StripeServer
from tests.vendors.stripe_company import NOW

pytestmark = pytest.mark.promises("P15")


async def _as_thief(url: str, statement: str, **values: Any) -> Sequence[Any]:
    """What someone with the database, and without its rules, may do."""
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        result = await connection.execute(sa.text(statement), values)
        rows = result.all() if result.returns_rows else []
    await engine.dispose()
    return rows


async def test_the_key_is_nowhere_in_clear(stage: Stage) -> None:
    """After syncs and refusals the credential is in no table, file, dump, answer or log; nor are Slack's
    tokens and the seed of a second factor, and what is only hashed is not there for any key."""
    await stage.sync()
    people = await stage.join()
    await stage.plant_controls()
    await stage.sweep_living()
    opened = await sources.open_secret(stage.vault, await _source(stage))
    assert opened.key == api_key(stage.canaries)
    slack = await open_workspace(stage.db, stage.vault, stage.account_id, f"T{stage.account_id}")
    assert slack
    assert slack.tokens == slack_tokens(people)


async def test_a_seed_moved_to_another_member_does_not_open(stage: Stage) -> None:
    """Whoever may write to the database cannot give a member the second factor of another."""
    people = await stage.join()
    identity = await Identity.of(stage.vault)
    other = await add_member(
        stage.db, stage.vault, identity, stage.account_id, Person("other@member.example"),
        role=Role.VIEWER, password=None, now=NOW,
    )  # fmt: skip
    await _as_thief(
        stage.files.url,
        "UPDATE member SET totp_since = (SELECT max(totp_since) FROM member), totp ="
        " (SELECT totp FROM member WHERE member_id = :first) WHERE member_id = :other",
        first=people.member_id,
        other=other,
    )
    code = pyotp.TOTP(people.seed).at(NOW + timedelta(minutes=5))
    given = {"code": code, "now": NOW + timedelta(minutes=5), "by": Doer.operator()}
    place = (stage.db, stage.vault, identity, stage.account_id)
    with pytest.raises(VaultError):
        await second_factor.spend(*place, other, **given)
    assert await second_factor.spend(*place, people.member_id, **given) is second_factor.Tried.RIGHT


async def _source(stage: Stage, source_id: int | None = None) -> Any:
    return await sources.get_source(stage.db, stage.account_id, source_id or stage.source_id)


async def test_it_is_aes_256_in_gcm(stage: Stage) -> None:
    """What is stored is version, epoch, nonce, ciphertext and tag; one changed bit anywhere shuts it."""
    credential = (await _source(stage)).credential
    assert len(credential) == 1 + 4 + 12 + len(api_key(stage.canaries)) + 16
    with pytest.raises(ValueError, match="key"):
        AESGCM(b"k" * 31)
    with pytest.raises(InvalidTag):
        AESGCM(b"k" * 32).decrypt(credential[5:17], credential[17:], None)
    keys = await stage.vault.source_keys(stage.account_id, stage.source_id)
    place = {"table": "source", "column": "credential", "row_id": stage.source_id.to_bytes(4, "big")}
    for at in range(len(credential)):
        altered = credential[:at] + bytes([credential[at] ^ 1]) + credential[at + 1 :]
        with pytest.raises(VaultError):
            keys.open(**place, sealed=altered)


async def test_a_value_moved_to_another_row_does_not_open(stage: Stage) -> None:
    """The credential copied to another source of the same account stays shut."""
    await _as_thief(
        stage.files.url,
        "UPDATE source SET credential ="
        " (SELECT credential FROM source WHERE account_id = :a AND source_id = :s)"
        " WHERE account_id = :a AND source_id = :other",
        a=stage.account_id,
        s=stage.source_id,
        other=stage.control.source_id,
    )
    with pytest.raises(VaultError):
        await sources.open_secret(stage.vault, await _source(stage, stage.control.source_id))


async def test_a_value_moved_to_another_tenant_does_not_open(
    stage: Stage, server: StripeServer, keystore_url: str, master: bytes
) -> None:
    """The credential copied to another account's source, of the same number even, stays shut."""
    other = await make_stage(
        stage.db,
        stage.vault,
        server,
        stage.canaries,
        keystore_url=keystore_url,
        master=master,
        cluster=stage.files.cluster,
    )
    assert (other.source_id, other.account_id) == (stage.source_id, stage.account_id + 1)
    await _as_thief(
        stage.files.url,
        "UPDATE source SET credential ="
        " (SELECT credential FROM source WHERE account_id = :a AND source_id = :s)"
        " WHERE account_id = :b AND source_id = :s",
        a=stage.account_id,
        b=other.account_id,
        s=stage.source_id,
    )
    with pytest.raises(VaultError):
        await sources.open_secret(stage.vault, await _source(other))


async def test_a_customer_moved_to_another_row_does_not_open(stage: Stage) -> None:
    """A sealed customer copied over another's row stays shut, in the same source."""
    await stage.sync()
    await _as_thief(
        stage.files.url,
        "UPDATE customer SET sealed ="
        " (SELECT sealed FROM customer WHERE source_id = :s ORDER BY id LIMIT 1) WHERE source_id = :s",
        s=stage.source_id,
    )
    keys = await stage.vault.source_keys(stage.account_id, stage.source_id)
    rows = await _as_thief(
        stage.files.url, "SELECT id, sealed FROM customer WHERE source_id = :s", s=stage.source_id
    )
    shut = 0
    for row_id, sealed in rows:
        try:
            keys.open(table="customer", row_id=bytes(row_id), column="sealed", sealed=bytes(sealed))
        except VaultError:
            shut += 1
    assert (len(rows), shut) == (4, 3)


@pytest.mark.parametrize("moved", ["account_id", "source_id", "purpose", "epoch"])
async def test_a_wrapped_key_moved_to_another_place_does_not_open(
    stage: Stage, keystore_url: str, moved: str
) -> None:
    """A data key copied within the key store, to another account, source, purpose or epoch, stays shut."""
    takes: dict[str, Callable[[Any], Any]] = {
        "account_id": lambda _: 99,
        "source_id": lambda _: 98,
        "purpose": lambda _: "ids",
        "epoch": lambda _: 2,
    }
    place = {"account_id": stage.account_id, "source_id": stage.source_id, "purpose": "data", "epoch": 1}
    target = {**place, moved: takes[moved](None)}
    await _as_thief(
        keystore_url,
        "DELETE FROM data_key WHERE account_id = :account_id AND source_id = :source_id"
        " AND purpose = :purpose AND epoch = :epoch",
        **target,
    )
    await _as_thief(
        keystore_url,
        "INSERT INTO data_key"
        " (account_id, source_id, purpose, epoch, kek_version, wrapped, seals, created_at)"
        " SELECT :account_id, :source_id, :purpose, :epoch, kek_version, wrapped, 0, created_at FROM data_key"
        " WHERE account_id = :a AND source_id = :s AND purpose = 'data' AND epoch = 1",
        **target,
        a=stage.account_id,
        s=stage.source_id,
    )
    fresh = Vault(KeyStore(keystore_url), stage.vault._ring._master)
    with pytest.raises((MasterKeyError, VaultError)):
        await fresh.source_keys(target["account_id"], target["source_id"])
    await fresh.close()


async def test_another_master_key_opens_nothing(stage: Stage, keystore_url: str) -> None:
    """Whoever has the database and the key store but another master key does not even start."""
    with pytest.raises(MasterKeyError):
        async with Vault(KeyStore(keystore_url), LocalMasterKeys({1: bytes(range(32))}, where="a thief")):
            pass


async def test_no_master_key_means_no_start_and_no_plain_text(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a master key nothing is stored in clear instead: nothing is stored at all."""
    from pathlib import Path

    from storage.keys.vault import open_vault
    from storage.settings import load_settings

    monkeypatch.setenv("KEYSTORE_URL", stage.files.keystore_url.replace("+aiosqlite", ""))
    with pytest.raises(MasterKeyError, match="there is no master key"):
        async with open_vault(load_settings(Path("no-such-file"))):
            pass
