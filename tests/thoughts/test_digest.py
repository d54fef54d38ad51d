"""What a digest says: the moves, the people, what is ahead, what failed; one line where nothing happened."""

from datetime import date, timedelta

from storage import records
from storage.metrics.scope import Asking
from tests.thoughts.surroundings import SCALE, plain, usd
from tests.world import NOW, World, customer, payment, price, product, subscription
from thoughts.base import Money
from thoughts.digest import QUIET, Ahead, DigestFigures, Period, digest
from thoughts.load_digest import load_digest

DAY = timedelta(days=1)
YESTERDAY = date(2026, 11, 22)
BUSY = Period(
    net={"usd": 30_000, "eur": -5_000},
    moves={"new_mrr": {"usd": 50_000}, "churned_mrr": {"usd": 20_000, "eur": 5_000}},
    signups=4,
    failed=2,
    failed_amount={"usd": 9_800},
    recovered={"usd": 4_900},
)


def figures(**parts: object) -> DigestFigures:
    given = {
        "first": YESTERDAY,
        "last": YESTERDAY,
        "scale": SCALE,
        "now": Period(),
        "before": Period(),
        **parts,
    }
    return DigestFigures(**given)  # type: ignore[arg-type]  # the parts of each test


def test_a_day_without_news_is_one_line() -> None:
    """Nothing worth anybody's time is said in one line, without a chart."""
    made = digest(figures(mrr=(("2026-11-22", {"usd": 1}),)))
    assert (made.lines, made.quiet, made.chart) == ((QUIET,), True, {})


def test_a_busy_day_is_said_in_a_few_lines() -> None:
    """Net new MRR with its moves beside the period before, what failed and what came, sign-ups."""
    made = digest(figures(now=BUSY, before=Period(net={"usd": 10_000}, signups=3)))
    assert [plain(line) for line in made.lines] == [
        "Net new MRR -50.00 eur and 300.00 usd (the period before: 100.00 usd).",
        "New 500.00 usd, churn 50.00 eur and 200.00 usd.",
        "2 payments failed: 98.00 usd.",
        "Came after all: 49.00 usd.",
        "4 sign-ups (the period before: 3).",
    ]
    assert plain(made.title) == "2026-11-22"


def test_the_largest_three_each_way_are_named() -> None:
    """Four gained: the three with the most at stake are named, across currencies by what they are worth."""
    movers = [(bytes([n]) * 16, usd(n * 100)) for n in (1, 2, 3)] + [(b"e" * 16, Money(20_000, "eur"))]
    made = digest(figures(now=BUSY, movers=(*movers, (b"x" * 16, usd(-50)))))
    assert (
        plain(made.lines[2]) == "Most gained: CUSTOMER 200.00 eur, CUSTOMER 300.00 usd, CUSTOMER 200.00 usd."
    )
    assert plain(made.lines[3]) == "Most lost: CUSTOMER -50.00 usd."
    assert made.customers == {b"e" * 16, b"x" * 16, bytes([3]) * 16, bytes([2]) * 16}


def test_what_is_ahead_is_told_with_the_largest() -> None:
    """Trials that end and subscriptions that renew are counted, the largest named."""
    made = digest(figures(trials=Ahead(count=5, shown=((b"a" * 16, usd(90)),)), renewals=Ahead(count=1)))
    assert [plain(line) for line in made.lines] == [
        "5 trials end within 7 days: CUSTOMER 90.00 usd.",
        "1 yearly subscription renews within 7 days.",
    ]


async def test_a_digest_is_made_of_what_questions_answer(world: World) -> None:
    """A day of the cache: a new customer, one who left, a failed payment, a trial ahead, MRR by day."""
    ended = NOW - DAY
    await world.sync(
        product("Growth"), price(), *map(customer, ("Old", "Gone", "New", "Try")),
        subscription("Old", started_at=NOW - 90 * DAY), subscription("New", started_at=NOW - DAY),
        subscription("Gone", started_at=NOW - 90 * DAY, ended_at=ended, canceled_at=ended,
                     status=records.SubscriptionStatus.CANCELED),
        subscription("Try", status=records.SubscriptionStatus.TRIALING, trial_start=NOW - 9 * DAY,
                     trial_end=NOW + 2 * DAY),
        payment(1, "Old", status=records.PaymentStatus.FAILED, created_at=NOW - DAY),
    )  # fmt: skip
    async with world.db.tenant(world.account_id, read_only=True) as session:
        asking = Asking(world.account_id, "usd", "UTC", NOW)
        day = await load_digest(session, asking, YESTERDAY, YESTERDAY)
        week = await load_digest(session, asking, date(2026, 11, 16), YESTERDAY)
    assert [plain(line) for line in day.lines] == [
        "Net new MRR 0 (the period before: 0).",
        "New 100.00 usd, churn 100.00 usd.",
        "Most gained: CUSTOMER 100.00 usd.",
        "Most lost: CUSTOMER -100.00 usd.",
        "1 trial ends within 7 days.",
        "1 payment failed: 100.00 usd.",
    ]
    assert len(day.chart["usd"]) == 30
    assert day.chart["usd"][-1] == ("2026-11-22", 20_000)
    assert (week.chart["usd"][-1][0], len(week.chart["usd"])) == ("2026-W47", 12)
