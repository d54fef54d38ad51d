"""Whatever a company looks like, its figures from SQL are those that the pure core computes."""

import asyncio
import secrets
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncSession

from storage.intake.stored import StoredItem, StoredPrice
from storage.keys.keystore import KeyStore
from storage.keys.master_keys import LocalMasterKeys
from storage.keys.vault import Vault
from storage.metrics.history import Agreement, Span, customer_spans
from storage.metrics.line_states import PriceBook
from storage.metrics.money import round_half_even
from storage.metrics.movements import movements, mrr_at
from storage.metrics.plan import Period, Plan
from storage.metrics.run import run
from storage.metrics.scope import Asking, Unanswerable
from storage.records import Interval, Item, Subscription, SubscriptionStatus
from storage.session import Database
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
from tests.storage.metrics.pure import JUST_BEFORE, SHORT, flows, paid
from tests.world import NOW, customer, make_world, price, product, subscription

PLANS = ("Starter", "Growth", "Scale")
COUNTRIES = ("US", "DE")
MOST_PAID = 9_000
SEEN = NOW - timedelta(hours=1)


@dataclass(frozen=True)
class Company:
    """Customers by number: their country, and what they subscribed to."""

    countries: dict[int, str]
    subscriptions: tuple[tuple[int, Subscription], ...]

    def spans(self) -> dict[int, list[Span]]:
        """By customer, from the pure core; the product of a span is its plan's name."""
        by_customer: dict[int, list[Agreement]] = {number: [] for number in self.countries}
        for number, bought in self.subscriptions:
            by_customer[number].append(_agreement(bought))
        return {
            number: customer_spans(agreements, (), {}, PriceBook({}))
            for number, agreements in by_customer.items()
        }


def _agreement(bought: Subscription) -> Agreement:
    (only,) = bought.items
    of_price = StoredPrice(
        id=only.price.id.encode(),
        product_id=only.price.product_id.removeprefix("prod_").encode(),
        currency=only.price.currency,
        interval=only.price.interval,
        unit_amount=only.price.unit_amount,
    )
    return Agreement(
        id=bought.id.encode(),
        status=bought.status,
        currency=bought.currency,
        items=(StoredItem(only.id.encode(), of_price, only.quantity),),
        started_at=bought.started_at,
        trial_start=bought.trial_start,
        trial_end=bought.trial_end,
        ended_at=bought.ended_at,
        first_seen_at=SEEN,
    )


# Whole days and midnights: figures must agree at the boundaries of months above all.
days = st.integers(0, 130).map(lambda ago: datetime(2026, 11, 22, tzinfo=UTC) - timedelta(days=ago))


@st.composite
def _subscription(draw, number: int, count: int) -> Subscription:
    bought = price(
        draw(st.sampled_from(PLANS)),
        draw(st.sampled_from((0, 1_000, 2_500, 12_000, 100_001))),
        interval=draw(st.sampled_from((Interval.MONTH, Interval.YEAR))),
        currency=draw(st.sampled_from(("usd", "eur"))),
    )
    start, end = sorted((draw(days), draw(days)))
    status = draw(
        st.sampled_from(
            (
                SubscriptionStatus.ACTIVE,
                SubscriptionStatus.PAST_DUE,
                SubscriptionStatus.TRIALING,
                SubscriptionStatus.CANCELED,
            )
        )
    )
    tried = draw(st.booleans()) or status is SubscriptionStatus.TRIALING
    trial_end = NOW + timedelta(days=3) if status is SubscriptionStatus.TRIALING else start + timedelta(7)
    return subscription(
        str(number),
        of_price=bought,
        id=f"sub_{number}_{count}",
        items=(Item(id=f"si_{number}_{count}", price=bought, quantity=draw(st.integers(1, 3))),),
        status=status,
        created_at=start,
        started_at=start,
        trial_start=start if tried else None,
        trial_end=trial_end if tried else None,
        ended_at=end if status is SubscriptionStatus.CANCELED else None,
    )


@st.composite
def companies(draw) -> Company:
    countries = draw(st.lists(st.sampled_from(COUNTRIES), min_size=1, max_size=8))
    bought = [
        (number, draw(_subscription(number, count)))
        for number in range(len(countries))
        for count in range(draw(st.integers(0, 3)))
    ]
    return Company(dict(enumerate(countries)), tuple(bought))


# --- what the figures must be ----------------------------------------------------------------------------


Kept = Callable[[Company, int, list[Span]], list[Span]]


def _of_plan(name: str) -> Callable[[Span], bool]:
    return lambda span: span.product_id == name.encode()


def _rows(wanted: Callable[[Span], bool]) -> Kept:
    """The spans that fit: a condition on a subscription, of one that names what it wants."""
    return lambda company, number, spans: [span for span in spans if wanted(span)]


def _none(wanted: Callable[[Span], bool]) -> Kept:
    """All spans of a customer of whom none fits."""
    return lambda company, number, spans: [] if any(map(wanted, spans)) else spans


def _pays_more(company: Company, number: int, spans: list[Span]) -> list[Span]:
    own = [span.mrr for span in spans if span.currency == "usd"]
    return spans if own and sum(own) > MOST_PAID else []


def _pays_no_more(company: Company, number: int, spans: list[Span]) -> list[Span]:
    own = [span.mrr for span in spans if span.currency == "usd"]
    return spans if own and sum(own) <= MOST_PAID else []


FILTERS = (
    (None, _rows(lambda span: True)),
    (is_("plan", "Growth"), _rows(_of_plan("Growth"))),
    (no(is_("plan", "Growth")), _none(_of_plan("Growth"))),
    (
        both(is_("plan", "Growth"), is_("interval", "year")),
        _rows(lambda span: _of_plan("Growth")(span) and span.interval == "year"),
    ),
    (is_("country", "DE"), lambda company, number, spans: spans if company.countries[number] == "DE" else []),
    (more("mrr", MOST_PAID), _pays_more),
    (no(more("mrr", MOST_PAID)), _pays_no_more),
)
END_OF_OCTOBER = OCTOBER.end - JUST_BEFORE
MOMENTS = ((None, NOW), (OCTOBER, END_OF_OCTOBER))


def _kept(company: Company, spans: dict[int, list[Span]], at: datetime, kept: Kept) -> dict[int, list[Span]]:
    found = {number: kept(company, number, paid(of_one, at)) for number, of_one in spans.items()}
    return {number: of_one for number, of_one in found.items() if of_one}


def _mrr(spans: dict[int, list[Span]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for of_one in spans.values():
        for span in of_one:
            total[span.currency] += span.mrr
    return dict(total)


def _arpa(spans: dict[int, list[Span]]) -> dict[str, int]:
    payers = Counter(code for of_one in spans.values() for code in {span.currency for span in of_one})
    return {code: round_half_even(total, payers[code]) for code, total in _mrr(spans).items()}


def _churned(spans: dict[int, list[Span]], period: Period) -> int:
    end = min(period.end - JUST_BEFORE, NOW)
    return sum(
        any(
            m.type == "churn" and period.start <= m.at < period.end for m in movements(of_one, UTC, until=NOW)
        )
        and not +mrr_at(of_one, end)
        for of_one in spans.values()
    )


def _new(spans: dict[int, list[Span]], period: Period) -> int:
    moved = (movements(of_one, UTC, until=NOW) for of_one in spans.values())
    return sum(bool(of_one) and period.start <= of_one[0].at < period.end for of_one in moved)


def _trialing(spans: dict[int, list[Span]], at: datetime) -> int:
    def in_force(span: Span) -> bool:
        return span.starts_at <= at and (span.ends_at is None or at < span.ends_at)

    return sum(
        any(in_force(s) and s.trial for s in of_one) and not any(in_force(s) and not s.trial for s in of_one)
        for of_one in spans.values()
    )


def expected(company: Company, narrowed: int) -> Iterator[tuple[Plan, object]]:
    """Plans, each with what it must give: without a filter, and with one of them."""
    spans = company.spans()
    chosen = (FILTERS[0], FILTERS[narrowed])
    for period, at in MOMENTS:
        for filters, kept in chosen:
            found = _kept(company, spans, at, kept)
            yield counting("customers", filters, period), len(found)
            yield listing("customer", filters, period), len(found)
            if filters is None or kept is not FILTERS[2][1]:  # MRR "not on Growth" is of subscriptions
                yield counting("mrr", filters, period), _mrr(found)
                yield counting("arpa", filters, period), _arpa(found)
        yield counting("trialing_customers", None, period), _trialing(spans, at)
        paid = _kept(company, spans, at, FILTERS[0][1])
        by_plan = {
            name: _mrr({number: list(filter(_of_plan(name), of_one)) for number, of_one in paid.items()})
            for name in PLANS
        }
        yield counting("mrr", None, period, by=("plan",)), {k: v for k, v in by_plan.items() if v}
    for period in (OCTOBER, NOVEMBER):
        yield counting("new_customers", None, period), _new(spans, period)
        yield counting("churned_customers", None, period), _churned(spans, period)
    ends = [datetime(2026, month, 1, tzinfo=UTC) - JUST_BEFORE for month in (9, 10, 11)] + [NOW]
    for filters, kept in chosen:
        yield (
            counting("customers", filters, **MONTHLY),
            [len(_kept(company, spans, at, kept)) for at in ends],
        )


def _flows(company: Company, narrowed: int) -> Iterator[tuple[Plan, object]]:
    filters, kept = FILTERS[narrowed]
    return flows(company.spans(), filters, partial(kept, company))


# --- what they are ---------------------------------------------------------------------------------------


async def _asked(session: AsyncSession, plan: Plan, asking: Asking) -> object:
    try:
        found = await run(session, plan, asking)
    except Unanswerable as problem:
        return SHORT if SHORT in str(problem) else str(problem)
    if plan.entity is not None:
        return found.total_rows
    if plan.grain is not None:
        return points(found)
    return groups(found) if plan.by else amount(found)


async def _differences(
    template: Path, folder: Path, company: Company, narrowed: int
) -> list[tuple[Plan, object, object]]:
    shutil.copyfile(template, folder / "main.sqlite3")
    db = Database.connect(f"sqlite+aiosqlite:///{folder}/main.sqlite3")
    master = LocalMasterKeys({1: secrets.token_bytes(32)}, where="the test")
    async with Vault(KeyStore(f"sqlite+aiosqlite:///{folder}/keys.sqlite3"), master) as vault:
        world = await make_world(db, vault)
        await world.sync(
            *map(product, PLANS),
            *(customer(str(number), country=code) for number, code in company.countries.items()),
            *(bought for _, bought in company.subscriptions),
            at=SEEN,
        )
        asking = Asking(world.account_id, "usd", "UTC", NOW)
        async with db.tenant(world.account_id, read_only=True) as session:
            found = [
                (plan, wanted, given_back)
                for plan, wanted in (*expected(company, narrowed), *_flows(company, narrowed))
                if (given_back := await _asked(session, plan, asking)) != wanted
            ]
    await db.dispose()
    return found


@settings(max_examples=12, phases=(Phase.explicit, Phase.generate))
@given(company=companies(), narrowed=st.integers(1, len(FILTERS) - 1))
def test_figures_are_those_of_the_pure_core(migrated_sqlite: Path, company: Company, narrowed: int):
    """MRR, customers, movements, rates, trials, lifetime value: now, then, by month, filtered and split."""
    with tempfile.TemporaryDirectory() as folder:
        assert asyncio.run(_differences(migrated_sqlite, Path(folder), company, narrowed)) == []
