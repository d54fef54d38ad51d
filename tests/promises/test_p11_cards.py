"""P11: no card details, yours or your customers', in any place."""

import msgspec
import pytest

from connectors.stripe import wire, wire_bills
from storage.models import Base
from tests.promises.stripe_canaries import card
from tests.promises.sweep import Stage, search

pytestmark = pytest.mark.promises("P11")

CARD_WORDS = {
    "card",
    "last4",
    "cvc",
    "fingerprint",
    "exp_month",
    "exp_year",
    "brand",
    "iin",
    "pan",
    "funding",
}


async def test_no_card_detail_is_stored_or_shown(stage: Stage) -> None:
    """Number, CVC, last four digits, brand, expiry, fingerprint: sent by Stripe, stored nowhere."""
    await stage.sync()
    await stage.sync(full=True)
    for question in ("failed payments this year", "list invoices", "top customers by MRR"):
        await stage.ask(question)
    await stage.plant_controls()
    details = {value for value in card(stage.canaries.never).values() if isinstance(value, str)} | {
        f"{stage.canaries.never}dynamiclast4",
        f"{stage.canaries.never}network",
    }
    assert len(details) >= 11
    assert search(details, await stage.places()) == []


def test_no_card_field_is_ever_decoded() -> None:
    """What is read of Stripe's objects declares no field of a card, so that none is ever in memory."""
    structs = [
        struct
        for module in (wire, wire_bills)
        for struct in vars(module).values()
        if isinstance(struct, type) and issubclass(struct, msgspec.Struct)
    ]
    assert len(structs) > 20
    fields = {field for struct in structs for field in struct.__struct_fields__}
    assert fields.isdisjoint(
        CARD_WORDS | {"payment_method", "payment_method_details", "billing_details", "source_"}
    )


def test_no_column_could_hold_one() -> None:
    """No table has a column for a card's details."""
    columns = {column.name for table in Base.metadata.tables.values() for column in table.columns}
    assert columns.isdisjoint(CARD_WORDS - {"fingerprint"})  # ours is a keyed hash of a whole record
