"""P8: as little data as possible. What is stored of a source is a published list; all else never arrives."""

from typing import Any

import pytest

from connectors.registry import connector_class, kinds
from connectors.stripe import Stripe
from storage import models, records
from storage.models import Base, SourceRecord
from storage.personal_document import Personal
from tests.promises.canaries import Canaries
from tests.promises.stripe_canaries import canary_world
from tests.promises.sweep import Stage, search
from tests.vendors.stripe import StripeServer
from tests.vendors.stripe_data import World

pytestmark = pytest.mark.promises("P8")

EXTRA_FIELDS = 50
# Columns that are ours: keys, references as keyed hashes, look-ups, what was worked out.
OURS = {
    models.Customer: {"sealed", "email_key", "domain_key", "name_key", "phone_key", "profile_id"},
    models.Price: {"definition"},
    models.Subscription: {"first_seen_at", "products", "product_id", "price_id"},
    models.Invoice: {"intent_id"},
    models.Payment: {"attempt_of", "failure"},
}
RECORDS: dict[type[SourceRecord], type[records.Record]] = {
    models.Product: records.Product,
    models.Price: records.Price,
    models.Customer: records.Customer,
    models.Subscription: records.Subscription,
    models.Invoice: records.Invoice,
    models.Payment: records.Payment,
    models.Refund: records.Refund,
    models.Dispute: records.Dispute,
}


def extra_fields(word: str) -> dict[str, Any]:
    """50 fields that no declaration names: text, nested, in lists, long enough to be compressed."""
    shapes: tuple[Any, ...] = (
        word,
        {"inner": {"value": word}},
        [word, word],
        [{"name": word}],
        word * 200,
    )
    return {f"extra_{number:02}": shapes[number % len(shapes)] for number in range(EXTRA_FIELDS)}


def with_extra(world: World, word: str) -> World:
    for table in world.tables.values():
        for row in table.rows:
            row.object.update(extra_fields(word))
            for inner in (row.object.get("items"), row.object.get("lines")):
                for one in (inner or {}).get("data", ()):
                    one.update(extra_fields(word))
    return world


@pytest.fixture
async def server(canaries: Canaries) -> Any:
    """A Stripe whose every object has fifty fields that it did not have yesterday."""
    from tests.promises.stripe_canaries import api_key

    async with StripeServer(
        with_extra(canary_world(canaries), canaries.never), key=api_key(canaries)
    ) as running:
        yield running


async def test_fifty_unknown_fields_leave_no_trace(stage: Stage) -> None:
    """Of 50 fields planted in every object, and of every personal field off the list, 0 are stored."""
    await stage.sync()
    await stage.plant_controls()
    places = await stage.places()
    assert search([stage.canaries.never], places) == []
    assert {found.place for found in search([stage.canaries.kept], places)} == {
        "tables, opened",
        "files, opened",
    }


@pytest.mark.parametrize("table", RECORDS, ids=lambda model: str(model.__tablename__))
def test_every_column_has_its_field_on_the_list(table: type[SourceRecord]) -> None:
    """A table has no column that is not a published field of the connector or a key of our own."""
    published = set(Stripe.stored_fields()[RECORDS[table].KIND])
    shared = {"account_id", "source_id", "id", "fingerprint"}
    references = {name for name in published if name.endswith("_id")}
    columns = {column.name for column in Base.metadata.tables[table.__tablename__].columns}
    assert columns - shared - OURS.get(table, set()) <= published | references


def test_the_sealed_document_is_the_list_of_personal_fields() -> None:
    """What is sealed of a customer is what the list calls personal, and every such field is sealed."""
    assert set(Personal.__struct_fields__) == set(records.Customer.PERSONAL)
    assert set(records.Customer.PERSONAL) <= set(Stripe.stored_fields()["customer"])


def test_there_is_no_place_for_a_raw_payload() -> None:
    """No table of records has a column that would take a vendor's object as it came."""
    for model in RECORDS:
        columns = {column.name for column in Base.metadata.tables[model.__tablename__].columns}
        assert columns.isdisjoint({"raw", "payload", "body", "data", "json", "metadata", "extra"}), model


@pytest.mark.parametrize("kind", kinds())
def test_every_connector_publishes_its_list(kind: str) -> None:
    """Each connector says what it stores, for every stream that it reads."""
    connector = connector_class(kind)
    fields = connector.stored_fields()
    assert {kind.KIND for one in connector.streams for kind in (one.record, *one.also)} == set(fields)
    assert all(fields.values())
