"""Payments that failed and came after all, disputes, averages, what is how late: worked out by hand.

| bill | of | tried | |
|---|---|---|---|
| 1 | Ann, 100.00 | failed on 3 and 6 October | paid on 9 October |
| 2 | Ben, 50.00 | failed on 5 October | marked as paid in another way |
| 3 | Cal, 30.00 EUR | failed on 10 October | open, without a due date |
| 4 | Ann, 20.00 | failed on 20 November | open, due on 20 December |
| 5 | nobody, 10.00 | failed on 12 October | is of no bill |
| 6 to 9 | Ben, 1.00, 2.00, 4.00, 8.00 | | open, due 0, 31, 61 and 91 days ago |
"""

from datetime import timedelta

import pytest
import pytest_asyncio

from storage.metrics.plan import Order
from storage.records import Dispute, InvoiceStatus, PaymentStatus, Refund
from tests.storage.metrics.company import day
from tests.storage.metrics.plans import (
    MONTHLY,
    NOVEMBER,
    OCTOBER,
    amount,
    both,
    counting,
    groups,
    is_,
    listing,
    more,
    no,
    points,
)
from tests.world import NOW, World, customer, invoice, payment

pytestmark = pytest.mark.asyncio(loop_scope="module")

FAILED, OPEN = PaymentStatus.FAILED, InvoiceStatus.OPEN
NONE = {}


def _tried(number, of, bill, at, cents, status=FAILED, **fields):
    failure = "card_declined" if status is FAILED else None
    named = {"invoice_id": f"in_{bill}"} if bill else {}
    return payment(number, of, amount=cents, status=status, failure=failure, created_at=at, **named, **fields)


def _bill(number, of, cents, status=OPEN, **fields):
    left = {} if status is InvoiceStatus.PAID else {"amount_paid": 0, "amount_remaining": cents}
    return invoice(number, of, total=cents, status=status, **left, **fields)


def _dispute(number, of, status, at, cents, currency="usd"):
    return Dispute(
        id=f"dp_{number}", payment_id=of, status=status, currency=currency, amount=cents, created_at=at
    )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(shared_world: World) -> World:
    late = (0, 31, 61, 91)
    await shared_world.sync(
        customer("Ann"), customer("Ben", country="DE"), customer("Cal", country="FR"),
        _tried(1, "Ann", 1, day(10, 3), 10_000), _tried(2, "Ann", 1, day(10, 6), 10_000),
        _tried(3, "Ann", 1, day(10, 9), 10_000, PaymentStatus.SUCCEEDED),
        _tried(4, "Ben", 2, day(10, 5), 5_000),
        _tried(5, "Cal", 3, day(10, 10), 3_000, currency="eur"),
        _tried(6, "Ann", 4, day(11, 20), 2_000),
        _tried(7, None, None, day(10, 12), 1_000),
        _tried(8, "Ben", None, day(10, 15), 2_001, PaymentStatus.SUCCEEDED),
        _bill(1, "Ann", 10_000, InvoiceStatus.PAID, created_at=day(10, 3)),
        _bill(2, "Ben", 5_000, InvoiceStatus.PAID, created_at=day(10, 5)),
        _bill(3, "Cal", 3_000, created_at=day(10, 10), currency="eur"),
        _bill(4, "Ann", 2_000, created_at=day(11, 20), due_at=day(12, 20)),
        *(
            _bill(6 + n, "Ben", 100 * 2**n, created_at=day(7, 1), due_at=NOW - timedelta(days=ago, seconds=1))
            for n, ago in enumerate(late)
        ),
        _bill(20, "Ann", 99_900, InvoiceStatus.DRAFT, created_at=day(10, 20)),
        _bill(21, "Ann", 7_000, InvoiceStatus.VOID, created_at=day(10, 21)),
        _dispute(1, "ch_3", "won", day(10, 20), 10_000),
        _dispute(2, "ch_8", "lost", day(11, 2), 2_001),
        _dispute(3, "ch_unknown", "needs_response", day(11, 3), 500, "eur"),
        Refund(id="re_1", payment_id="ch_3", status="succeeded", currency="usd", amount=1_000,
               created_at=day(10, 30)),
        Refund(id="re_2", payment_id="ch_8", status="failed", currency="usd", amount=2_000,
               created_at=day(10, 30)),
    )  # fmt: skip
    return shared_world


@pytest.mark.parametrize(
    ("measure", "filters", "period", "wanted"),
    [
        ("failed_payments", None, OCTOBER, 5),
        ("failed_payment_volume", None, OCTOBER, {"usd": 26_000, "eur": 3_000}),  # every attempt
        ("failed_payment_volume", is_("country", "DE"), OCTOBER, {"usd": 5_000}),
        ("recovered_payments", None, OCTOBER, {"usd": 15_000}),  # bills 1 and 2, each once
        ("recovered_payments", is_("country", "DE"), OCTOBER, {"usd": 5_000}),
        ("recovered_payments", None, NOVEMBER, NONE),
        ("payment_recovery_rate", None, OCTOBER, 2 / 4),
        ("payment_recovery_rate", is_("currency", "usd"), OCTOBER, 2 / 3),
        ("payment_recovery_rate", more("amount", 4_000), OCTOBER, 1),
        ("payment_recovery_rate", None, NOVEMBER, 0),
        ("payment_recovery_rate", is_("currency", "jpy"), OCTOBER, NONE),
        ("payments", None, OCTOBER, 2),
        ("payments", no(is_("country", "DE")), OCTOBER, 1),
        ("average_payment", None, OCTOBER, {"usd": 6_000}),  # 120.01 / 2 = 60.005, to the even cent
        ("refunds", None, OCTOBER, {"usd": 1_000}),
        ("refund_count", None, OCTOBER, 1),
        ("disputes", None, OCTOBER, 1),
        ("disputes", None, NOVEMBER, 2),
        ("disputes", is_("status", "lost"), NOVEMBER, 1),
        ("disputes", is_("country", "DE"), NOVEMBER, 1),
        ("disputed_amount", None, NOVEMBER, {"usd": 2_001, "eur": 500}),
        ("invoices", None, OCTOBER, 4),  # the void one was sent, the draft was not
        ("invoices", is_("status", "paid"), OCTOBER, 2),
        ("invoiced", None, OCTOBER, {"usd": 15_000, "eur": 3_000}),
        ("average_invoice", None, OCTOBER, {"usd": 7_500, "eur": 3_000}),
        ("outstanding", None, None, {"usd": 3_500, "eur": 3_000}),
        ("open_invoices", None, None, 6),
        ("overdue", None, None, {"usd": 1_500, "eur": 3_000}),
        ("overdue_invoices", None, None, 5),
        ("overdue_customers", None, None, 2),
        ("overdue_customers", is_("country", "FR"), None, 1),
        ("failing_customers", None, None, 2),  # Ann and Cal; Ben's latest came
        ("failing_customers", is_("country", "FR"), None, 1),
    ],
)
async def test_figures(world: World, measure, filters, period, wanted):
    """Each figure is what the hand gives."""
    assert amount(await world.ask(counting(measure, filters, period))) == wanted


@pytest.mark.parametrize(
    ("measure", "by", "period", "wanted"),
    [
        ("overdue", "age", None, {"0-30": {"usd": 100}, "31-60": {"usd": 200, "eur": 3_000},
                                  "61-90": {"usd": 400}, "90+": {"usd": 800}}),
        ("open_invoices", "age", None, {"0-30": 1, "31-60": 2, "61-90": 1, "90+": 1, None: 1}),
        ("overdue_customers", "age", None, {"0-30": 1, "31-60": 2, "61-90": 1, "90+": 1}),
        ("outstanding", "source", None, {"stripe": {"usd": 3_500, "eur": 3_000}}),
        ("failed_payments", "failure", OCTOBER, {"card_declined": 5}),
        ("failed_payments", "country", OCTOBER, {"US": 2, "DE": 1, "FR": 1, None: 1}),
        ("recovered_payments", "country", OCTOBER, {"US": {"usd": 10_000}, "DE": {"usd": 5_000}}),
        ("payment_recovery_rate", "currency", OCTOBER, {"usd": 2 / 3, "eur": 0}),
        ("payment_recovery_rate", "source", OCTOBER, {"stripe": 0.5}),
        ("disputes", "status", NOVEMBER, {"lost": 1, "needs_response": 1}),
        ("disputed_amount", "country", NOVEMBER, {"DE": {"usd": 2_001}, None: {"eur": 500}}),
        ("invoices", "status", OCTOBER, {"paid": 2, "open": 1, "void": 1}),
        ("payments", "currency", OCTOBER, {"usd": 2}),
    ],
)  # fmt: skip
async def test_breakdowns(world: World, measure, by, period, wanted):
    """Each figure by a dimension; invoices that are not late yet have no age."""
    assert groups(await world.ask(counting(measure, None, period, by=(by,)))) == wanted


@pytest.mark.parametrize(
    ("measure", "wanted"),
    [
        ("failed_payment_volume", [NONE, NONE, {"usd": 26_000, "eur": 3_000}, {"usd": 2_000}]),
        ("recovered_payments", [NONE, NONE, {"usd": 15_000}, NONE]),
        ("payment_recovery_rate", [NONE, NONE, 0.5, 0]),
        ("disputes", [0, 0, 1, 2]),
        ("average_payment", [NONE, NONE, {"usd": 6_000}, NONE]),
    ],
)
async def test_series(world: World, measure, wanted):
    """Month by month."""
    assert points(await world.ask(counting(measure, **MONTHLY))) == wanted


async def test_disputes_and_refunds_are_listed(world: World):
    """With the customer of the payment that they are of; nobody where the payment is not known."""
    ben = await world.id_of("customer", "cus_Ben")
    table = await world.ask(listing("dispute", None, NOVEMBER))
    rows = [(row[0] and row[0].profile_id, *row[1:4]) for row in table.rows]
    assert rows == [(None, "needs_response", 500, "eur"), (ben, "lost", 2_001, "usd")]
    largest = listing("dispute", no(is_("status", "lost")), order=Order(field="amount"))
    assert [row[2] for row in (await world.ask(largest)).rows] == [10_000]
    assert (await world.ask(listing("refund", both(is_("country", "US"))))).total_rows == 1
    assert (await world.ask(listing("refund"))).total_rows == 2
