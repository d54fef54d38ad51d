"""From a decided thought to a post: who gets it, once, grouped, in threads, held back; what goes wrong."""

from datetime import timedelta
from typing import Any

import pytest

from storage import models
from storage.doer import Doer
from storage.metrics.plan import Condition
from storage.records import Customer, Owner
from tests.thoughts.bench import MINUTE, Bench, failed, recovered
from tests.world import NOW, World, customer, gone, price, product, subscription
from thoughts.base import Money
from thoughts.claims import GIVEN_UP_AFTER, LEASE
from thoughts.matching import write_filter
from thoughts.noise import NOBODY
from thoughts.ports import Gone, Later, LetterKind
from thoughts.subscriptions import (
    NoSubscriptionError,
    State,
    set_state,
    subscriptions,
    unsubscribe,
)
from thoughts.wants import When


@pytest.fixture
def bench(world: World) -> Bench:
    return Bench(world)


async def test_a_thought_is_posted_once_to_each_who_wants_it(bench: Bench) -> None:
    """Decided and settled again, it is still one post in each channel."""
    await bench.subscribe("C1")
    await bench.subscribe("C2", kinds=("payment_failed",))
    await bench.subscribe("C3", kinds=("churned",))
    for _ in range(2):
        await bench.said(failed())
    assert sorted(one.target.place for one in bench.shelf.letters) == ["C1", "C2"]


async def test_a_wave_is_one_post(bench: Bench) -> None:
    """Thoughts of the same minute share a letter; the first of a quiet time comes at once."""
    await bench.subscribe()
    assert await bench.said(failed("1")) == [("payment_failed", 1)]
    for number in range(2, 6):
        assert await bench.said(failed(str(number))) == [("payment_failed", 1)]
    bench.now += 2 * MINUTE
    await bench.post()
    assert bench.shelf.said() == [("payment_failed", 1), ("payment_failed", 4)]


async def test_what_follows_goes_under_it(bench: Bench) -> None:
    """A recovery is posted in the thread of the failure, also to who asked for failures alone."""
    await bench.subscribe(kinds=("payment_failed",))
    await bench.said(failed())
    bench.now += MINUTE
    await bench.said(recovered())
    first, second = bench.shelf.letters
    assert first.target.thread is None
    assert second.target.thread is not None
    assert second.target.thread.ts == "0.0"


async def test_what_follows_before_it_was_sent_goes_into_the_same_letter(bench: Bench) -> None:
    """Failed and recovered in one go are one post."""
    await bench.subscribe()
    assert await bench.said(failed(), recovered()) == [("payment_failed", 2)]


async def test_a_recovery_of_nothing_that_was_told_is_no_news(bench: Bench) -> None:
    """Nobody hears that something ended who did not hear that it began."""
    await bench.subscribe()
    assert await bench.said(recovered()) == []


@pytest.mark.parametrize(
    ("wants", "why"),
    [
        ({"over": Money(10_000, "usd")}, "too small"),
        ({"raised": {"payment_failed": 10_000}}, "less like this"),
    ],
    ids=["over", "less"],
)
async def test_small_ones_are_held_back(bench: Bench, wants: dict[str, Any], why: str) -> None:
    """What is at stake must be over what was asked for."""
    await bench.subscribe(**wants)
    assert await bench.said(failed("1"), failed("2", 10_001)) == [("payment_failed", 1)]
    assert ("held", why) in await bench.fates()


async def test_the_budget_keeps_the_rest_for_the_digest(bench: Bench) -> None:
    """Over a week's budget only critical thoughts are posted."""
    await bench.subscribe(budget=2)
    for number in range(4):
        bench.now += 2 * MINUTE
        await bench.said(failed(str(number)))
    assert len(bench.shelf.letters) == 2
    await bench.said(failed("9", critical=True))
    assert len(bench.shelf.letters) == 3
    assert (await bench.fates()).count(("digest", "budget")) == 2


async def test_quiet_hours_hold_back_until_they_end(bench: Bench) -> None:
    """At night nothing is posted but what is critical; in the morning the rest is one post."""
    await bench.subscribe(quiet=(11, 15))
    await bench.said(failed("1"), failed("2"))
    assert bench.shelf.letters == []
    bench.now = NOW.replace(hour=15)
    await bench.post()
    assert bench.shelf.said() == [("payment_failed", 2)]


@pytest.mark.parametrize("mute", [("", NOBODY), ("payment_failed", NOBODY), ("", b"A" * 16)])
async def test_mutes_hold_back(bench: Bench, mute: tuple[str, bytes]) -> None:
    """A snooze, a muted kind and a muted customer: nothing is posted while it lasts."""
    await bench.subscribe()
    kind, profile_id = mute
    async with bench.world.db.tenant(bench.world.account_id) as session:
        session.add(
            models.Mute(
                account_id=bench.world.account_id, alert_id=1, kind=kind, profile_id=profile_id,
                until=NOW + timedelta(hours=1), made_by="U1", made_at=NOW,
            )
        )  # fmt: skip
    assert await bench.said(failed("1", customer=b"A" * 16)) == []
    bench.now += timedelta(hours=2)
    assert await bench.said(failed("2", customer=b"A" * 16)) == [("payment_failed", 1)]


async def test_a_filter_lets_its_customers_through(bench: Bench) -> None:
    """A subscription with a filter hears only of customers whom the plan's filter finds."""
    world = bench.world
    await world.sync(
        customer("Ada", country="DE"), customer("Bob", country="US"), product("Growth"), price(),
        subscription("Ada"), subscription("Bob"),
    )  # fmt: skip
    ada, bob = [await world.id_of("customer", f"cus_{name}") for name in ("Ada", "Bob")]
    await bench.subscribe(filter=write_filter(Condition(field="country", value="DE")))
    await bench.said(failed("1", customer=ada), failed("2", customer=bob), failed("3"))
    assert [item.thought.customer for item in bench.shelf.letters[0].items] == [ada]
    assert bench.shelf.letters[0].names.customers[ada] == "Ada"


async def test_a_source_that_was_away_is_one_summary(bench: Bench) -> None:
    """All that happened meanwhile is one post, which names the largest and counts the rest."""
    await bench.subscribe()
    await bench.decide(*(failed(str(n), 1_000 * n) for n in range(1, 31)), late=True)
    await bench.post()
    (letter,) = bench.shelf.letters
    assert (letter.kind, len(letter.items), letter.more) == (LetterKind.CATCH_UP, 10, 20)
    assert min(item.thought.worth.amount for item in letter.items if item.thought.worth) == 21_000


async def test_a_lost_answer_is_no_second_post(bench: Bench) -> None:
    """Posted, and the worker died before it could say so: it is found, not posted again."""
    await bench.subscribe()
    await bench.decide(failed())
    bench.shelf.loses = 1
    with pytest.raises(ConnectionResetError):
        await bench.post()
    bench.now += LEASE + MINUTE
    done = await bench.post()
    assert (done.sent, done.found, len(bench.shelf.letters)) == (1, 1, 1)
    assert [row.state for row in await bench.world.rows(models.Letter)] == ["sent"]


async def test_a_platform_that_is_down_is_tried_again(bench: Bench) -> None:
    """Later means later: nothing is lost, nothing comes twice, and after two days it is given up loudly."""
    await bench.subscribe()
    await bench.decide(failed())
    bench.shelf.next = [Later(30, "ratelimited", doubtful=False), Later(5, "TimeoutError")]
    assert (await bench.post()).later == 1
    bench.now += timedelta(seconds=29)
    assert (await bench.post()).later == 0
    bench.now += timedelta(seconds=2)
    assert (await bench.post()).later == 1
    bench.now += MINUTE
    assert (await bench.post()).sent == 1
    await bench.decide(failed("2"))
    bench.now += GIVEN_UP_AFTER
    await bench.route()
    bench.shelf.next = [Later(5, "fatal_error")]
    await bench.post()
    bench.now += GIVEN_UP_AFTER + MINUTE
    bench.shelf.next = [Later(5, "fatal_error")]
    assert (await bench.post()).lost == 1


async def test_a_channel_that_is_gone_is_told_to_who_subscribed(bench: Bench) -> None:
    """The subscription is switched off, and its maker hears of it once, in direct messages."""
    await bench.subscribe()
    bench.shelf.next = [Gone("channel_not_found")]
    await bench.said(failed("1"))
    await bench.said(failed("2"))
    (notice,) = bench.shelf.letters
    assert (notice.kind, notice.target.place) == (LetterKind.NOTICE, "U1")
    assert "channel_not_found" in notice.notice
    found = await subscriptions(bench.world.db, bench.world.vault, bench.world.account_id)
    assert [one.state for one in found] == [State.BROKEN]


async def test_what_was_posted_is_a_message(bench: Bench) -> None:
    """Each post is kept as a Message with whom it names, so that erasure finds it."""
    world = bench.world
    await world.sync(customer("Ada"))
    ada = await world.id_of("customer", "cus_Ada")
    await bench.subscribe()
    await bench.said(failed(customer=ada))
    assert [row.kind for row in await world.rows(models.Message)] == ["thought"]
    assert [row.profile_id for row in await world.rows(models.MessageProfile)] == [ada]


async def test_a_deleted_customer_is_not_posted_any_more(bench: Bench) -> None:
    """What waits for the morning goes with the customer whom it is about."""
    world = bench.world
    await world.sync(customer("Ada"))
    await bench.subscribe(quiet=(11, 15))
    await bench.said(failed(customer=await world.id_of("customer", "cus_Ada")))
    await world.sync(gone(Customer, "cus_Ada"))
    bench.now = NOW.replace(hour=16)
    await bench.post()
    assert bench.shelf.letters == []
    assert [row.state for row in await world.rows(models.Letter)] == ["lost"]


async def test_paused_and_removed_subscriptions_hear_nothing(bench: Bench) -> None:
    """Neither what is decided later nor what waits."""
    world = bench.world
    await bench.subscribe(quiet=(11, 15))
    await bench.subscribe("C2", quiet=(11, 15))
    await bench.said(failed("1"))
    await set_state(world.db, world.account_id, 1, State.PAUSED, by=Doer.operator())
    await unsubscribe(world.db, world.account_id, [2], by=Doer.operator())
    bench.now = NOW.replace(hour=16)
    assert await bench.said(failed("2")) == []
    with pytest.raises(NoSubscriptionError):
        await unsubscribe(world.db, world.account_id, [2], by=Doer.operator())


async def test_the_owner_is_called(bench: Bench) -> None:
    """Who owns the customer in the CRM, by the address that the platform knows; not again in the thread."""
    world = bench.world
    ada = Owner(id="o_1", name="Ada", email="ada@ours.example")
    await world.sync(ada, customer("Acme", owner_id="o_1"))
    acme = await world.id_of("customer", "cus_Acme")
    bench.shelf.people["ada@ours.example"] = "U7"
    await bench.subscribe(mention="owner")
    await bench.said(failed("1", customer=acme))
    bench.now += 2 * MINUTE
    await bench.said(recovered("1", customer=acme))
    assert [one.mentions for one in bench.shelf.letters] == [("U7",), ()]


async def test_digest_only_posts_nothing_at_once(bench: Bench) -> None:
    """Who wants everything in the digest gets only what is critical at once."""
    await bench.subscribe(when=When.DIGEST)
    assert await bench.said(failed("1"), failed("2", critical=True)) == [("payment_failed", 1)]
