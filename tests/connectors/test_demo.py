"""The demo company: always the same, consistent with itself, and alive on the day it is looked at."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise

import pytest
import time_machine
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.base import Credential, Window
from connectors.demo import Demo, new_key
from connectors.demo_company import company, founded_before
from connectors.demo_company.calendar import Span, add_months
from connectors.errors import KeyRefused
from storage.records import (
    Customer,
    Deletion,
    Dispute,
    Interval,
    Invoice,
    InvoiceStatus,
    Payment,
    PaymentStatus,
    Record,
    Refund,
    Subscription,
    SubscriptionStatus,
)

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
COUNTING = {SubscriptionStatus.ACTIVE, SubscriptionStatus.PAST_DUE}


@cache
def records(kind: type[Record], now: datetime = NOW) -> dict[str, Record]:
    found = company(seed=7, founded=founded_before(NOW), now=now).records[kind]
    return {record.id: record for record in found}


def test_same_seed_gives_same_company():
    """The same seed, founding and moment give the same records; another seed gives others."""
    same = [company(seed=7, founded=founded_before(NOW), now=NOW) for _ in range(2)]
    other = company(seed=8, founded=founded_before(NOW), now=NOW)
    assert same[0] == same[1]
    assert [c.name for c in same[0].records[Customer]] != [c.name for c in other.records[Customer]]


@pytest.mark.parametrize("day", ["2026-11-23", "2028-02-29", "2027-01-31", "2027-08-01"])
def test_has_about_three_hundred_customers_on_any_day(day):
    """About 300 customers with 18 months of history, whenever it is founded."""
    now = datetime.fromisoformat(day).replace(tzinfo=UTC)
    customers = company(seed=7, founded=founded_before(now), now=now).records[Customer]
    assert 270 <= len(customers) <= 330
    assert now - min(c.created_at for c in customers) > timedelta(days=520)
    assert now - max(c.created_at for c in customers) < timedelta(days=7)


@settings(max_examples=8, deadline=None)
@given(days=st.integers(1, 60))
def test_looking_later_adds_history_and_changes_none(days):
    """What was final (paid invoices, payments, ended subscriptions) is the same when looked at later."""
    later = NOW + timedelta(days=days)
    assert records(Customer).items() <= records(Customer, later).items()
    assert records(Payment).items() <= records(Payment, later).items()
    for kind, final in ((Invoice, {InvoiceStatus.PAID}), (Subscription, {SubscriptionStatus.CANCELED})):
        for id_, record in records(kind).items():
            if record.status in final:
                assert records(kind, later)[id_] == record


def test_every_paid_invoice_has_its_payment():
    """A paid invoice has exactly one succeeded payment, of its amount, at its paid_at; an unpaid one none."""
    paid = Counter()
    for payment in records(Payment).values():
        invoice = records(Invoice)[payment.invoice_id]
        assert (payment.amount, payment.currency) == (invoice.total, invoice.currency)
        assert payment.customer_id == invoice.customer_id
        if payment.status is PaymentStatus.SUCCEEDED:
            paid[invoice.id] += 1
            assert payment.created_at == invoice.paid_at
    assert paid == {id_: 1 for id_, i in records(Invoice).items() if i.status is InvoiceStatus.PAID}


def test_invoice_amounts_add_up():
    """Paid and remaining add up to the total, which is the lines less their discounts (`once` ones aside)."""
    for invoice in records(Invoice).values():
        net = sum(line.amount - line.recurring_discount for line in invoice.lines)
        assert invoice.amount_paid + invoice.amount_remaining == invoice.amount_due == invoice.total > 0
        if "_0" not in invoice.id.removeprefix(f"in_{invoice.subscription_id}"):
            assert net == invoice.total
        assert net >= invoice.total


def test_latest_bill_is_what_the_subscription_says():
    """A counting subscription's latest bill has its items as recurring lines, unless it changed since."""
    latest = {}
    for invoice in sorted(records(Invoice).values(), key=lambda i: i.created_at):
        latest[invoice.subscription_id] = invoice
    counting = [s for s in records(Subscription).values() if s.status in COUNTING]
    same = 0
    for subscription in counting:
        invoice = latest[subscription.id]
        assert invoice.created_at == subscription.current_period_start
        lines = {
            (li.item_id, li.price_id, li.quantity) for li in invoice.lines if li.item_id and not li.proration
        }
        same += lines == {(item.id, item.price.id, item.quantity) for item in subscription.items}
    assert len(counting) > 150
    assert same >= 0.95 * len(counting)


def test_bills_follow_one_another_without_gaps():
    """A subscription's bills cover its time: each period begins where the one before it ended."""
    spans = {}
    for invoice in sorted(records(Invoice).values(), key=lambda i: i.created_at):
        period = {(li.period_start, li.period_end) for li in invoice.lines if li.item_id and not li.proration}
        spans.setdefault(invoice.subscription_id, []).append(period)
    for periods in spans.values():
        assert all(len(period) == 1 for period in periods)
        for (before,), (after,) in pairwise(periods):
            assert before[1] == after[0]


def test_subscriptions_make_sense():
    """Dates agree with the status: trials end ahead, ended ones have an end that is past."""
    for s in records(Subscription).values():
        assert s.created_at <= NOW
        assert s.created_at >= records(Customer)[s.customer_id].created_at
        assert (s.status is SubscriptionStatus.CANCELED) == (s.ended_at is not None and s.ended_at <= NOW)
        assert (s.status is SubscriptionStatus.TRIALING) == (
            s.trial_end is not None and s.trial_end > NOW and s.ended_at is None
        )
        assert s.cancel_at_period_end == (s.cancel_at is not None and s.cancel_at > NOW)
        assert not s.cancel_at_period_end or s.cancel_at == s.current_period_end
        main, *seats = s.items
        assert all(main.price.unit_amount > item.price.unit_amount * item.quantity for item in seats)


def test_refunds_and_disputes_belong_to_succeeded_payments():
    """Money goes back only where it came, never more than came, and only afterwards."""
    for kind in (Refund, Dispute):
        for record in records(kind).values():
            payment = records(Payment)[record.payment_id]
            assert payment.status is PaymentStatus.SUCCEEDED
            assert 0 < record.amount <= payment.amount
            assert payment.created_at < record.created_at <= NOW


def test_company_has_something_of_everything():
    """On any day there is enough to ask about: every status, currency, interval, lateness and trouble."""
    subscriptions, invoices = records(Subscription).values(), records(Invoice).values()
    assert {s.status for s in subscriptions} >= {*COUNTING, "trialing", "canceled"}
    assert {s.items[0].price.interval for s in subscriptions} == {Interval.MONTH, Interval.YEAR}
    assert len({s.items[0].price.product_id for s in subscriptions}) == 4
    counting = Counter(s.currency for s in subscriptions if s.status in COUNTING)
    assert set(counting) == {"usd", "eur", "gbp", "jpy"}
    assert counting["usd"] > len(subscriptions) / 3
    assert counting["jpy"] == 1
    assert any(i.status is InvoiceStatus.OPEN and i.due_at and i.due_at < NOW for i in invoices)
    assert any(i.status is InvoiceStatus.OPEN and i.due_at and i.due_at > NOW for i in invoices)
    assert any(line.proration for i in invoices for line in i.lines)
    assert any(s.cancel_at_period_end for s in subscriptions)
    assert any(s.discounts for s in subscriptions)
    assert records(Refund)
    assert records(Dispute)


def test_nobody_real_is_named():
    """Addresses stand under .example, phone numbers in ranges kept for fiction, names are unique."""
    customers = records(Customer).values()
    assert all(c.email.endswith(".example") and c.email.isascii() for c in customers)
    assert all(c.phone is None or c.phone.startswith(("+120255501", "+442079460")) for c in customers)
    assert (
        len({c.name for c in customers}) == len({c.email.split("@")[1] for c in customers}) == len(customers)
    )
    assert {"Café Zoë", "Growth Partners", "[red]Beacon[/red] Systems"} <= {c.name for c in customers}


@given(st.integers(0, 40_000).map(lambda days: NOW + timedelta(days=days)), st.integers(-30, 30))
def test_months_keep_their_day(anchor, months):
    """Adding months keeps the day where that month has it, and never leaves the month aimed at."""
    moved = add_months(anchor, months)
    assert (moved.year * 12 + moved.month) - (anchor.year * 12 + anchor.month) == months
    assert moved.day == anchor.day or (moved.day < anchor.day and (moved + timedelta(days=1)).day == 1)
    assert Span(anchor, anchor + timedelta(hours=2)).at(0.5) - anchor <= timedelta(hours=1)


# ---- as a connector -------------------------------------------------------------------------------------


async def read(source: Demo, **more) -> dict[str, Record]:
    """Every record of every stream, walked page by page."""
    found = {}
    for stream in source.streams:
        async for page in source.pages(stream, **more):
            assert page.count == len(page.records) <= 500
            assert all(isinstance(record, stream.record) for record in page.records)
            found |= {record.id: record for record in page.records}
    return found


@time_machine.travel(NOW, tick=False)
async def test_streams_yield_everything_newest_first():
    """The pages of all streams together are the company, each list newest first, ids the same as pages."""
    async with Demo(Credential(key=new_key(NOW))) as source:
        found = await read(source)
        whole = company(seed=7, founded=founded_before(NOW), now=NOW)
        assert found == {r.id: r for kind in whole.records.values() for r in kind}
        stream = source.stream("invoices")
        created = [r.created_at async for page in source.pages(stream) for r in page.records]
        assert created == sorted(created, reverse=True)
        assert [i async for page in source.ids(stream) for i in page.ids] == [
            r.id async for page in source.pages(stream) for r in page.records
        ]


@time_machine.travel(NOW, tick=False)
async def test_a_walk_can_be_taken_up_again_after_any_page():
    """Going on after a page's cursor gives exactly the pages that were left."""
    async with Demo(Credential(key=new_key(NOW))) as source:
        pages = [page async for page in source.pages(source.stream("payments"))]
        rest = [page async for page in source.pages(source.stream("payments"), cursor=pages[0].cursor)]
        assert [p.records for p in rest] == [p.records for p in pages[1:]]
        assert pages[-1].cursor is None


@time_machine.travel(NOW, tick=False)
async def test_windows_part_a_stream():
    """Two windows together give what the whole gives, nothing twice."""
    async with Demo(Credential(key=new_key(NOW))) as source:
        stream, middle = source.stream("customers"), NOW - timedelta(days=200)
        parts = [
            {r.id async for page in source.pages(stream, window) for r in page.records}
            for window in Window().split(middle)
        ]
        assert not parts[0] & parts[1]
        assert parts[0] | parts[1] == {r.id async for page in source.pages(stream) for r in page.records}


async def test_changes_bring_an_older_copy_up_to_date():
    """A copy made ten days ago plus what changed since equals the company of today."""
    key = new_key(NOW)
    with time_machine.travel(NOW - timedelta(days=10), tick=False):
        async with Demo(Credential(key=key)) as source:
            copy, cursor = await read(source), await source.start(source.feeds[0])
    with time_machine.travel(NOW, tick=False):
        async with Demo(Credential(key=key)) as source:
            names = [stream.name for stream in source.streams]
            pages = [page async for page in source.changes(source.feeds[0], cursor, names)]
            copy |= {record.id: record for page in pages for record in page.records}
            assert copy == await read(source)
            assert sum(page.count for page in pages) < 0.2 * len(copy)
            again = [page async for page in source.changes(source.feeds[0], pages[-1].cursor, names)]
            assert [page.count for page in again] == [0]


@time_machine.travel(NOW, tick=False)
async def test_fetch_says_what_is_gone():
    """Fetching by id gives the object as it is, and a deletion for an id that there is not."""
    async with Demo(Credential(key=new_key(NOW))) as source:
        wanted = next(iter(records(Customer)))
        page = await source.fetch(source.stream("customers"), [wanted, "cus_none"])
        assert page.records == [
            records(Customer)[wanted],
            Deletion(id="cus_none", of=Customer, deleted_at=NOW),
        ]


@pytest.mark.parametrize("key", ["", "sk_test_1", "demo-7-2026-13-40", "demo-7-2026-01-01\n"])
def test_a_key_of_another_kind_is_refused(key):
    """Only its own keys open it, and the refusal does not repeat what was given."""
    with pytest.raises(KeyRefused) as refusal:
        Demo(Credential(key=key))
    assert not key or key not in str(refusal.value)
