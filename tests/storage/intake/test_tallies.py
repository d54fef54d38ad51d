"""The summaries equal what they are sums of, whatever happened before."""

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage import models, records
from storage.intake.derive import derive
from storage.intake.stale import mark_all_stale
from storage.models.summary import FOREVER
from storage.sources import SourceSecret, add_source
from storage.trust.source_removal import remove_source
from tests.world import EPOCH, NOW, World, customer, make_world, price, subscription

_PRICES = [price(), price("Scale", 25_000), price("Growth", 9_000, currency="eur"), price("Scale", 0)]
_NAMES = ["Acme", "Bolt", "Cask"]


@pytest.fixture
async def world(db: Any, vault: Any) -> World:
    return await make_world(db, vault)


async def assert_summed(world: World) -> None:
    """Adds everything up again, in the plainest way, from the rows that the summaries are of."""
    spans = [span for span in await world.rows(models.MrrSpan) if span.mrr > 0 and not span.trial]
    moves = sorted(await world.rows(models.Movement), key=lambda move: (move.day, move.at, move.currency))
    profiles = {row.profile_id: row for row in await world.rows(models.Profile)}
    assert await _mrr_days(world) == _expected_mrr_days(spans)
    steps = await world.rows(models.CustomerMrr)
    days = await _customer_days(world)
    assert {key: sums for key, sums in days.items() if key[0] != "listed"} == _expected_customer_days(moves)
    assert {key: sums for key, sums in days.items() if key[0] == "listed"} == _expected_listed(steps)
    moments = {at for span in spans for at in (span.starts_at, span.ends_at) if at is not None}
    shown = [span for span in spans if profiles[span.profile_id].signed_up_at is not None]
    for at in moments:
        assert _mrr_at(steps, at) == _mrr_at(shown, at)
    assert not [step for step in steps if step.mrr <= 0]
    assert await _trials(world) == await _expected_trials(world, {step.profile_id for step in steps})


async def _trials(world: World) -> set[tuple[bytes, datetime, bool]]:
    return {(row.profile_id, row.ends_at, row.paid) for row in await world.rows(models.ProfileTrial)}


async def _expected_trials(world: World, paid: set[bytes]) -> set[tuple[bytes, datetime, bool]]:
    """Those that subscriptions say, of customers that are there."""
    profile_of = {(row.source_id, row.id): row.profile_id for row in await world.rows(models.Customer)}
    return {
        (profile, row.trial_end, profile in paid)
        for row in await world.rows(models.Subscription)
        if row.status == "trialing" and row.trial_end is not None
        if (profile := profile_of.get((row.source_id, row.customer_id))) is not None
    }


def _mrr_at(spans: list[Any], at: datetime) -> Counter[tuple[bytes, str]]:
    found: Counter[tuple[bytes, str]] = Counter()
    for span in spans:
        if span.starts_at <= at and (span.ends_at is None or at < span.ends_at):
            found[span.profile_id, span.currency] += span.mrr
    return found


async def _mrr_days(world: World) -> dict[Any, tuple[int, int]]:
    return {
        (row.source_id, row.whole_month, row.day, row.currency, row.product_id, row.interval): (
            row.amount,
            row.spans,
        )
        for row in await world.rows(models.MrrDay)
        if row.amount or row.spans
    }


def _expected_mrr_days(spans: list[Any]) -> dict[Any, tuple[int, int]]:
    amounts: Counter[Any] = Counter()
    counts: Counter[Any] = Counter()
    for span in spans:
        for at, sign in ((span.starts_at, 1), (span.ends_at, -1)):
            if at is not None:
                kind = (span.currency, span.product_id or b"", span.interval or "")
                for whole, day in ((False, at.date()), (True, at.date().replace(day=1))):
                    amounts[span.source_id, whole, day, *kind] += sign * span.mrr
                    counts[span.source_id, whole, day, *kind] += sign
    return {key: (amounts[key], counts[key]) for key in amounts if amounts[key] or counts[key]}


async def _customer_days(world: World) -> dict[Any, tuple[int, int]]:
    return {
        (row.what, row.day, row.until, row.currency): (row.amount, row.customers)
        for row in await world.rows(models.CustomerDay)
        if row.amount or row.customers
    }


def _expected_customer_days(moves: list[Any]) -> dict[Any, tuple[int, int]]:
    sums: defaultdict[Any, list[int]] = defaultdict(lambda: [0, 0])

    def add(what: str, day: Any, until: Any, currency: str, amount: int = 0) -> None:
        sums[what, day, until, currency][0] += amount
        sums[what, day, until, currency][1] += 1

    for profile_id in {move.profile_id for move in moves}:
        mine = [move for move in moves if move.profile_id == profile_id]
        for move in mine:
            add(move.type, move.day, FOREVER, move.currency, move.amount)
        if mine:
            add("first", min(mine, key=lambda move: move.at).day, FOREVER, "")
        for day, until in _without_mrr(mine):
            add("lost", day, until, "")
    return {key: (amount, count) for key, (amount, count) in sums.items()}


def _expected_listed(steps: list[Any]) -> dict[Any, tuple[int, int]]:
    """At each moment at which any step begins or ends, who is listed then less who was just before."""
    sums: Counter[Any] = Counter()
    for at in {at for step in steps for at in (step.starts_at, step.ends_at) if at is not None}:
        for currency in ("usd", "eur", ""):
            of = [step for step in steps if currency in ("", step.currency)]
            after = {one.profile_id for one in of if one.starts_at <= at and not _over(one, at)}
            before = {
                one.profile_id for one in of if one.starts_at < at and not _over(one, at, at_last=False)
            }
            sums["listed", at.date(), FOREVER, currency] += len(after) - len(before)
    return {key: (0, count) for key, count in sums.items() if count}


def _over(step: Any, at: datetime, *, at_last: bool = True) -> bool:
    return step.ends_at is not None and (step.ends_at <= at if at_last else step.ends_at < at)


def _without_mrr(moves: list[Any]) -> list[tuple[Any, Any]]:
    """From the end of which day to that of which other a customer that had paid did not pay."""
    days = sorted({move.day for move in moves})
    pays = [any(_level(moves, day).values()) for day in days]
    lost = [n for n in range(1, len(days)) if pays[n - 1] and not pays[n]]
    return [
        (days[n], next((day for day, paid in zip(days[n:], pays[n:], strict=True) if paid), FOREVER))
        for n in lost
    ]


def _level(moves: list[Any], day: Any) -> Counter[str]:
    level: Counter[str] = Counter()
    for move in moves:
        if move.day <= day:
            level[move.currency] += move.amount
    return level


def _states() -> st.SearchStrategy[dict[str, Any]]:
    """A subscription as a source could tell it next."""
    return st.fixed_dictionaries(
        {
            "of": st.sampled_from(_NAMES),
            "number": st.integers(0, 1),
            "of_price": st.sampled_from(_PRICES),
            "status": st.sampled_from(["active", "active", "canceled", "trialing", "past_due"]),
            "began": st.integers(0, 60),
            "lasted": st.integers(0, 60),
        }
    )


def _subscription(state: dict[str, Any]) -> records.Subscription:
    began = EPOCH + timedelta(days=state["began"], hours=state["began"] % 24)
    ended = began + timedelta(days=state["lasted"], hours=5) if state["status"] == "canceled" else None
    return subscription(
        state["of"],
        of_price=state["of_price"],
        id=f"sub_{state['of']}_{state['number']}",
        status=records.SubscriptionStatus(state["status"]),
        started_at=began,
        created_at=began,
        ended_at=ended,
        canceled_at=ended,
        trial_start=began if state["status"] == "trialing" else None,
        trial_end=began + timedelta(days=90) if state["status"] == "trialing" else None,
    )


_ACTS = st.one_of(
    _states(),
    st.sampled_from(_NAMES).map(lambda name: ("delete", name)),
    st.sampled_from(_NAMES).map(lambda name: ("join", name)),
    st.sampled_from(_NAMES).map(lambda name: ("part", name)),
    st.just(("again", "")),
)


async def _act(world: World, act: Any, at: datetime) -> None:
    match act:
        case ("delete", name):
            gone = records.Deletion(id=f"cus_{name}", of=records.Customer, deleted_at=at)
            await world.sync(gone, at=at)
        case ("join", name):
            await world.sync(customer(name, email="same@shared.example"), at=at)
        case ("part", name):
            await world.sync(customer(name), at=at)
        case ("again", _):
            async with world.db.tenant(world.account_id) as session:
                await mark_all_stale(session, world.account_id, world.source_id)
            await derive(world.db, world.account_id, world.source_id, vault=world.vault)
        case state:
            await world.sync(_subscription(state), at=at)


@given(acts=st.lists(_ACTS, min_size=3, max_size=8))
@settings(
    max_examples=5,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_sums_hold_after_any_sequence_of_syncs(db: Any, vault: Any, acts: list[Any]) -> None:
    """Subscriptions that come, change and end, customers that join, part and are deleted, all recomputed:
    after each step the summaries are what their rows add up to."""
    world = await make_world(db, vault)
    await world.sync(*(customer(name) for name in _NAMES), at=NOW)
    for number, act in enumerate(acts):
        await _act(world, act, NOW + timedelta(hours=number))
        await assert_summed(world)


async def test_sums_hold_after_a_source_is_removed(world: World) -> None:
    """What a removed source brought is in no sum any more; what others brought still is."""
    other_id = await add_source(
        world.db,
        world.vault,
        world.account_id,
        kind="stripe",
        label="Other",
        secret=SourceSecret("sk_test_other"),
        base_url=None,
        now=NOW,
    )
    other = World(world.db, world.vault, world.account_id, other_id)
    for each, called in ((world, "Acme"), (other, "Acme"), (other, "Bolt")):
        await each.sync(customer(called), subscription(called, started_at=datetime(2026, 3, 1, tzinfo=UTC)))
    await assert_summed(world)
    await remove_source(world.db, world.vault, world.account_id, other_id)
    await assert_summed(world)
    assert {row.source_id for row in await world.rows(models.MrrDay)} == {world.source_id}
