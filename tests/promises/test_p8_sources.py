"""P8 for sales and support: of what HubSpot, Intercom and Zendesk send, only the published list is stored."""

from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from connectors.registry import connector_class
from connectors.sync import sync_source
from storage import models, records
from storage.models import Base, SourceRecord
from storage.personal_document import PersonalContact, PersonalDeal, PersonalOwner, PersonalTicket
from storage.sources import SourceSecret, add_source
from tests.connectors.relations import VENDORS
from tests.promises.sweep import Stage, search
from tests.promises.test_p8_minimal import extra_fields
from tests.vendors.relation_companies import fill
from tests.vendors.stripe_company import NOW

pytestmark = pytest.mark.promises("P8")

NAMED = {"companies", "organizations", "contacts", "users", "deals", "admins", "owners"}
"""What has a name that may be stored, sealed."""

UNWANTED = {
    "hubspot": (
        "address",
        "city",
        "notes",
        "annualrevenue",
        "description",
        "hs_analytics_source",
        "mobilephone",
    ),
    "intercom": (
        "avatar",
        "browser",
        "custom_attributes",
        "location",
        "referrer",
        "remark",
        "social_profiles",
    ),
    "zendesk": (
        "alias",
        "comment",
        "custom_fields",
        "description",
        "details",
        "notes",
        "photo",
        "raw_subject",
    ),
}
"""Fields that these vendors have and nobody here needs."""

# Columns that are ours: keys, references as keyed hashes, look-ups, what was worked out.
SHARED = {"account_id", "source_id", "id", "fingerprint"}
OURS: dict[type[SourceRecord], set[str]] = {
    models.Contact: {"sealed", "email_key"},
    models.Owner: {"sealed"},
    models.Deal: {"sealed"},
    models.Stage: set(),
    models.Ticket: {"sealed", "reply_seconds", "named", "contact_id"},
    models.TicketRating: {"ticket_id"},
}
RECORDS: dict[type[SourceRecord], type[records.Record]] = {
    models.Contact: records.Contact,
    models.Owner: records.Owner,
    models.Deal: records.Deal,
    models.Stage: records.Stage,
    models.Ticket: records.Conversation,
    models.TicketRating: records.Rating,
}
SEALED = {
    records.Contact: PersonalContact,
    records.Owner: PersonalOwner,
    records.Conversation: PersonalTicket,
    records.Deal: PersonalDeal,
}


def _plant(vendor: str, tables: dict[str, dict[str, Any]], kept: str, never: str) -> None:
    """Unwanted and unknown fields in every object and every one within, and a subject nobody asked for."""
    for name, table in tables.items():
        for row in table.values():
            for one in list(_objects(row)):
                one.update(extra_fields(never) | dict.fromkeys(UNWANTED[vendor], never))
            if name in NAMED:
                place = row.get("properties", row)
                place |= dict.fromkeys(("name", "firstname", "dealname", "firstName"), kept)
            if name == "tickets":
                row["subject"] = never
            if name == "conversations":
                row["title"] = row["source"]["subject"] = row["source"]["body"] = never


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from _objects(one)


async def test_fields_off_the_list_leave_no_trace(stage: Stage) -> None:
    """Of 50 unknown fields and the vendor's own unwanted ones, 0 are stored; names are, sealed."""
    async with AsyncExitStack() as running:
        for vendor, (_, serve) in VENDORS.items():
            server = await running.enter_async_context(serve())
            fill(server, 3)
            _plant(vendor, server.tables, stage.canaries.kept, stage.canaries.never)
            account = (stage.db, stage.vault, stage.account_id)
            source_id = await add_source(
                *account,
                kind=vendor,
                label=vendor,
                secret=SourceSecret(server.key),
                base_url=server.url,
                now=NOW,
            )
            result = await sync_source(*account, source_id)
            assert result.written.inserted["customer"] == 3
    await stage.plant_controls()
    places = await stage.places()
    assert search([stage.canaries.never], places) == []
    kept = {found.place for found in search([stage.canaries.kept], places)}
    assert kept == {"tables, opened", "files, opened"}


@pytest.mark.parametrize("table", RECORDS, ids=lambda model: str(model.__tablename__))
def test_every_column_has_its_field_on_the_list(table: type[SourceRecord]) -> None:
    """A table has no column that is not a published field or a key of our own."""
    kind = RECORDS[table].KIND
    published = {name for vendor in VENDORS for name in connector_class(vendor).stored_fields().get(kind, ())}
    columns = {column.name for column in Base.metadata.tables[table.__tablename__].columns}
    assert published
    assert columns - SHARED - OURS[table] <= published


@pytest.mark.parametrize("record", SEALED, ids=lambda record: str(record.KIND))
def test_the_sealed_document_is_the_list_of_personal_fields(record: type[records.Record]) -> None:
    """What is sealed is what the list calls personal, and every such field is sealed."""
    assert set(SEALED[record].__struct_fields__) == set(record.PERSONAL)
