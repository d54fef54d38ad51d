"""Lists of the company's customers, subscriptions, invoices and payments; see `company.py`."""

import pytest

from storage.metrics import periods
from storage.metrics.figures import Table
from storage.metrics.grains import Grain
from storage.metrics.plan import Order
from tests.storage.metrics.company import day
from tests.storage.metrics.plans import (
    END_OF_OCTOBER,
    NOVEMBER,
    OCTOBER,
    both,
    counting,
    during,
    either,
    is_,
    listing,
    more,
    names,
    no,
    of,
    one_of,
    over,
)
from tests.world import World

pytestmark = pytest.mark.asyncio(loop_scope="module")

BY_MRR, SMALLEST = Order(field="mrr"), Order(field="mrr", descending=False)
GROWTH, STARTER = is_("plan", "Growth"), is_("plan", "Starter")
YEARLY = is_("interval", "year")
NEXT_WEEK = over(periods.upcoming(7, Grain.DAY))


@pytest.mark.parametrize(
    ("plan", "wanted"),
    [
        # Those that pay, the account's currency first.
        (listing("customer"), "Gamma Fox Acme Kilo Golf Hotel Beta"),
        (listing("customer", limit=3), "Gamma Fox Acme"),
        (listing("customer", None, END_OF_OCTOBER), "Gamma Fox Acme Hotel Beta"),  # India is in no list
        (listing("customer", GROWTH), "Fox Acme Kilo Beta"),
        (listing("customer", no(GROWTH)), "Gamma Golf Hotel"),
        (listing("customer", both(GROWTH, YEARLY)), ""),
        (listing("customer", both(STARTER, YEARLY)), "Fox"),
        (listing("customer", both(GROWTH, no(YEARLY))), "Fox Acme Kilo Beta"),
        (listing("customer", no(both(STARTER, YEARLY))), "Gamma Acme Kilo Golf Hotel Beta"),
        (listing("customer", either(is_("country", "FR"), YEARLY)), "Gamma Fox Golf"),
        (listing("customer", is_("country", "DE")), "Gamma Beta"),
        (listing("customer", one_of("currency", "eur", "jpy")), "Hotel Beta"),
        (listing("customer", more("mrr", 9_900)), "Gamma Fox Acme"),
        (listing("customer", no(more("mrr", 9_900))), "Kilo Golf"),
        # Ranked by MRR: only who pays in the currency that is compared.
        (listing("customer", order=BY_MRR), "Gamma Fox Acme Kilo Golf"),
        (listing("customer", order=BY_MRR, limit=1), "Gamma"),
        (listing("customer", order=SMALLEST), "Golf Kilo Acme Fox Gamma"),
        (listing("customer", is_("currency", "eur"), order=BY_MRR), "Beta"),
        (listing("customer", more("mrr", 5_000, "eur"), order=BY_MRR), "Beta"),
        (listing("customer", order=Order(field="customer_since"), limit=3), "Kilo Golf Beta"),
        (listing("customer", order=Order(field="customer_since", descending=False), limit=1), "Acme"),
        # Whether they pay or not.
        (listing("customer", during("churned", OCTOBER), OCTOBER), "Echo"),
        (listing("customer", both(during("churned", OCTOBER), STARTER), OCTOBER), "Echo"),
        (listing("customer", both(during("churned", OCTOBER), GROWTH), OCTOBER), ""),
        (listing("customer", both(during("churned", OCTOBER), more("mrr", 1_000)), OCTOBER), "Echo"),
        (listing("customer", both(during("churned", OCTOBER), more("mrr", 3_000)), OCTOBER), ""),
        (listing("customer", during("churned", NOVEMBER), NOVEMBER), ""),  # India again
        (listing("customer", is_("status", "churned")), "Echo"),
        (listing("customer", both(is_("status", "churned"), STARTER)), "Echo"),
        (listing("customer", is_("status", "trialing")), "Delta"),
        (listing("customer", both(is_("status", "trialing"), GROWTH)), "Delta"),
        (listing("customer", both(is_("status", "trialing"), STARTER)), ""),
        (listing("customer", is_("status", "past_due")), "Golf"),
        (listing("customer", during("trial_ends", NEXT_WEEK)), "Delta"),
        (listing("customer", during("renews", over(periods.upcoming(30, Grain.DAY))), order=BY_MRR),
         "Gamma Fox Acme Kilo Golf"),
        (listing("customer", is_("failing", True)), "Golf"),
        (listing("customer", is_("overdue", True)), "Acme Golf"),
        (listing("customer", both(is_("overdue", True), no(is_("failing", True)))), "Acme"),
        (listing("customer", during("signed_up", NOVEMBER), order=Order(field="signed_up")),
         "Delta Kilo Juliet Golf"),
        (listing("customer", during("customer_since", NOVEMBER), NOVEMBER), "Kilo Golf"),
        (listing("customer", both(during("customer_since", NOVEMBER), GROWTH), NOVEMBER), "Kilo"),
        # Subscriptions: those that count or try now.
        (listing("subscription", order=BY_MRR, limit=1), "Gamma"),
        (listing("subscription", is_("status", "trialing")), "Delta"),
        (listing("subscription", is_("status", "canceled")), "Echo"),  # and not India's
        (listing("subscription", both(GROWTH, YEARLY)), ""),
        (listing("subscription", YEARLY), "Gamma Fox"),
        (listing("subscription", both(YEARLY, no(STARTER))), "Gamma"),
        (listing("subscription", more("mrr", 10_000)), "Gamma"),
        (listing("subscription", during("trial_ends", NEXT_WEEK)), "Delta"),
        (listing("subscription", is_("country", "FR")), "Golf"),
        (listing("subscription", None, over(periods.month(2))), "Acme Echo"),
        # Invoices: the latest first.
        (listing("invoice", is_("status", "paid")), "Gamma"),
        (listing("invoice", is_("overdue", True), order=Order(field="remaining")), "Acme Golf"),
        (listing("invoice", is_("status", "open"), order=Order(field="remaining")), "Fox Acme Golf Beta"),
        (listing("invoice", is_("status", "open"), order=Order(field="amount")), "Fox Acme Golf"),
        (listing("invoice", is_("status", "open"), order=Order(field="due", descending=False), limit=2),
         "Acme Fox"),
        (listing("invoice", no(one_of("status", "open", "void"))), "Gamma"),
        (listing("invoice", more("amount", 10_000)), "Fox Gamma"),
        (listing("invoice", both(is_("status", "open"), is_("country", "DE"))), "Beta"),
        (listing("invoice", is_("status", "open"), OCTOBER), ""),  # only India's was of October
        (listing("invoice", None, OCTOBER), "Echo"),
        # Payments.
        (listing("payment", is_("status", "failed")), "Golf Golf Echo"),
        (listing("payment", is_("failure", "card_declined")), "Golf Echo"),
        (listing("payment", is_("status", "succeeded"), OCTOBER), "Echo None Acme Beta"),
        (listing("payment", more("amount", 5_000), OCTOBER), "Acme"),
        (listing("payment", order=Order(field="amount"), limit=2), "Fox Acme"),
        (listing("payment", both(is_("status", "succeeded"), GROWTH), OCTOBER), "Acme Beta"),
        (listing("payment", is_("source", "zendesk")), ""),
    ],
)  # fmt: skip
async def test_lists(company: World, plan, wanted):
    """Who is listed, in which order."""
    table = await company.ask(plan)
    assert " ".join(map(str, await names(company, table))) == wanted
    if plan.limit == 1000:
        assert table.total_rows == len(table.rows)


@pytest.mark.parametrize(
    ("plan", "left_out"),
    [
        (listing("customer", order=BY_MRR), 2),
        (listing("customer", is_("country", "DE"), order=BY_MRR), 1),
        (listing("customer", is_("currency", "eur"), order=BY_MRR), 0),
        (listing("customer", more("mrr", 9_900)), 2),
        (listing("customer", more("mrr", 9_900), order=BY_MRR), 2),
        (listing("customer", both(more("mrr", 9_900), is_("country", "DE"))), 1),
        (listing("customer"), 0),
        (listing("subscription", more("mrr", 10_000)), 2),
        (listing("subscription", order=BY_MRR), 2),
        (listing("invoice", is_("status", "open"), order=Order(field="amount")), 1),
        (listing("invoice", is_("status", "open"), order=Order(field="remaining")), 0),
        (listing("payment", more("amount", 5_000), OCTOBER), 1),
        (listing("payment", order=Order(field="created")), 0),
    ],
)
async def test_lists_say_who_could_not_be_compared(company: World, plan, left_out):
    """A ranking, or a filter on an amount, leaves customers of other currencies out and says how many."""
    assert (await company.ask(plan)).left_out == left_out


@pytest.mark.parametrize(
    ("count", "rows"),
    [
        (counting("customers"), listing("customer")),
        (counting("customers", no(GROWTH)), listing("customer", no(GROWTH))),
        (counting("customers", both(STARTER, YEARLY)), listing("customer", both(STARTER, YEARLY))),
        (counting("customers", more("mrr", 5_000)), listing("customer", more("mrr", 5_000))),
        (counting("customers", is_("overdue", True)), listing("customer", is_("overdue", True))),
        (
            counting("churned_customers", STARTER, OCTOBER),
            listing("customer", both(during("churned", OCTOBER), STARTER), OCTOBER),
        ),
        (
            counting("new_customers", GROWTH, NOVEMBER),
            listing("customer", both(during("customer_since", NOVEMBER), GROWTH), NOVEMBER),
        ),
        (counting("signups", None, NOVEMBER), listing("customer", during("signed_up", NOVEMBER))),
        (counting("trialing_customers"), listing("customer", is_("status", "trialing"))),
        (counting("failed_payments", None, NOVEMBER), listing("payment", is_("status", "failed"), NOVEMBER)),
    ],
)
async def test_a_list_has_as_many_rows_as_the_count_says(company: World, count, rows):
    """How many there are and who they are agree."""
    assert (await company.ask(rows)).total_rows == (await company.ask(count)).value


async def _row(company: World, table: Table, name: str) -> dict[str, object]:
    at = (await names(company, table)).index(name)
    return dict(zip(table.columns[1:], table.rows[at][1:], strict=True))


async def test_what_a_customers_row_shows(company: World):
    """Plan, MRR in its currency, one word for its state, country, and since when it pays."""
    table = await company.ask(listing("customer", either(is_("status", "churned"), is_("status", "active"))))
    assert await _row(company, table, "Fox") == {
        "plan": "Growth",
        "mrr": 12_000,
        "currency": "usd",
        "status": "active",
        "country": "US",
        "customer_since": day(3, 1),
    }
    golf, beta, echo = [await _row(company, table, name) for name in ("Golf", "Beta", "Echo")]
    assert (golf["status"], golf["mrr"]) == ("past_due", 2_500)
    assert (beta["currency"], beta["mrr"]) == ("eur", 9_000)
    assert (echo["status"], echo["mrr"], echo["plan"]) == ("churned", 0, None)


async def test_what_other_rows_show(company: World):
    """Each entity's row has its own columns."""
    subscription = await _row(company, await company.ask(listing("subscription", YEARLY)), "Gamma")
    assert {name: subscription[name] for name in ("plan", "interval", "status", "mrr", "currency")} == {
        "plan": "Scale",
        "interval": "year",
        "status": "active",
        "mrr": 50_000,
        "currency": "usd",
    }
    assert await _row(company, await company.ask(listing("invoice", is_("overdue", True))), "Acme") == {
        "status": "open",
        "amount": 10_000,
        "remaining": 4_000,
        "currency": "usd",
        "created": day(11, 5),
        "due": day(11, 20),
    }
    failed = await company.ask(listing("payment", is_("status", "failed"), OCTOBER))
    assert await _row(company, failed, "Echo") == {
        "status": "failed",
        "amount": 2_000,
        "currency": "usd",
        "created": day(10, 18),
        "failure": "card_declined",
    }


@pytest.mark.parametrize(
    ("entity", "name", "rows"),
    [("subscription", "Fox", 2), ("payment", "Acme", 2), ("invoice", "Golf", 1), ("customer", "Juliet", 1)],
)
async def test_lists_of_one_customer(company: World, entity, name, rows):
    """A list that names a customer has its rows alone, whether it pays or not."""
    table = await company.ask(listing(entity, customer=await of(company, name)))
    assert await names(company, table) == [name] * rows
