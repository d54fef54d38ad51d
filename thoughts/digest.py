"""What a digest says of a day, a week or a month: how MRR moved and by whom, what is ahead, what failed.

Short where little happened: nothing at all is one line. Amounts of different currencies stand beside each
other and are never added up.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from thoughts.base import Count, Customer, Day, Fact, Money, Sentence
from thoughts.scale import Scale

QUIET: Sentence = ("Nothing worth your time.",)
_SHOWN = 3
_MOVES = (
    ("new_mrr", "new"),
    ("expansion_mrr", "upgrades"),
    ("reactivation_mrr", "back"),
    ("contraction_mrr", "downgrades"),
    ("churned_mrr", "churn"),
)

Amounts = Mapping[str, int]
"""Minor units by currency."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ahead:
    """How many there are, and the largest of them: who, and the MRR of it."""

    count: int = 0
    shown: tuple[tuple[bytes, Money], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """The figures of one period. `moves` are by measure (`new_mrr` ...), amounts by currency, none negative;
    `movers` the single movements, signed."""

    net: Amounts = field(default_factory=dict)
    moves: Mapping[str, Amounts] = field(default_factory=dict)
    signups: int = 0
    failed: int = 0
    failed_amount: Amounts = field(default_factory=dict)
    recovered: Amounts = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestFigures:
    """All that a digest is made of: the period [first, last] of whole days, and the one before it."""

    first: date
    last: date
    scale: Scale
    now: Period
    before: Period
    movers: tuple[tuple[bytes, Money], ...] = ()
    trials: Ahead = field(default_factory=Ahead)
    renewals: Ahead = field(default_factory=Ahead)
    ahead_days: int = 7
    mrr: tuple[tuple[str, Amounts], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """`lines` are its sentences in order, `quiet` says that there was nothing. `chart` is MRR by currency:
    keys of days, weeks or months, and minor units."""

    title: Sentence
    lines: tuple[Sentence, ...]
    quiet: bool = False
    chart: Mapping[str, tuple[tuple[str, int], ...]] = field(default_factory=dict)

    @property
    def customers(self) -> frozenset[bytes]:
        """Whom it names."""
        return frozenset(
            part.profile_id for line in self.lines for part in line if isinstance(part, Customer)
        )


def digest(figures: DigestFigures) -> Digest:
    """The digest of these figures."""
    title = _title(figures)
    lines = [
        line for line in (*_money(figures), *_people(figures), *_ahead(figures), *_failures(figures)) if line
    ]
    if not lines:
        return Digest(title=title, lines=(QUIET,), quiet=True)
    return Digest(title=title, lines=tuple(lines), chart=_chart(figures.mrr))


def _title(figures: DigestFigures) -> Sentence:
    if figures.first == figures.last:
        return (Day(figures.first),)
    return (Day(figures.first), " to ", Day(figures.last))


def _money(figures: DigestFigures) -> list[Sentence]:
    """How MRR moved, beside the period before; nothing where it did not."""
    net, before = figures.now.net, figures.before.net
    if not any(net.values()) and not any(any(of.values()) for of in figures.now.moves.values()):
        return []
    headline: Sentence = ("Net new MRR ", *_amounts(net), " (the period before: ", *_amounts(before), ").")
    moves: Sentence = ()
    for measure, called in _MOVES:
        amounts = {code: amount for code, amount in figures.now.moves.get(measure, {}).items() if amount}
        if amounts:
            moves = (*moves, ", " if moves else "", f"{called} ", *_amounts(amounts))
    return [headline, (*_capital(moves), ".") if moves else ()]


def _capital(sentence: Sentence) -> Sentence:
    words = [part for part in sentence if part != ""]
    first = words[0] if words else ""
    return (f"{first[:1].upper()}{first[1:]}", *words[1:]) if isinstance(first, str) else tuple(words)


def _amounts(amounts: Amounts) -> Sentence:
    """$100 and €20; 0 where there is nothing."""
    said: Sentence = ()
    known = [Money(amount, code) for code, amount in sorted(amounts.items()) if amount]
    for money in known:
        said = (*said, " and " if said else "", money)
    return tuple(part for part in said if part != "") or (Count(0),)


def _people(figures: DigestFigures) -> list[Sentence]:
    """The largest movements each way, across currencies by what they are worth here."""
    gained = [mover for mover in figures.movers if mover[1].amount > 0]
    lost = [mover for mover in figures.movers if mover[1].amount < 0]
    return [
        _listed("Most gained: ", sorted(gained, key=lambda one: -_weight(one, figures))[:_SHOWN]),
        _listed("Most lost: ", sorted(lost, key=lambda one: _weight(one, figures))[:_SHOWN]),
    ]


def _weight(mover: tuple[bytes, Money], figures: DigestFigures) -> float:
    return float(figures.scale.weight(mover[1]) or 0)


def _listed(begin: str, people: Sequence[tuple[bytes, Money]]) -> Sentence:
    said: Sentence = ()
    for profile_id, money in people:
        who: tuple[Fact | str, ...] = (Customer(profile_id), " ", money)
        said = (*said, ", ", *who) if said else (begin, *who)
    return (*said, ".") if said else ()


def _ahead(figures: DigestFigures) -> list[Sentence]:
    within = Count(figures.ahead_days, "day", "days")
    found: list[Sentence] = []
    for ahead, nouns in (
        (figures.trials, ("trial ends", "trials end")),
        (figures.renewals, ("yearly subscription renews", "yearly subscriptions renew")),
    ):
        if ahead.count:
            line: Sentence = (Count(ahead.count, *nouns), " within ", within)
            shown = _listed(": ", ahead.shown[:_SHOWN])
            found.append((*line, *shown) if shown else (*line, "."))
    return found


def _failures(figures: DigestFigures) -> list[Sentence]:
    now = figures.now
    found: list[Sentence] = []
    if now.failed:
        failed = Count(now.failed, "payment failed", "payments failed")
        found.append((failed, ": ", *_amounts(now.failed_amount), "."))
    if any(now.recovered.values()):
        found.append(("Came after all: ", *_amounts(now.recovered), "."))
    if now.signups:
        before = Count(figures.before.signups)
        signups = Count(now.signups, "sign-up", "sign-ups")
        found.append((signups, " (the period before: ", before, ")."))
    return found


def _chart(mrr: Sequence[tuple[str, Amounts]]) -> dict[str, tuple[tuple[str, int], ...]]:
    currencies = sorted({code for _, amounts in mrr for code, amount in amounts.items() if amount})
    return {code: tuple((key, amounts.get(code, 0)) for key, amounts in mrr) for code in currencies}
