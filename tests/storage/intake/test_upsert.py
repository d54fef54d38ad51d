"""Writing records: new and changed rows only, sealed, and never over what was deleted."""

from datetime import timedelta
from decimal import Decimal

import msgspec
import pytest
from sqlalchemy import update

from storage import models, records
from storage.intake.upsert import SourceGone
from storage.personal_document import open_personal
from tests.world import NOW, World, customer, gone, invoice, payment, price, product, subscription


async def test_a_record_is_stored_once_however_often_it_comes(world: World) -> None:
    """The same records again change nothing."""
    batch = (customer("Acme"), subscription("Acme"), invoice(1, "Acme"), payment(1, "Acme"))
    first = await world.write(*batch)
    again = await world.write(*batch)
    assert dict(first.inserted) == {"customer": 1, "subscription": 1, "invoice": 1, "payment": 1}
    assert sum(again.inserted.values()) + sum(again.changed.values()) == 0
    assert dict(again.unchanged) == {"customer": 1, "subscription": 1, "invoice": 1, "payment": 1}


async def test_a_changed_record_replaces_the_old_one(world: World) -> None:
    """A new name is what opens afterwards, and only one row is there."""
    await world.write(customer("Acme"))
    written = await world.write(customer("Acme", name="Acme Incorporated"))
    assert written.changed["customer"] == 1
    (row,) = await world.rows(models.Customer)
    keys = await world.vault.source_keys(world.account_id, world.source_id)
    assert open_personal(keys, row.id, row.sealed).name == "Acme Incorporated"


async def test_the_later_of_two_in_one_batch_wins(world: World) -> None:
    """A batch may hold an object twice: the last one is stored."""
    await world.write(payment(1, "Acme", amount=100), payment(1, "Acme", amount=200))
    (row,) = await world.rows(models.Payment)
    assert row.amount == 200


async def test_records_may_come_in_any_order(world: World) -> None:
    """A subscription that arrives before its customer finds it."""
    await world.write(subscription("Acme"))
    await world.write(customer("Acme"))
    (bought,) = await world.rows(models.Subscription)
    (buyer,) = await world.rows(models.Customer)
    assert bought.customer_id == buyer.id


async def test_nothing_personal_is_stored_in_clear(world: World) -> None:
    """No column of a customer's row holds its name, address, number or vendor id."""
    await world.write(customer("Acme", links=(("hubspot_company", "hub-4711"),)))
    (row,) = await world.rows(models.Customer)
    (link,) = await world.rows(models.CustomerLink)
    stored = b"|".join(
        str(value).encode() if not isinstance(value, bytes) else value
        for kept in (row, link)
        for value in vars(kept).values()
    )
    for secret in (
        b"Acme",
        b"billing@acme.example",
        b"acme.example",
        b"+15550100",
        b"15550100",
        b"cus_Acme",
        b"hub-4711",
    ):
        assert secret not in stored


async def test_products_of_a_discount_are_stored_keyed(world: World) -> None:
    """The vendor's product ids of a coupon are nowhere in clear, and it lowers the MRR of these products."""
    half = records.Discount(
        duration=records.DiscountDuration.FOREVER, percent_off=Decimal(50), product_ids=("prod_Growth",)
    )
    other = msgspec.structs.replace(half, product_ids=("prod_Seats",))
    growth = records.Item(id="si_1", price=price("Growth", 10_000), discounts=(other,))
    seats = records.Item(id="si_2", price=price("Seats", 3_000))
    await world.sync(
        customer("Acme", discounts=(half,)),
        customer("Beta"),
        subscription("Acme", items=(growth, seats)),
        subscription("Beta", items=(growth, seats), discounts=(half,)),
    )
    for model in (models.Customer, models.Subscription):
        for row in await world.rows(model):
            stored = str(vars(row))
            assert "prod_" not in stored
    assert [span.mrr for span in await world.rows(models.MrrSpan)] == [8_000, 8_000]


async def test_a_large_batch_is_stored_whole(world: World) -> None:
    """More rows than a statement of SQLite takes parameters."""
    written = await world.write(*(payment(number, "Acme") for number in range(1_500)))
    assert written.inserted["payment"] == 1_500
    again = await world.write(*(payment(number, "Acme", amount=7) for number in range(1_500)))
    assert again.changed["payment"] == 1_500


async def test_changes_of_a_subscription_are_kept_from_its_second_state_on(world: World) -> None:
    """The first change notes what it was since first sight, and what it became; others add one each."""
    first, second, third = NOW - timedelta(days=3), NOW - timedelta(days=2), NOW
    await world.write(subscription("Acme"), at=first)
    assert await world.rows(models.SubscriptionChange) == []
    await world.write(subscription("Acme", of_price=price(amount=20_000)), at=second)
    await world.write(subscription("Acme", status=records.SubscriptionStatus.UNPAID), at=third)
    changes = sorted(await world.rows(models.SubscriptionChange), key=lambda change: change.at)
    assert [(change.at, change.status) for change in changes] == [
        (first, "active"),
        (second, "active"),
        (third, "unpaid"),
    ]
    assert [int(change.items[0].price.unit_amount) for change in changes] == [10_000, 20_000, 10_000]


async def test_a_source_that_is_being_removed_takes_no_rows(world: World) -> None:
    """Whoever still syncs it is stopped, and nothing is written."""
    async with world.db.tenant(world.account_id) as session:
        await session.execute(update(models.Source).values(state="removing"))
    with pytest.raises(SourceGone):
        await world.write(customer("Acme"))
    assert await world.rows(models.Customer) == []


class TestDeletion:
    """A customer deleted at the source."""

    async def test_leaves_no_row_that_leads_to_it(self, world: World) -> None:
        """The customer's row, links and ids are gone; what it paid stays under an id of nobody."""
        await world.sync(
            customer("Acme", links=(("hubspot_company", "1"),)),
            product("Growth"),
            subscription("Acme"),
            invoice(1, "Acme"),
            payment(1, "Acme"),
        )
        acme = await world.id_of("customer", "cus_Acme")
        await world.sync(gone(records.Customer, "cus_Acme"))
        assert await world.rows(models.Customer) == []
        assert await world.rows(models.CustomerLink) == []
        for model in (models.Subscription, models.Invoice, models.Payment, models.MrrSpan):
            (row,) = await world.rows(model)
            assert row.customer_id != acme
        for model in (models.Profile, models.Movement, models.MrrSpan):
            assert all(row.profile_id != acme for row in await world.rows(model))

    async def test_is_not_undone_by_a_late_page(self, world: World) -> None:
        """A page read before the deletion and stored after it brings nothing back."""
        page = (customer("Acme"), subscription("Acme"), invoice(1, "Acme"), payment(1, "Acme"))
        await world.sync(*page)
        await world.sync(gone(records.Customer, "cus_Acme"))
        await world.sync(*page, payment(2, "Acme"))
        acme = await world.id_of("customer", "cus_Acme")
        assert await world.rows(models.Customer) == []
        for model in (models.Subscription, models.Invoice, models.Payment):
            assert all(row.customer_id != acme for row in await world.rows(model))
        assert len(await world.rows(models.Payment)) == 2

    async def test_keeps_anonymous_bills_up_to_date(self, world: World) -> None:
        """An open invoice of a deleted customer that is voided later is no longer open here."""
        unpaid = invoice(1, "Acme", status=records.InvoiceStatus.OPEN, amount_paid=0, amount_remaining=10_000)
        await world.sync(customer("Acme"), unpaid)
        await world.sync(gone(records.Customer, "cus_Acme"))
        await world.sync(msgspec.structs.replace(unpaid, status=records.InvoiceStatus.VOID))
        (row,) = await world.rows(models.Invoice)
        assert row.status == "void"

    async def test_of_another_kind_removes_its_row(self, world: World) -> None:
        """A deleted draft invoice is gone."""
        await world.sync(customer("Acme"), invoice(1, "Acme", status=records.InvoiceStatus.DRAFT))
        await world.sync(gone(records.Invoice, "in_1"))
        assert await world.rows(models.Invoice) == []
