"""Filters where a slip would still look right: the edges of time, the unknown, the negated, the free."""

from storage.metrics import periods
from storage.metrics.plan import Condition, Op
from storage.records import PaymentStatus, SubscriptionStatus
from tests.storage.metrics.company import day
from tests.storage.metrics.movers import buys
from tests.storage.metrics.plans import (
    NOVEMBER,
    OCTOBER,
    amount,
    both,
    counting,
    during,
    is_,
    listing,
    more,
    no,
    one_of,
    over,
)
from tests.world import NOW, World, customer, payment, price, product, subscription

GROWTH, YEARLY = is_("plan", "Growth"), is_("interval", "year")
CHEAP = Condition(field="mrr", op=Op.UNDER, value=50_000)
JANUARY = over(periods.month(1))
PRODUCTS = tuple(map(product, ("Starter", "Growth", "Scale")))


async def ask(world, measure, filters=None, period=None):
    return amount(await world.ask(counting(measure, filters, period)))


async def listed(world, filters, period=None):
    return (await world.ask(listing("customer", filters, period))).total_rows


async def test_what_ends_at_this_very_moment_is_over(world: World):
    """A subscription that ended exactly now is in no figure, no filter and no list of now."""
    await world.sync(
        *PRODUCTS, *map(customer, "AB"),
        buys("A", "Growth", 10_000, day(1, 1), NOW),
        buys("B", "Growth", 10_000, NOW),
    )  # fmt: skip
    for filters in (None, GROWTH, more("mrr", 5_000), is_("status", "active")):
        assert await ask(world, "customers", filters) == 1, filters
        assert await listed(world, filters) == 1, filters
    assert await ask(world, "mrr", more("mrr", 5_000)) == {"usd": 10_000}
    assert await ask(world, "subscriptions") == 1


async def test_what_is_unknown_is_not_the_same(world: World):
    """A plan, a country or a reason that is not known is another than the one that is left out."""
    await world.sync(
        product("Scale"), customer("A", country=None), customer("B", country="DE"),
        buys("A", "Growth", 10_000, day(1, 1)),  # of a product that the source does not show
        buys("B", "Scale", 20_000, day(1, 1)),
        payment(1, "A", status=PaymentStatus.FAILED, failure=None),
        payment(2, "B", status=PaymentStatus.FAILED, failure="card_declined"),
    )  # fmt: skip
    scale, german = is_("plan", "Scale"), is_("country", "DE")
    assert await ask(world, "mrr", no(scale)) == {"usd": 10_000}
    assert await ask(world, "mrr", both(no(scale), is_("interval", "month"))) == {"usd": 10_000}
    assert await ask(world, "customers", no(scale)) == 1
    assert await ask(world, "customers", no(german)) == 1
    assert await ask(world, "net_new_mrr", no(scale), JANUARY) == {"usd": 10_000}
    assert await ask(world, "failed_payments", no(is_("failure", "card_declined")), NOVEMBER) == 1


async def test_not_not_beside_another_term_is_of_the_same_subscription(world: World):
    """ "Not not on Growth, yearly" is one yearly subscription to Growth, not two subscriptions."""
    await world.sync(
        *PRODUCTS, customer("A"),
        buys("A", "Growth", 10_000, day(1, 1)),
        buys("A", "Starter", 24_000, day(1, 1), count="2", interval="year"),
    )  # fmt: skip
    for filters in (
        both(no(no(GROWTH)), YEARLY),
        both(no(no(GROWTH)), no(no(YEARLY))),
        both(no(no(GROWTH)), no(no(YEARLY)), is_("country", "US")),
        both(GROWTH, no(no(both(no(no(YEARLY)))))),
    ):
        assert await ask(world, "customers", filters) == 0
        assert await listed(world, filters) == 0
        assert await ask(world, "mrr", filters) == {}
    assert await ask(world, "customers", both(no(no(GROWTH)), no(YEARLY))) == 1
    assert await ask(world, "customers", both(no(no(GROWTH)), is_("country", "US"))) == 1


async def test_who_pays_nothing_pays_no_small_amount(world: World):
    """A trial, and a subscription that is free, are no MRR that could be compared."""
    await world.sync(
        *PRODUCTS, *(customer(name, created_at=day(1, 1)) for name in "ABC"),
        buys("A", "Growth", 10_000, day(11, 1), status=SubscriptionStatus.TRIALING,
             trial_start=day(11, 1), trial_end=day(12, 1)),
        subscription("B", of_price=price("Growth", 0)),
        buys("C", "Growth", 10_000, day(1, 1)),
    )  # fmt: skip
    assert await ask(world, "trialing_customers") == 1
    assert await ask(world, "trialing_customers", CHEAP) == 0
    assert await ask(world, "trialing_customers", no(more("mrr", 50_000))) == 0
    assert await ask(world, "signups", CHEAP, JANUARY) == 1
    assert await ask(world, "customers", CHEAP) == await listed(world, CHEAP) == 1


async def test_who_came_back_is_in_no_list_of_lost_ones(world: World):
    """Left on the 10th and back on the 20th: lost in the first half of October, not in October."""
    await world.sync(
        *PRODUCTS, customer("A"),
        buys("A", "Growth", 10_000, day(1, 1), day(10, 10)),
        buys("A", "Growth", 10_000, day(10, 20), count="2"),
    )  # fmt: skip
    first_half = OCTOBER.model_copy(update={"end": day(10, 15)})
    assert await listed(world, during("churned", OCTOBER), OCTOBER) == 0
    assert await listed(world, during("churned", first_half), first_half) == 1
    assert await listed(world, is_("status", "churned")) == 0
    assert await ask(world, "churned_customers", None, OCTOBER) == 0
    assert await ask(world, "customer_churn_rate", None, OCTOBER) == 0


async def test_a_trial_of_a_plan_is_not_being_on_it(world: World):
    """Paying for Starter and trying Growth: a customer that is on Starter, and not on Growth."""
    await world.sync(
        *PRODUCTS, customer("A"),
        buys("A", "Starter", 2_000, day(1, 1)),
        buys("A", "Growth", 10_000, day(11, 20), count="2", status=SubscriptionStatus.TRIALING,
             trial_start=day(11, 20), trial_end=day(12, 4)),
    )  # fmt: skip
    for filters, wanted in ((GROWTH, 0), (no(GROWTH), 1), (is_("plan", "Starter"), 1)):
        assert await ask(world, "customers", filters) == wanted, filters
        assert await listed(world, filters) == wanted, filters
        assert await ask(world, "customers_at_risk", both(filters, is_("failing", False))) == 0


async def test_new_ones_are_on_the_plan_that_they_began_with(world: World):
    """Who began on Growth and changed to Scale was new on Growth; the other way round, new on Scale."""
    await world.sync(
        *PRODUCTS,
        *map(customer, "ABC"),
        *(buys(name, "Growth", 10_000, day(11, 2)) for name in "AB"),
        buys("C", "Scale", 20_000, day(11, 2)),
        at=day(11, 3),
    )
    await world.sync(
        *(buys(name, "Scale", 20_000, day(11, 2)) for name in "AB"),
        buys("C", "Growth", 10_000, day(11, 2)),
        at=day(11, 10),
    )
    scale = is_("plan", "Scale")
    for filters, wanted in ((GROWTH, "AB"), (no(GROWTH), "C"), (scale, "C"), (no(scale), "AB")):
        assert await ask(world, "new_customers", filters, NOVEMBER) == len(wanted), filters
        of_november = both(during("customer_since", NOVEMBER), filters)
        table = await world.ask(listing("customer", of_november, NOVEMBER))
        ids = {await world.id_of("customer", f"cus_{name}") for name in wanted}
        assert {row[0].profile_id for row in table.rows} == ids, filters


async def test_customers_of_an_e_mail_domain(world: World):
    """A domain is named by its keyed hash, as a customer is by its id; all addresses at it are found."""
    await world.sync(
        *PRODUCTS, customer("A", email="ann@acme.com"), customer("B", email="bob@mail.acme.com"),
        customer("C"), *(buys(name, "Growth", 10_000, day(1, 1)) for name in "ABC"),
    )  # fmt: skip
    keys = await world.vault.source_keys(world.account_id, world.source_id)
    acme, other = (keys.blind("domain", name) for name in ("acme.com", "nobody.com"))
    assert await ask(world, "customers", is_("domain", acme.hex())) == 2
    assert await ask(world, "mrr", no(is_("domain", acme.hex()))) == {"usd": 10_000}
    assert await listed(world, one_of("domain", acme.hex(), other.hex())) == 2
    assert await listed(world, is_("domain", other.hex())) == 0
