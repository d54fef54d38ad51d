"""Letters as they are posted, one of each sort: for tests of renderers, and for the gallery."""

from datetime import UTC, date, datetime, timedelta

from storage.trust.messages import Post
from thoughts.base import Count, Customer, Fact, Moment, Money, Stage, Term, Thought
from thoughts.digest import Ahead, DigestFigures, Period, digest
from thoughts.ports import Item, Letter, LetterKind, Names, Target
from thoughts.registry import KINDS, say
from thoughts.scale import Scale

NOW = datetime(2026, 11, 23, 14, 12, tzinfo=UTC)
ACME, BLUE = b"A" * 16, b"B" * 16
NAMES = Names(
    customers={ACME: "Brightwater <Labs>", BLUE: "*Kestrel* & Sons"}, sources={1: "Stripe", 2: "HubSpot"}
)


def failed(who: bytes = ACME, amount: int = 48_000, stage: Stage = Stage.OPENS, kind: str = "failed") -> Item:
    facts: dict[str, Fact] = {
        "amount": Money(amount, "usd"),
        "attempt": Count(2),
        "next_attempt": Moment(NOW + timedelta(days=3)),
        "failure": Term("card_declined"),
        "customer": Customer(who),
        "mrr": Money(amount, "usd"),
    }
    return _item(
        Thought(
            kind=f"payment_{kind}",
            matter=f"bill:{who.hex()}",
            occurrence=kind,
            at=NOW,
            facts=facts,
            customer=who,
            source_id=1,
            worth=Money(amount, "usd"),
            stage=stage,
        )
    )


def _item(thought: Thought) -> Item:
    return Item(thought, say(thought), KINDS[thought.kind].step)


def _letter(kind: LetterKind = LetterKind.THOUGHTS, *items: Item, **fields: object) -> Letter:
    given: dict[str, object] = {"target": Target("T1", "C1"), "names": NAMES, **fields}
    return Letter(
        key="0" * 32,
        kind=kind,
        zone="Europe/Berlin",
        subscription=1,
        made_at=NOW,
        items=items,
        **given,  # type: ignore[arg-type]  # a test's own
    )


def _digest() -> Letter:
    period = Period(
        net={"usd": 61_000},
        moves={"new_mrr": {"usd": 80_000}, "churned_mrr": {"usd": 19_000}},
        signups=4,
        failed=3,
        failed_amount={"usd": 72_000},
        recovered={"usd": 48_000},
    )
    figures = DigestFigures(
        first=date(2026, 11, 16),
        last=date(2026, 11, 22),
        scale=Scale(currency="usd"),
        now=period,
        before=Period(net={"usd": 12_000}),
        movers=((ACME, Money(80_000, "usd")), (BLUE, Money(-19_000, "usd"))),
        trials=Ahead(count=2, shown=((BLUE, Money(9_900, "usd")),)),
        mrr=tuple((f"2026-11-{day}", {"usd": 4_000_000 + day * 10_000}) for day in range(16, 23)),
    )
    return _letter(LetterKind.DIGEST, failed(BLUE, 9_900), digest=digest(figures))


LETTERS: dict[str, Letter] = {
    "one": _letter(LetterKind.THOUGHTS, failed()),
    "called": _letter(LetterKind.THOUGHTS, failed(), mentions=("U1ADA",)),
    "wave": _letter(LetterKind.THOUGHTS, failed(), failed(BLUE, 9_900)),
    "in-thread": _letter(
        LetterKind.THOUGHTS,
        failed(stage=Stage.CLOSES, kind="recovered"),
        target=Target("T1", "C1", Post("C1", "1.0")),
    ),
    "catch-up": _letter(LetterKind.CATCH_UP, failed(), failed(BLUE, 9_900), more=17),
    "digest": _digest(),
    "notice": _letter(LetterKind.NOTICE, notice="I can no longer post to <#C1> (not_in_channel)."),
}
