"""P4: a deleted account leaves nothing but its number: no row of any table, no key, no Message, no trail."""

import pytest

from storage import models
from storage.keys.source_keys import KeyDestroyed
from storage.keys.vault import VaultError
from storage.members import links, sessions
from storage.members.identity import Identity
from storage.members.links import Purpose
from storage.members.members import by_email
from storage.slack_workspaces import workspace_account
from storage.sources import NoSourceError
from storage.trust import account_deletion, receipts
from storage.trust.account_deletion import delete_account, half_deleted
from storage.trust.audit import Action
from storage.trust.erasure import erase
from storage.trust.privacy import find
from tests.promises.filling import fill_empty_tables, rows_by_table
from tests.promises.living import live
from tests.promises.places import held_keys
from tests.promises.stripe_canaries import email_of
from tests.promises.sweep import Stage
from tests.vendors.stripe import StripeServer
from tests.vendors.stripe_company import NOW
from tests.world import customer, make_world

pytestmark = pytest.mark.promises("P4")


async def _fill(stage: Stage, server: StripeServer) -> None:
    """Every table that an account can have rows in, and a neighbour whose rows must stay."""
    await live(stage, server)
    stage.control = await make_world(stage.db, stage.vault, "The neighbour")
    await stage.control.sync(customer("Neighbour"))
    email = email_of(stage.canaries, 3)
    await find(stage.db, stage.vault, stage.account_id, email, action=Action.PERSON_SHOWN)
    await erase(stage.db, stage.vault, stage.account_id, email)
    await stage.plant_controls()
    await fill_empty_tables(stage.files.url, stage.account_id, stage.source_id)


async def _left(stage: Stage) -> dict[str, int]:
    rows = await rows_by_table(stage.files.url, stage.account_id)
    return {name: count for name, count in rows.items() if count}


async def test_no_row_no_key_and_no_message_is_left(stage: Stage, server: StripeServer) -> None:
    """Every table with an account in it was filled; afterwards the number alone is left, nothing opens, not
    in the backup either, and the neighbour has all its rows."""
    await _fill(stage, server)
    before = await rows_by_table(stage.files.url, stage.account_id)
    neighbour = await rows_by_table(stage.files.url, stage.control.account_id)
    assert {name for name, count in before.items() if not count} == {"deleted_account"}
    backup = await stage.files.dump()

    signed = await delete_account(stage.db, stage.vault, stage.account_id)
    left = {
        name: count
        for name, count in (await rows_by_table(stage.files.url, stage.account_id)).items()
        if count
    }
    assert left == {"deleted_account": 1}
    assert await rows_by_table(stage.files.url, stage.control.account_id) == neighbour
    keys = await held_keys(stage.files.keystore_url, stage.master)
    assert {key.account_id for key in keys} == {stage.control.account_id}
    for of in (stage.vault.account_keys(stage.account_id), stage.vault.source_keys(stage.account_id, 2)):
        with pytest.raises(KeyDestroyed):
            await of
    counted = {name: count for name, count in before.items() if count and name != "account"}
    assert signed.receipt.deleted == counted | {"account": 1}
    trusted = await receipts.public_key(stage.vault)
    assert receipts.verify(signed.as_json(), trusted) == signed.receipt
    assert stage.colleagues
    words = (*stage.canaries.all, *stage.colleagues.sealed)
    await stage.sweep(words=words, backup=backup, leave_out=["said"])


async def test_nobody_gets_in_with_what_they_had(stage: Stage) -> None:
    """Of who signed in nothing is left: their address is free, and their session, their link and the Slack
    workspace lead nowhere; before, each of them did."""
    people = await stage.join()
    identity, workspace = await Identity.of(stage.vault), f"T{stage.account_id}"
    cookie, link, *_ = (f"{stage.account_id}.{token}" for token in people.only_hashed)

    async def doors() -> list[bool]:
        found = (
            await by_email(stage.db, identity, people.email),
            await sessions.visitor(stage.db, cookie, NOW),
            await links.look(stage.db, stage.vault, link, Purpose.PASSWORD, NOW),
            await workspace_account(stage.db, workspace),
        )
        return [one is not None for one in found]

    assert await doors() == [True] * 4
    await delete_account(stage.db, stage.vault, stage.account_id)
    assert await doors() == [False] * 4


async def test_the_receipt_says_what_third_parties_still_have(stage: Stage) -> None:
    """Posts in Slack and the sources themselves are not ours to delete: the receipt says so."""
    await stage.sync()
    signed = await delete_account(stage.db, stage.vault, stage.account_id)
    said = {one.where: one.why for one in signed.receipt.remaining}
    assert "third party" in said["posts in Slack and other platforms"]
    assert "the source systems" in said


async def test_killed_in_the_middle_it_is_unreadable_and_goes_on(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped after the keys and the first table, nothing opens; the worker's next round finishes it."""
    await stage.sync()
    delete_in_batches, calls = account_deletion.delete_in_batches, []

    async def killed(*given: object) -> int:
        calls.append(given)
        if len(calls) == 2:
            raise RuntimeError("killed")
        return await delete_in_batches(*given)  # type: ignore[arg-type]  # handed on as it came

    monkeypatch.setattr(account_deletion, "delete_in_batches", killed)
    with pytest.raises(RuntimeError, match="killed"):
        await delete_account(stage.db, stage.vault, stage.account_id)
    with pytest.raises(VaultError):
        await stage.vault.source_keys(stage.account_id, stage.source_id)
    with pytest.raises(NoSourceError):
        await stage.sync()
    assert await half_deleted(stage.db) == [stage.account_id]
    assert await stage.world.rows(models.Customer)
    await delete_account(stage.db, stage.vault, stage.account_id)
    assert await half_deleted(stage.db) == []
    assert await _left(stage) == {"deleted_account": 1}


async def test_its_number_is_never_given_again(stage: Stage) -> None:
    """The next account gets another number, and no key is ever made for the old one."""
    await delete_account(stage.db, stage.vault, stage.account_id)
    with pytest.raises(KeyDestroyed):
        await stage.vault.create_account_keys(stage.account_id)
    assert (await make_world(stage.db, stage.vault)).account_id > stage.account_id
