"""Records of Stripe's objects, in the current and in older shapes, against figures worked out by hand."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from connectors.base import Skipped
from connectors.stripe import Stripe, wire
from connectors.stripe.rows import Reader
from connectors.stripe.streams import READINGS
from connectors.stripe.values import Missing, Unreadable
from storage.records import (
    Discount,
    DiscountDuration,
    Interval,
    Invoice,
    InvoiceStatus,
    Payment,
    PaymentStatus,
    Price,
    Subscription,
    SubscriptionStatus,
    Tier,
    Usage,
)
from tests.vendors import stripe_objects as make
from tests.vendors.stripe_objects import DAY, T0

START = datetime.fromtimestamp(T0, UTC)
MONTH_END = START + timedelta(days=30)


class Known:
    """References that are all looked up already."""

    def __init__(self, *coupons: make.Object, prices: tuple[make.Object, ...] = ()) -> None:
        self.coupons = {row["id"]: msgspec.convert(row, wire.Coupon) for row in coupons}
        self.prices = {row["id"]: msgspec.convert(row, wire.Price, strict=False) for row in prices}

    def coupon(self, id_: str) -> wire.Coupon | None:
        return self.coupons.get(id_)

    def tiers(self, price_id: str, code: str | None = None) -> list[wire.Tier] | None:
        found = self.option(price_id, code) if code else self.prices.get(price_id)
        return found.tiers if found else None

    def option(self, price_id: str, code: str) -> wire.PriceOption | None:
        found = self.prices.get(price_id)
        return (found.currency_options or {}).get(code) if found else None


def record(stream: str, found: make.Object, references: Known | None = None) -> Any:
    """The record of one object as it would come over the wire."""
    reading = next(reading for reading in READINGS if reading.stream.name == stream)
    listing = Reader(stream, reading.rows).page(msgspec.json.encode(make.listed([found])))
    assert not listing.skipped
    return reading.build(listing.rows[0], references or Known(make.coupon()))


def test_a_customer_is_stored_by_allow_list() -> None:
    """Name, e-mail, phone, country, currency and the ids in other systems; nothing else of the metadata."""
    found = make.customer(
        phone="+1555",
        currency="USD",
        address={"country": "DE", "line1": "Street"},
        metadata={"hubspot_company_id": "77", "intercom_company_id": "", "note": "secret"},
    )
    customer = record("customers", found)
    assert msgspec.structs.asdict(customer) == {
        "id": "cus_1",
        "name": "Ada",
        "email": "ada@example.com",
        "phone": "+1555",
        "links": (("hubspot_company", "77"),),
        "country": "DE",
        "currency": "usd",
        "discounts": (),
        "created_at": START,
        "aliases": (),
        "domains": (),
        "owner_id": None,
        "tags": (),
    }
    assert repr(customer) == "Customer(...)"


def test_a_country_that_is_no_code_is_not_kept() -> None:
    """People may type anything into an address."""
    assert record("customers", make.customer(address={"country": "Ada's home"})).country is None


@pytest.mark.parametrize("of", ["OFF20", make.coupon()])
def test_a_customers_discount_is_read_with_its_coupon(of: str | make.Object) -> None:
    """Whether the coupon is an id or stands in the discount."""
    customer = record("customers", make.customer(discount=make.discount(of=of)))
    assert customer.discounts == (
        Discount(duration=DiscountDuration.FOREVER, percent_off=Decimal(20), starts_at=START),
    )


def test_an_older_discount_carries_its_coupon_itself() -> None:
    """`discount.coupon`, of before `discount.source`."""
    older = {"id": "di_1", "object": "discount", "start": T0, "end": T0 + DAY, "coupon": make.coupon()}
    (discount,) = record("customers", make.customer(discount=older)).discounts
    assert (discount.percent_off, discount.ends_at) == (Decimal(20), START + timedelta(days=1))


def test_a_price_keeps_decimals_and_interval() -> None:
    """Sub-cent amounts come as decimal text, and the quarter of a 3-month price is not lost."""
    recurring = {"interval": "month", "interval_count": 3, "usage_type": "metered"}
    found = make.price(unit_amount=None, unit_amount_decimal="0.125", recurring=recurring)
    price = record("prices", found)
    assert (price.unit_amount, price.interval, price.interval_count, price.usage) == (
        Decimal("0.125"),
        Interval.MONTH,
        3,
        Usage.METERED,
    )


def test_a_one_off_price_has_no_interval() -> None:
    """`recurring` is null."""
    assert record("prices", make.price(recurring=None, type="one_time")).interval is None


def test_a_tiered_price_keeps_its_tiers() -> None:
    """Flat and unit amounts a tier, decimals over whole ones, the last tier open."""
    tiers = [
        {
            "up_to": 5,
            "flat_amount": 5000,
            "flat_amount_decimal": "5000",
            "unit_amount": 0,
            "unit_amount_decimal": "0",
        },
        {"up_to": None, "flat_amount": None, "unit_amount": None, "unit_amount_decimal": "7.5"},
    ]
    found = make.price(unit_amount=None, billing_scheme="tiered", tiers_mode="graduated", tiers=tiers)
    price = record("prices", found)
    assert price.unit_amount is None
    assert (price.tiers_mode, price.tiers) == (
        "graduated",
        (
            Tier(up_to=5, unit_amount=Decimal(0), flat_amount=Decimal(5000)),
            Tier(up_to=None, unit_amount=Decimal("7.5"), flat_amount=Decimal(0)),
        ),
    )


def test_packages_are_kept() -> None:
    """`transform_quantity` divides before the price applies."""
    price = record("prices", make.price(transform_quantity={"divide_by": 10, "round": "up"}))
    assert (price.divide_by, price.round_up) == (10, True)


def test_a_current_subscription() -> None:
    """Items with their prices and quantities; the period is that of the item whose period ends first."""
    second = make.item(
        "si_2",
        make.price("price_2", 500),
        quantity=None,
        current_period_start=T0 + DAY,
        current_period_end=T0 + 10 * DAY,
    )
    found = make.subscription(
        items=[make.item(quantity=3), second],
        trial_start=T0,
        trial_end=T0 + DAY,
        cancel_at=T0 + 60 * DAY,
        cancel_at_period_end=True,
        pause_collection={"behavior": "void", "resumes_at": None},
    )
    got: Subscription = record("subscriptions", found)
    assert [(i.id, i.price.unit_amount, i.quantity) for i in got.items] == [
        ("si_1", Decimal(2000), 3),
        ("si_2", Decimal(500), None),
    ]
    assert (got.current_period_start, got.current_period_end) == (
        START + timedelta(days=1),
        START + timedelta(days=10),
    )
    assert (got.trial_end, got.cancel_at) == (START + timedelta(days=1), START + timedelta(days=60))
    assert (got.cancel_at_period_end, got.collection_paused) == (True, True)


def test_a_running_subscription_is_not_paused() -> None:
    """`pause_collection` is null."""
    got = record("subscriptions", make.subscription())
    assert (got.collection_paused, got.status) == (False, SubscriptionStatus.ACTIVE)


def test_discounts_of_subscription_and_item() -> None:
    """Each where it stands: percent, amount and currency, a repeating one's end, restricted products."""
    known = Known(
        make.coupon("TEN", None, amount_off=1000, currency="usd"),
        make.coupon("YEAR", 25.5, "repeating", duration_in_months=12, applies_to={"products": ["prod_1"]}),
    )
    ends = T0 + 365 * DAY
    found = make.subscription(
        items=[make.item(discounts=[make.discount("di_2", "YEAR", ends)])],
        discounts=[make.discount("di_1", "TEN")],
    )
    got = record("subscriptions", found, known)
    assert got.discounts == (
        Discount(duration=DiscountDuration.FOREVER, amount_off=1000, currency="usd", starts_at=START),
    )
    assert got.items[0].discounts == (
        Discount(
            duration=DiscountDuration.REPEATING,
            percent_off=Decimal("25.5"),
            starts_at=START,
            ends_at=START + timedelta(days=365),
            product_ids=("prod_1",),
        ),
    )


def test_an_amount_off_is_known_in_every_currency() -> None:
    """A coupon with an amount for each currency is a discount in each: a bill takes the one in its own."""
    options = {"usd": {"amount_off": 1000}, "eur": {"amount_off": 900}}
    ten = make.coupon("TEN", None, amount_off=1000, currency="usd", currency_options=options)
    for stream, found in (
        ("subscriptions", make.subscription(discounts=[make.discount(of="TEN")])),
        ("customers", make.customer(discount=make.discount(of="TEN"))),
    ):
        discounts = record(stream, found, Known(ten)).discounts
        assert [(d.amount_off, d.currency) for d in discounts] == [(1000, "usd"), (900, "eur")]


def test_an_item_costs_what_its_price_is_in_the_subscriptions_currency() -> None:
    """An item shows a price of several currencies in its own one: the subscription's says which is meant."""
    tiers = [{"up_to": None, "unit_amount": 700}]
    sold = make.price(currency_options={"eur": {"unit_amount": 1900, "unit_amount_decimal": "1900"}})
    seats = make.price("price_2", None, billing_scheme="tiered", tiers_mode="volume")
    seats |= {"currency_options": {"eur": {"unit_amount": None, "tiers": tiers}}}
    found = make.subscription(currency="eur", items=[make.item(), make.item("si_2", seats)])
    plan, seat = record("subscriptions", found, Known(prices=(sold, seats))).items
    assert (plan.price.currency, plan.price.unit_amount) == ("eur", Decimal(1900))
    assert (seat.price.currency, seat.price.tiers[0].unit_amount) == ("eur", Decimal(700))
    with pytest.raises(Unreadable):
        record("subscriptions", found, Known())


def test_a_subscription_of_2023() -> None:
    """Period and one discount on the subscription itself, with the coupon inside."""
    item = make.item()
    del item["current_period_start"], item["current_period_end"], item["discounts"]
    found = make.subscription(
        items=[item],
        current_period_start=T0,
        current_period_end=T0 + 30 * DAY,
        discount={"id": "di_1", "object": "discount", "start": T0, "end": None, "coupon": make.coupon()},
    )
    del found["discounts"]
    got = record("subscriptions", found, Known())
    assert (got.current_period_start, got.current_period_end) == (START, MONTH_END)
    assert got.discounts[0].percent_off == Decimal(20)


def test_a_discount_says_more_than_a_list_of_its_id() -> None:
    """Servers of 2024 have both; what is named by id alone cannot be read."""
    older = {"id": "di_1", "object": "discount", "start": T0, "end": None, "coupon": make.coupon()}
    found = make.subscription(discounts=["di_1"], discount=older)
    assert record("subscriptions", found, Known()).discounts[0].percent_off == Decimal(20)
    with pytest.raises(Unreadable):
        record("subscriptions", make.subscription(discounts=["di_1", "di_2"], discount=older), Known())


def test_a_subscription_of_before_prices() -> None:
    """Items have a plan and no price, the subscription has no currency, tiers end with "inf"."""
    plan = {
        "id": "growth",
        "object": "plan",
        "amount": None,
        "billing_scheme": "tiered",
        "currency": "eur",
        "interval": "year",
        "interval_count": 1,
        "product": "prod_9",
        "tiers_mode": "volume",
        "tiers": [
            {"up_to": "5", "unit_amount": "900", "flat_amount": "100"},
            {"up_to": "inf", "unit_amount": 500},
        ],
        "usage_type": "licensed",
    }
    item = {"id": "si_1", "object": "subscription_item", "plan": plan, "quantity": 7}
    found = make.subscription(items=[item])
    del found["currency"]
    got = record("subscriptions", found)
    assert got.currency == "eur"
    assert got.items[0].price == Price(
        id="growth",
        product_id="prod_9",
        currency="eur",
        interval=Interval.YEAR,
        unit_amount=None,
        tiers_mode="volume",
        tiers=(
            Tier(up_to=5, unit_amount=Decimal(900), flat_amount=Decimal(100)),
            Tier(up_to=None, unit_amount=Decimal(500), flat_amount=Decimal(0)),
        ),
    )


def test_a_current_invoice() -> None:
    """Amounts, moments, the collection it is paid by, and lines with their subscription item and price."""
    invoice: Invoice = record("invoices", make.invoice(payments=make.payments("pi_9", "pi_8")))
    assert (invoice.subscription_id, invoice.intent_id, invoice.status) == (
        "sub_1",
        "pi_9",
        InvoiceStatus.PAID,
    )
    assert (invoice.finalized_at, invoice.paid_at) == (
        START + timedelta(seconds=3600),
        START + timedelta(seconds=3605),
    )
    (line,) = invoice.lines
    assert (line.subscription_id, line.item_id, line.price_id, line.product_id) == (
        "sub_1",
        "si_1",
        "price_1",
        "prod_1",
    )
    assert (line.period_start, line.period_end, line.proration) == (START, MONTH_END, False)


def test_proration_and_one_off_lines_are_told_apart() -> None:
    """A proration keeps its mark and its negative amount; a one-off item belongs to no subscription item."""
    one_off = make.line(
        "il_2",
        parent={
            "type": "invoice_item_details",
            "invoice_item_details": {"invoice_item": "ii_1", "proration": True, "subscription": "sub_1"},
            "subscription_item_details": None,
        },
    )
    invoice = record("invoices", make.invoice(lines=[make.line(amount=-700, proration=True), one_off]))
    assert [(x.amount, x.proration, x.item_id, x.subscription_id) for x in invoice.lines] == [
        (-700, True, "si_1", "sub_1"),
        (2000, True, None, "sub_1"),
    ]


def test_only_recurring_discounts_come_off_a_line() -> None:
    """`once` does not recur; a discount of the line or of the invoice does; a lost coupon counts."""
    known = Known(make.coupon(), make.coupon("WELCOME", 30, "once"))
    line = make.line(
        discount_amounts=[
            {"amount": 400, "discount": "di_forever"},
            {"amount": 480, "discount": "di_once"},
            {"amount": 30, "discount": "di_line"},
            {"amount": 2, "discount": "di_lost"},
        ],
        discounts=[make.discount("di_line")],
    )
    discounts = [
        make.discount("di_forever"),
        make.discount("di_once", "WELCOME"),
        make.discount("di_lost", "GONE"),
    ]
    invoice = record("invoices", make.invoice(lines=[line], discounts=discounts), known)
    assert invoice.lines[0].recurring_discount == 432


def test_an_invoice_of_2023() -> None:
    """Subscription, payment intent, price and proration stand on the invoice and its lines themselves."""
    line = make.line(
        type="subscription",
        proration=True,
        subscription="sub_1",
        subscription_item="si_1",
        price=make.price(),
        discount_amounts=[{"amount": 400, "discount": "di_1"}],
    )
    del line["parent"], line["pricing"]
    line["proration"] = True
    found = make.invoice(
        lines=[line],
        subscription="sub_1",
        payment_intent={"id": "pi_1", "object": "payment_intent"},
        discount={"id": "di_1", "object": "discount", "start": T0, "end": None, "coupon": make.coupon()},
    )
    del found["parent"], found["payments"], found["discounts"], found["amount_remaining"]
    invoice = record("invoices", found, Known())
    assert (invoice.subscription_id, invoice.intent_id, invoice.amount_remaining) == ("sub_1", "pi_1", 0)
    (got,) = invoice.lines
    assert (got.item_id, got.price_id, got.product_id, got.proration, got.recurring_discount) == (
        "si_1",
        "price_1",
        "prod_1",
        True,
        400,
    )


def test_an_open_invoice_tells_what_is_due_and_when() -> None:
    """Amount remaining, due date, attempts, the next one; and when it was given up."""
    moments = {"finalized_at": T0, "paid_at": None, "voided_at": None, "marked_uncollectible_at": T0 + DAY}
    found = make.invoice(
        status="open",
        amount_paid=500,
        amount_remaining=1500,
        due_date=T0 + 30 * DAY,
        attempt_count=2,
        next_payment_attempt=T0 + 3 * DAY,
        status_transitions=moments,
    )
    got = record("invoices", found)
    assert (got.amount_remaining, got.due_at, got.attempt_count) == (1500, MONTH_END, 2)
    assert (got.next_attempt_at, got.uncollectible_at) == (
        START + timedelta(days=3),
        START + timedelta(days=1),
    )


@pytest.mark.parametrize(
    ("facts", "status", "amount"),
    [
        ({}, PaymentStatus.SUCCEEDED, 2000),
        ({"amount_captured": 1500}, PaymentStatus.SUCCEEDED, 1500),
        ({"captured": False, "amount_captured": 0}, PaymentStatus.PENDING, 2000),
        ({"status": "failed", "captured": False, "amount_captured": 0}, PaymentStatus.FAILED, 2000),
        ({"status": "pending", "amount_captured": None}, PaymentStatus.PENDING, 2000),
    ],
)
def test_a_charge_is_what_it_collected(facts: make.Object, status: PaymentStatus, amount: int) -> None:
    """The captured amount of a success, nothing of a hold, the asked amount of an attempt."""
    payment: Payment = record("charges", make.charge(**facts))
    assert (payment.status, payment.amount, payment.intent_id) == (status, amount, "pi_1")


def test_a_charges_failure_is_a_code_or_nothing() -> None:
    """Free text never takes the place of a code, and no card data is there to be stored."""
    assert (
        record("charges", make.charge(status="failed", failure_code="card_declined")).failure
        == "card_declined"
    )
    assert record("charges", make.charge(status="failed", failure_code="Ada's card")).failure is None
    assert not {"4242", "visa", "2030", "AOB934RVNwzk6xtn"} & set(
        repr(record("charges", make.charge())).split("'")
    )


def test_an_older_charge_names_its_invoice() -> None:
    """`charge.invoice`, of before invoice payments."""
    assert record("charges", make.charge(invoice="in_1")).invoice_id == "in_1"


def test_a_refund_without_status_succeeded() -> None:
    """Statuses came later than refunds."""
    found = {
        "id": "re_1",
        "object": "refund",
        "amount": 5,
        "created": T0,
        "currency": "jpy",
        "charge": "ch_1",
    }
    refund = record("refunds", found)
    assert (refund.status, refund.payment_id, refund.amount, refund.currency) == (
        "succeeded",
        "ch_1",
        5,
        "jpy",
    )


def test_what_is_missing_is_asked_for_and_what_is_gone_leaves_the_object_out() -> None:
    """An unknown coupon or tiered price raises Missing; one that no longer exists makes it Unreadable."""

    class Nothing(Known):
        def coupon(self, id_: str) -> wire.Coupon | None:
            raise Missing("coupon", id_)

    discounted = make.subscription(discounts=[make.discount()])
    with pytest.raises(Missing):
        record("subscriptions", discounted, Nothing())
    tiered = make.price(billing_scheme="tiered", unit_amount=None, tiers_mode="graduated")
    for found in (
        discounted,
        make.subscription(discounts=["di_1"]),
        make.subscription(items=[make.item(of=tiered)]),
        make.subscription(currency="dollars"),
        make.subscription(items=[{"id": "si_1", "plan": {"id": "p"}}]),
    ):
        with pytest.raises(Unreadable):
            record("subscriptions", found, Known())


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"status": "hibernating"}, "$.status"),
        ({"created": "yesterday"}, "$.created"),
        ({"created": 10**18}, "$.created"),
        ({"created": -1}, "$.created"),
        ({"items": {"data": [{"id": 5}]}}, "$.items.data[0].id"),
        ({"id": ""}, "$.id"),
    ],
)
def test_an_odd_row_is_left_out_and_its_page_stays(change: make.Object, field: str) -> None:
    """The other rows are read, the field is named, its value is not."""
    rows = [make.subscription("sub_1"), make.subscription("sub_2") | change, make.subscription("sub_3")]
    page = Reader("subscription", wire.Subscription).page(msgspec.json.encode(make.listed(rows)))
    assert [row.id for row in page.rows] == ["sub_1", "sub_3"]
    assert page.skipped == [Skipped("subscription", field)]
    assert (page.count, page.last) == (3, wire.Head("sub_3", T0))


def test_stored_fields_are_those_of_the_records() -> None:
    """The published list follows from the records, and holds no card data."""
    stored = Stripe.stored_fields()
    assert set(stored) == {
        "product",
        "price",
        "customer",
        "subscription",
        "invoice",
        "payment",
        "refund",
        "dispute",
    }
    named = " ".join(field for fields in stored.values() for field in fields)
    assert not [word for word in ("card", "last4", "brand", "exp_", "fingerprint", "cvc") if word in named]
