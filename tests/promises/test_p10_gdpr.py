"""P10: what is held on a person, or for an account, is shown, handed out whole, and erased for good."""

import io
import json
from typing import Any

import pytest

from connectors.reconcile import reconcile_source
from storage import models
from storage.doer import Doer
from storage.members import links
from storage.members.identity import Identity, token_hash
from storage.members.members import Person, Role, add_member, list_members, remove_member
from storage.slack_workspaces import remove_workspace
from storage.trust.audit import Action
from storage.trust.erasure import erase
from storage.trust.export import LEFT_OUT, export_account
from storage.trust.privacy import as_document, find
from tests.promises.colleagues import PASSWORD, Colleagues
from tests.promises.filling import fill_empty_tables, rows_by_table
from tests.promises.living import live, renew_key, words_of_the_first
from tests.promises.places import Piece
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
    people = stage.colleagues
    assert people
    (member,) = tables["member"]
    assert member["personal"] == {"email": people.email, "name": f"{people.word} Owner"}
    assert {link["address"] for link in tables["mail_link"]} == {people.invited, None}
    assert [one["device"] for one in tables["web_session"]] == ["Firefox on Linux"]
    secrets = [canaries.secret, canaries.never, people.token, people.seed, PASSWORD, *people.only_hashed]
    assert search(secrets, {"export": [("export", sink.getvalue())]}) == []
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


async def test_what_is_held_on_who_signs_in_is_shown(stage: Stage) -> None:
    """By the address: name, role, browsers, links, invitations, and nothing that could be signed in with; a
    colleague is shown nothing of it. Erasing leaves a member in, and its receipt says so."""
    people = await stage.join()

    async def shown(address: str) -> Any:
        held = await find(stage.db, stage.vault, stage.account_id, address, action=Action.PERSON_SHOWN)
        return json.loads(as_document(held))["member"]

    owner = await shown(people.email.upper())
    assert owner["member"]["personal"] == {"email": people.email, "name": f"{people.word} Owner"}
    assert owner["member"]["role"] == "owner"
    assert [one["device"] for one in owner["web_session"]] == ["Firefox on Linux"]
    assert [one["purpose"] for one in owner["mail_link"]] == ["password"]
    invited = await shown(people.invited)
    assert (invited["member"], [one["address"] for one in invited["mail_link"]]) == (None, [people.invited])
    assert await shown(f"nobody@{people.word}.example") is None
    told = json.dumps([owner, invited]).encode()
    assert search([people.token, people.seed, PASSWORD, *people.only_hashed], {"": [Piece("", told)]}) == []
    for token in people.only_hashed:
        assert token_hash(token).hex().encode() not in told
    signed = await erase(stage.db, stage.vault, stage.account_id, people.email)
    assert "members" in str([left.where for left in signed.receipt.remaining])
    assert await shown(people.email) == owner


async def test_a_removed_member_cannot_be_read_in_an_old_copy(stage: Stage) -> None:
    """Who is removed leaves with sessions, codes and links, and a day later no key opens them in a backup,
    nor the tokens of a Slack workspace that was disconnected."""
    people = await stage.join()
    await stage.plant_controls()
    backup = await stage.files.dump()
    place = (stage.db, stage.vault, stage.account_id)
    await _leave(stage, people)
    await remove_workspace(*place, f"T{stage.account_id}", before=NOW, by=Doer.operator())
    await renew_key(stage, 0)
    kept = await list_members(*place)
    assert [one.person.email for one in kept] == ["next@owner.example"]
    words = (people.seed, people.token, f"{people.word} Owner", people.email)
    await stage.sweep(words=words, backup=backup, leave_out=["said"])


async def _leave(stage: Stage, people: Colleagues) -> None:
    """Another owner comes, and the first is removed; invitations are taken back."""
    db, vault, account_id = stage.db, stage.vault, stage.account_id
    identity, person = await Identity.of(vault), Person("next@owner.example")
    await add_member(db, vault, identity, account_id, person, role=Role.OWNER, password=None, now=NOW)
    for link in await links.invitations(db, vault, account_id, NOW):
        await links.use(db, link)
    await remove_member(db, account_id, people.member_id, Doer.operator())
    for model in (models.MailLink, models.WebSession, models.RecoveryCode):
        assert await stage.world.rows(model) == []


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
