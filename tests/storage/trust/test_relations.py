"""People, tickets and deals: sealed, gone with the customer or the person, and never back."""

import io
from typing import Any

import pytest

from storage import models, records
from storage.metrics.plan import Plan
from storage.personal_document import PersonalTicket, open_document
from storage.trust.audit import Action
from storage.trust.erasure import erase
from storage.trust.export import export_account
from storage.trust.minimise import switch_off, switch_on
from storage.trust.people import EMPTY
from storage.trust.privacy import as_document, find
from tests.world import NOW, World, customer, gone

on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def contact(called: str, *at: str, **fields: Any) -> records.Contact:
    given = {"name": called, "email": f"{called}@acme.io", "title": "Chief of tests", "phone": "+15550111"}
    return records.Contact(
        id=called, customer_ids=tuple(f"cus_{one}" for one in at), created_at=NOW, **{**given, **fields}
    )


def ticket(number: int, of: str | None = "Acme", **fields: Any) -> records.Conversation:
    given = {
        "subject": f"Subject {number}",
        "state": records.ConversationState.OPEN,
        "opened_at": NOW,
        "customer_id": f"cus_{of}" if of else None,
    }
    return records.Conversation(id=f"t{number}", **{**given, **fields})


def deal(number: int, of: str = "Acme", **fields: Any) -> records.Deal:
    given = {
        "name": f"{of}, deal {number}",
        "state": records.DealState.OPEN,
        "amount": 10_000,
        "currency": "usd",
        "customer_id": f"cus_{of}",
        "created_at": NOW,
    }
    return records.Deal(id=f"d{number}", **{**given, **fields})


async def figures(world: World) -> list[Any]:
    return [await world.ask(Plan(measure=name)) for name in ("open_conversations", "pipeline", "open_deals")]


async def test_a_deleted_customer_takes_its_people_and_every_name_along(world: World) -> None:
    """Its contacts go, tickets and deals stay as facts that name nobody, and so they come back too."""
    batch = [
        customer("Acme", tags=("vip",)),
        contact("ada", "Acme"),
        contact("bob", "Acme", "Other"),
        ticket(1, tags=("billing",)),
        ticket(2, of=None, contact_ids=("ada",)),
        deal(1),
    ]
    await world.sync(*batch)
    assert {row.customer_id for row in await world.rows(models.Ticket)} == {
        await world.id_of("customer", "cus_Acme")
    }
    before = await figures(world)
    await world.sync(gone(records.Customer, "cus_Acme"))

    async def check() -> None:
        for row in (*await world.rows(models.Ticket), *await world.rows(models.Deal)):
            assert (row.customer_id, getattr(row, "contact_id", None)) == (None, None)
        assert await world.rows(models.CustomerTag) == []
        assert [row.customer_id for row in await world.rows(models.ContactCustomer)] == [
            await world.id_of("customer", "cus_Other")
        ]
        assert await figures(world) == before

    await check()
    assert {row.sealed for row in (*await world.rows(models.Ticket), *await world.rows(models.Deal))} == {
        EMPTY
    }
    assert [row.id for row in await world.rows(models.Contact)] == [await world.id_of("contact", "bob")]
    await world.sync(*batch)
    await check()


@on_one_database
async def test_a_deleted_person_stays_away(world: World) -> None:
    """A late page cannot bring them back; their ticket stays with the customer, without its subject."""
    batch = [customer("Acme"), contact("ada", "Acme"), ticket(1, contact_ids=("ada",))]
    await world.sync(*batch)
    await world.sync(gone(records.Contact, "ada"))
    await world.sync(*batch[:2])
    assert await world.rows(models.Contact) == []
    assert await world.rows(models.ContactCustomer) == []
    (left,) = await world.rows(models.Ticket)
    assert (left.contact_id, left.sealed) == (None, EMPTY)
    assert left.customer_id == await world.id_of("customer", "cus_Acme")


@on_one_database
async def test_a_person_is_shown_and_erased_without_the_company(world: World) -> None:
    """By the address of a contact: shown with their tickets, erased for good, the customer stays."""
    await world.sync(customer("Acme"), contact("ada", "Acme"), ticket(1, contact_ids=("ada",)))
    held = await find(world.db, world.vault, world.account_id, "Ada@Acme.io", action=Action.PERSON_SHOWN)
    document = as_document(held)
    assert held.records == []
    assert "Chief of tests" in document
    assert len(held.contacts[0].rows["ticket"]) == 1
    receipt = await erase(world.db, world.vault, world.account_id, "ada@acme.io")
    assert receipt.receipt.deleted == {"contact": 1, "contact_customer": 1}
    await world.sync(contact("ada", "Acme"), contact("new-id", "Acme", email="ADA@acme.io"))
    assert await world.rows(models.Contact) == []
    assert len(await world.rows(models.Customer)) == 1


@on_one_database
async def test_optional_fields_of_people_tickets_and_deals_are_forgotten(world: World) -> None:
    """Switched off, they leave the sealed documents at once; no page brings them back until switched on."""
    batch = [customer("Acme"), contact("ada", "Acme"), ticket(1), deal(1)]
    await world.sync(*batch)
    off = ["subject", "title", "deal_name", "phone"]

    async def said() -> list[bool]:
        """Which of the four the account's export has."""
        sink = io.BytesIO()
        await export_account(world.db, world.vault, world.account_id, sink, now=NOW)
        texts = (b"Subject 1", b"Chief of tests", b"Acme, deal 1", b"+15550111")
        return [text in sink.getvalue() for text in texts]

    assert await said() == [True] * 4
    await switch_off(world.db, world.vault, world.account_id, world.source_id, off, now=NOW)
    assert await said() == [False] * 4
    await world.sync(*batch)
    assert await said() == [False] * 4
    await switch_on(world.db, world.account_id, world.source_id, off)
    await world.sync(*batch)
    assert await said() == [True] * 4


@on_one_database
async def test_subjects_are_kept_on_request_alone(world: World) -> None:
    """A support source begins without them."""
    from storage.sources import SourceSecret, add_source

    number = await add_source(
        world.db, world.vault, world.account_id, kind="zendesk", label="Zendesk",
        secret=SourceSecret("k"), base_url=None, now=NOW,
    )  # fmt: skip
    zendesk = World(world.db, world.vault, world.account_id, number)
    await zendesk.sync(ticket(1, of=None))
    (row,) = await zendesk.rows(models.Ticket)
    keys = await world.vault.source_keys(world.account_id, number)
    assert open_document(keys, PersonalTicket, row.id, row.sealed) == PersonalTicket("t1")
