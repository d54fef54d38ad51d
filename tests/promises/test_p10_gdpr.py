"""P10: what is held on a person, or for an account, is shown, handed out whole, and erased for good."""

import io
import json
from typing import Any

import pytest

from connectors.reconcile import reconcile_source
from storage import models
from storage.trust.audit import Action
from storage.trust.erasure import erase
from storage.trust.export import LEFT_OUT, export_account
from storage.trust.privacy import as_document, find
from tests.promises.filling import fill_empty_tables, rows_by_table
from tests.promises.living import live, words_of_the_first
from tests.promises.stripe_canaries import email_of, name_of
from tests.promises.sweep import Stage, search
from tests.vendors.stripe import StripeServer
from tests.vendors.stripe_company import NOW

pytestmark = pytest.mark.promises("P10")


async def _shown(stage: Stage) -> dict[str, Any]:
    found = await find(
        stage.db, stage.vault, stage.account_id, email_of(stage.canaries, 1), action=Action.PERSON_SHOWN
    )
    return dict(json.loads(as_document(found)))


async def test_the_export_is_complete(stage: Stage, server: StripeServer) -> None:
    """Every row of every table of the account is in it, Messages and the audit trail too; every name, address
    and number is there in clear; of the credential, and of what may not be stored, nothing is."""
    await live(stage, server)
    await fill_empty_tables(stage.files.url, stage.account_id, stage.source_id)
    sink = io.BytesIO()
    await export_account(stage.db, stage.vault, stage.account_id, sink, now=NOW)
    tables = json.loads(sink.getvalue())["tables"]
    rows = await rows_by_table(stage.files.url, stage.account_id)
    apart = LEFT_OUT | {"account", "deleted_account"}
    held = {name: count for name, count in rows.items() if name not in apart}
    held["audit_entry"] -= 1  # the note that this export was made comes after it
    assert {name: len(found) for name, found in tables.items()} == held
    assert all(held.values())
    text = sink.getvalue().decode()
    canaries = stage.canaries
    for number in (2, 3, 4):
        for value in (name_of(canaries, number), email_of(canaries, number), f"{canaries.phone}{number}"):
            assert value in text
    (message,) = [one for one in tables["message"] if one["content"]]
    assert canaries.kept in message["content"]["text"]
    assert any(event["body"] for event in tables["webhook_event"])
    assert search([canaries.secret, canaries.never], {"export": [("export", sink.getvalue())]}) == []
    assert stage.files.url not in text


async def test_all_that_is_held_on_a_person_is_shown(stage: Stage, server: StripeServer) -> None:
    """By the address: every field, every row that names the person, the webhook and the Message, from which
    source and since when, and what was sent to a language model: nothing."""
    await live(stage, server)
    shown = await _shown(stage)
    (record,) = shown["records"]
    text = json.dumps(record)
    canaries = stage.canaries
    assert record["customer"]["personal"]["name"] == name_of(canaries, 9)
    for value in (email_of(canaries, 1), f"{canaries.phone}1", "cus_1"):
        assert value in text
    assert {"subscription", "invoice", "payment", "refund", "mrr_span", "webhook_event"} <= record.keys()
    assert len(shown["messages"]) == 1
    assert record["held_since"] == "2026-11-23T12:00:00Z"
    assert shown["sent_to_language_models"].startswith("Nothing")
    for other in (2, 3, 4):
        assert name_of(canaries, other) not in json.dumps(shown)


async def test_an_erased_person_stays_erased(stage: Stage, server: StripeServer) -> None:
    """After erasure no table leads to the person, though the source still has them: neither after the next
    events nor after a full sync and a reconciliation. Nobody else is touched."""
    await live(stage, server)
    await erase(stage.db, stage.vault, stage.account_id, email_of(stage.canaries, 1))
    rows = server.world.tables["customers"].rows
    customer = next(row.object for row in rows if row.object["id"] == "cus_1")
    server.put("customers", {**customer, "country": "FR"}, "customer.updated")
    await stage.sync()
    await stage.sync(full=True)
    await reconcile_source(stage.db, stage.vault, stage.account_id, stage.source_id, clock=lambda: NOW)
    tables = await stage.places(of=["tables", "dump"])
    assert search(words_of_the_first(stage.canaries), tables) == []
    assert len(await stage.world.rows(models.Customer)) == 3
    shown = await _shown(stage)
    assert shown["records"] == shown["messages"] == []
    assert set(shown["kept_away"]) == {str(stage.source_id), str(stage.control.source_id)}
