"""Whatever a source tells, in whatever order: derived tables agree with themselves and with a rebuild."""

import asyncio
import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count, pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from storage import models, records
from storage.intake.derive import derive
from storage.intake.stale import mark_all_stale
from storage.keys.keystore import KeyStore
from storage.keys.master_keys import LocalMasterKeys
from storage.keys.vault import Vault
from storage.records import (
    Discount,
    DiscountDuration,
    Interval,
    InvoiceLine,
    Item,
    PaymentStatus,
    SubscriptionStatus,
)
from storage.session import Database
from tests.numbers.loading import open_account
from tests.world import World, customer, gone, invoice, payment, price, product, subscription

FIRST = datetime(2026, 9, 20, 10, tzinfo=UTC)
"""When the source is first read."""

ZONE = "Pacific/Auckland"
PLANS = tuple(
    price(plan, amount, interval=every, currency=code)
    for plan, amount in (("Starter", 1_900), ("Growth", 9_900), ("Seat", 1_500))
    for every in (Interval.MONTH, Interval.YEAR)
    for code in ("usd", "eur")
)
DERIVED = (models.MrrSpan, models.MrrPart, models.Movement, models.Profile)
PEOPLE = ("Ada", "Ben", "Cat")
STATUSES = (*[SubscriptionStatus.ACTIVE] * 4, *(SubscriptionStatus))

discounts = st.sampled_from(
    (
        (),
        (),
        (Discount(duration=DiscountDuration.FOREVER, percent_off=Decimal(25)),),
        (
            Discount(
                duration=DiscountDuration.REPEATING,
                percent_off=Decimal(50),
                starts_at=FIRST - timedelta(days=20),
                ends_at=FIRST + timedelta(days=9),
            ),
        ),
    )
)


@st.composite
def _customers(draw: st.DrawFn) -> records.Record:
    who = draw(st.sampled_from(PEOPLE))
    email = draw(st.sampled_from(("shared@one.example", f"{who}@own.example", None)))
    return customer(who, email=email, discounts=draw(discounts))


@st.composite
def _subscriptions(draw: st.DrawFn) -> records.Record:
    who, number = draw(st.sampled_from(PEOPLE)), draw(st.integers(0, 1))
    code = ("usd", "eur")[number]
    sold = [of for of in PLANS if of.currency == code]
    bought = draw(st.lists(st.sampled_from(sold), min_size=1, max_size=2, unique=True))
    start = FIRST - timedelta(days=70, hours=number)
    status = draw(st.sampled_from(STATUSES))
    tried = status is SubscriptionStatus.TRIALING or draw(st.integers(0, 4)) == 0
    ended = status in (SubscriptionStatus.CANCELED, SubscriptionStatus.INCOMPLETE_EXPIRED)
    return subscription(
        who,
        id=f"sub_{who}{number}",
        status=status,
        currency=code,
        items=tuple(
            Item(id=f"si_{who}{n}", price=of, quantity=draw(st.integers(1, 4))) for n, of in enumerate(bought)
        ),
        discounts=draw(discounts),
        created_at=start,
        started_at=start,
        trial_start=start if tried else None,
        trial_end=start + timedelta(days=14) if tried else None,
        ended_at=FIRST - timedelta(days=draw(st.integers(1, 60))) if ended else None,
    )


@st.composite
def _bills(draw: st.DrawFn) -> records.Record:
    who, number = draw(st.sampled_from(PEOPLE)), draw(st.integers(0, 1))
    month = draw(st.integers(0, 2))
    of = draw(st.sampled_from(PLANS))
    start = FIRST - timedelta(days=70 - 30 * month)
    line = InvoiceLine(
        amount=draw(st.sampled_from((1_900, 9_900, 3_800))),
        subscription_id=f"sub_{who}{number}",
        item_id="si",
        price_id=of.id,
        product_id=of.product_id,
        period_start=start,
        period_end=start + timedelta(days=30),
    )
    named = {
        "id": f"in_{who}{number}{month}",
        "subscription_id": line.subscription_id,
        "intent_id": f"pi_{who}",
    }
    return invoice(0, who, lines=(line,), created_at=start, **named)


@st.composite
def _payments(draw: st.DrawFn) -> records.Record:
    who, number = draw(st.sampled_from(PEOPLE)), draw(st.integers(0, 2))
    status = draw(st.sampled_from((PaymentStatus.FAILED, PaymentStatus.SUCCEEDED)))
    at = FIRST - timedelta(days=10 - number, minutes=PEOPLE.index(who))  # no two at once
    return payment(0, who, id=f"ch_{who}{number}", status=status, created_at=at, intent_id=f"pi_{who}")


told = st.one_of(_customers(), _subscriptions(), _subscriptions(), _bills(), _payments())
left = st.sampled_from(PEOPLE).map(lambda who: gone(records.Customer, f"cus_{who}", at=FIRST))
batches = st.lists(
    st.lists(st.one_of(told, told, told, told, left), min_size=1, max_size=6), min_size=1, max_size=6
)
some = settings(
    max_examples=6,
    phases=(Phase.explicit, Phase.generate),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


class Accounts:
    """Fresh accounts in one database, all on one event loop."""

    def __init__(self, url: str, folder: Path) -> None:
        self.loop = asyncio.Runner()
        self.db = Database.connect(url)
        self._store = KeyStore(f"sqlite+aiosqlite:///{folder}/keys.sqlite3")
        self._master = LocalMasterKeys({1: bytes(range(32))}, where="the test")
        self.vault: Vault = self.loop.run(Vault(self._store, self._master).__aenter__())

    async def open(self) -> World:
        world = await open_account(self.db, self.vault, zone=ZONE, currency="usd")
        await world.write(*map(product, ("Starter", "Growth", "Seat")), *PLANS, at=FIRST)
        return world

    def close(self) -> None:
        self.loop.run(self.vault.__aexit__(None, None, None))
        self.loop.run(self.db.dispose())
        self.loop.close()


@pytest.fixture
def accounts(database_url: str, tmp_path: Path) -> Iterator[Accounts]:
    opened = Accounts(database_url, tmp_path)
    yield opened
    opened.close()


async def _live(world: World, history: list[list[records.Record]]) -> None:
    """A sync every day and a bit, each of some records; customers who are gone stay away."""
    for at, batch in zip(count(), history, strict=False):
        await world.sync(*batch, at=FIRST + timedelta(hours=29) * at)


async def _tables(world: World) -> dict[str, Counter[tuple[object, ...]]]:
    found = {}
    for model in DERIVED:
        names = [column.name for column in model.__table__.columns]
        rows = await world.rows(model)
        found[model.__tablename__] = Counter(tuple(getattr(row, name) for name in names) for row in rows)
    return found


@some
@given(history=batches)
def test_mrr_is_what_it_was_and_what_moved(accounts: Accounts, history: list[list[records.Record]]) -> None:
    """MRR at the end of any day is that of any earlier day and the sum of the movements between."""

    async def check() -> None:
        world = await accounts.open()
        await _live(world, history)
        zone = ZoneInfo(ZONE)
        midnights = [datetime(2026, 7, 1, tzinfo=zone) + timedelta(days=days) for days in range(0, 110, 3)]
        spans, moved = await world.rows(models.MrrSpan), await world.rows(models.Movement)
        before: Counter[str] = Counter()
        for start, end in pairwise(midnights):
            mrr = Counter[str]()
            for span in spans:
                if span.starts_at < end and (span.ends_at is None or end <= span.ends_at):
                    mrr[span.currency] += span.mrr
            for movement in moved:
                if start <= movement.at < end:
                    before[movement.currency] += movement.amount
            assert +mrr == +before
            assert all(amount >= 0 for amount in before.values())

    accounts.loop.run(check())


@some
@given(history=batches)
def test_a_rebuild_changes_nothing(accounts: Accounts, history: list[list[records.Record]]) -> None:
    """What was kept up change by change is what is derived of all records at once."""

    async def check() -> None:
        world = await accounts.open()
        await _live(world, history)
        kept = await _tables(world)
        async with world.db.tenant(world.account_id) as session:
            for model in DERIVED:
                await session.execute(delete(model).where(model.account_id == world.account_id))
            await mark_all_stale(session, world.account_id, world.source_id)
        await derive(world.db, world.account_id, world.source_id, vault=world.vault)
        assert await _tables(world) == kept

    accounts.loop.run(check())


@some
@given(batch=st.lists(told, min_size=2, max_size=14), seed=st.integers(0, 99))
def test_order_within_a_sync_does_not_matter(
    accounts: Accounts, batch: list[records.Record], seed: int
) -> None:
    """Streams, pages and webhooks of one state of the source give the same figures in whatever order."""
    last = {(type(record), record.id): record for record in batch}

    async def figures(order: list[records.Record]) -> list[object]:
        world = await accounts.open()
        for record in order:
            await world.sync(record, at=FIRST)
        spans, moved = await world.rows(models.MrrSpan), await world.rows(models.Movement)
        return [
            Counter((s.starts_at, s.ends_at, s.mrr, s.currency, s.interval, s.trial) for s in spans),
            Counter((m.at, m.day, m.currency, m.type, m.amount) for m in moved),
            Counter((p.signed_up_at, p.customer_since, p.failing) for p in await world.rows(models.Profile)),
        ]

    async def check() -> None:
        order = list(last.values())
        shuffled = random.Random(seed).sample(order, len(order))
        assert await figures(order) == await figures(shuffled)

    accounts.loop.run(check())
