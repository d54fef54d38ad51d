"""One customer whole; see `company.py`."""

import pytest

from storage.metrics.figures import PaymentFigures, ProfileRef, SubscriptionFigures
from storage.metrics.plan import Plan
from storage.metrics.scope import Unanswerable
from tests.storage.metrics.company import day
from tests.storage.metrics.plans import of
from tests.world import World

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def profile(company: World, name: str):
    return await company.ask(Plan(customer=await of(company, name)))


async def test_a_customer_with_two_subscriptions(company: World):
    """MRR is that of both, the plan that of the larger; what is owed and paid is there."""
    fox = await profile(company, "Fox")
    assert fox.profile == ProfileRef(await company.id_of("customer", "cus_Fox"))
    assert (fox.status, fox.plan, dict(fox.mrr), fox.country) == ("active", "Growth", {"usd": 12_000}, "US")
    assert fox.customer_since == day(3, 1)
    assert [(s.plan, s.interval, s.mrr) for s in fox.subscriptions] == [
        ("Growth", "month", 10_000),
        ("Starter", "year", 2_000),
    ]
    assert dict(fox.outstanding) == {"usd": 12_000}
    assert [(m.type, m.amount, m.at) for m in fox.movements] == [("new", 12_000, day(3, 1))]


async def test_a_customer_that_is_past_due(company: World):
    """Its latest payment failed, and says why."""
    golf = await profile(company, "Golf")
    assert golf.status == "past_due"
    assert golf.last_payment == PaymentFigures(
        status="failed", amount=2_500, currency="usd", at=day(11, 8), failure="expired_card"
    )


async def test_a_customer_on_trial(company: World):
    """No MRR, a subscription whose trial ends, no renewal."""
    delta = await profile(company, "Delta")
    assert (delta.status, dict(delta.mrr), delta.customer_since) == ("trialing", {}, None)
    assert delta.subscriptions == (
        SubscriptionFigures(
            plan="Growth", status="trialing", mrr=0, currency="usd", interval="month", trial_ends=day(11, 29)
        ),
    )


async def test_a_customer_that_left(company: World):
    """No subscription is in force; its movements tell when it left."""
    echo = await profile(company, "Echo")
    assert (echo.status, dict(echo.mrr), echo.plan, echo.subscriptions) == ("churned", {}, None, ())
    assert [(m.type, m.amount) for m in echo.movements] == [("churn", -2_000), ("new", 2_000)]
    assert dict(echo.outstanding) == {}  # its bill is void


async def test_a_customer_that_never_paid(company: World):
    """Juliet has signed up, no more."""
    juliet = await profile(company, "Juliet")
    assert (juliet.status, juliet.last_payment, juliet.movements) == ("none", None, ())


@pytest.mark.parametrize("customer", ["00" * 16, "not hex at all", "ab", ""])
async def test_a_customer_that_is_not_there(company: World, customer):
    """An id of nobody, or of what is no id, is answered with a sentence."""
    with pytest.raises(Unanswerable, match=r"^This customer is not in the data any more\.$"):
        await company.ask(Plan(customer=customer))


async def test_a_deleted_customer_is_not_there(company: World):
    """The id that India had leads nowhere, and that of what it left shows no profile."""
    with pytest.raises(Unanswerable):
        await profile(company, "India")
