"""Rules that people wrote in their own words, kept as a plan with a trigger; and when one fires.

A rule is about something that a customer does (`Happens`: the second ticket within a week) or about a figure
(`Moves`: MRR falls by 3% in a day; `Level`: failed payments over 10 in a day). Everything here is pure.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

import msgspec
from msgspec import Struct

from storage.metrics.catalog import Span, metric
from storage.metrics.plan import Grain, Plan
from thoughts.base import Count, Customer, Fact, Money, Ratio, Sentence, Term, Thought, Words
from thoughts.rule_events import EVENTS

RULE = "rule:"
"""What the kind of a rule's thoughts begins with; its id follows."""


class Happens(Struct, frozen=True, kw_only=True, tag="happens"):
    """A customer does something: for the `nth` time within so many days, about at least so much money."""

    event: str
    nth: int = 1
    days: int | None = None
    over: Money | None = None


class Moves(Struct, frozen=True, kw_only=True, tag="moves"):
    """A figure rises (`up`) or falls by more than a share of what it was, or more than an amount (minor units
    of the rule's currency, or a number), from one day, week or month to the next."""

    up: bool
    grain: str
    share: float | None = None
    amount: int | None = None


class Level(Struct, frozen=True, kw_only=True, tag="level"):
    """A figure goes over (or under) a value: that of a day, week or month, or of a stock at its end."""

    over: bool
    value: float
    grain: str


Trigger = Happens | Moves | Level


class Rule(Struct, frozen=True, kw_only=True):
    """`plan` (a Plan as JSON): of a figure its measure and filters; of what happens, the list of customers
    that it must happen to, none for anybody. `currency`: of a figure in money, the one that is looked at."""

    trigger: Trigger
    plan: str | None = None
    currency: str | None = None

    def __post_init__(self) -> None:
        if isinstance(self.trigger, Happens):
            if self.trigger.event not in EVENTS:
                raise ValueError("there is nothing of that name that happens")
        else:
            Grain(self.trigger.grain)
            if self.plan is None or self.read_plan().measure is None:
                raise ValueError("a rule about a figure names it")

    def __repr__(self) -> str:
        return f"Rule({self.id})"

    @property
    def id(self) -> str:
        """The same for the same rule, whoever wrote it."""
        return hashlib.sha256(write_rule(self)).hexdigest()[:16]

    @property
    def kind(self) -> str:
        """The kind of its thoughts."""
        return f"{RULE}{self.id}"

    def read_plan(self) -> Plan:
        """Its plan; raises pydantic.ValidationError for one that is none (any more)."""
        return Plan.model_validate_json(self.plan or "")


def write_rule(rule: Rule) -> bytes:
    return msgspec.json.encode(rule)


def read_rule(kept: bytes | str) -> Rule:
    """What `write_rule` gave; raises msgspec.ValidationError for anything else."""
    return msgspec.json.decode(kept, type=Rule)


# --- when one fires -----------------------------------------------------------------------------------------

Points = Sequence[tuple[str, float]]
"""A figure over time: key of the day, week or month, and value; the last one is running."""


class Fired(Struct, frozen=True):
    """A figure fired in the period `key`: what it was, and what it was before."""

    key: str
    value: float
    before: float | None


def firings(trigger: Moves | Level, measure: str, points: Points) -> list[Fired]:
    """In which of the periods a rule about a figure fires; the first is only what came before.

    The running period of a flow is not over: it fires where it is over a level already, and is judged in no
    other way. A stock fires when it crosses its level, and not again while it stays beyond.
    """
    is_stock = metric(measure).span is Span.STOCK
    found = []
    for number in range(1, len(points)):
        (_, before), (key, value) = points[number - 1], points[number]
        running = number == len(points) - 1 and not is_stock
        if isinstance(trigger, Level):
            if running and not trigger.over:
                continue
            fires = beyond(trigger, value) and not (is_stock and beyond(trigger, before))
        else:
            fires = not running and _moved(trigger, before, value)
        if fires:
            found.append(Fired(key, value, before))
    return found


def beyond(trigger: Level, value: float) -> bool:
    """Whether a value is on the side of the level that the rule waits for."""
    return value > trigger.value if trigger.over else value < trigger.value


def _moved(trigger: Moves, before: float, value: float) -> bool:
    by = value - before if trigger.up else before - value
    if trigger.share is not None:
        return before > 0 and by > trigger.share * before
    return by > (trigger.amount or 0)


class Seen(Struct, frozen=True):
    """Something happened to a customer: the id of the record that says so, and the money it was about."""

    profile_id: bytes
    at: datetime
    record_id: bytes
    money: Money | None = None


def happenings(trigger: Happens, seen: Iterable[Seen]) -> Iterator[Seen]:
    """Those that make it the nth time: exactly the nth within the days, so that each fires once."""
    by_customer: dict[bytes, list[Seen]] = {}
    for one in sorted(seen, key=lambda one: (one.at, one.record_id)):
        if not _is_about(trigger, one):
            continue
        before = by_customer.setdefault(one.profile_id, [])
        before.append(one)
        within = timedelta(days=trigger.days) if trigger.days else None
        count = sum(within is None or one.at - earlier.at < within for earlier in before)
        if trigger.nth in (1, count):
            yield one


def _is_about(trigger: Happens, one: Seen) -> bool:
    if trigger.over is None:
        return True
    same = one.money is not None and one.money.currency == trigger.over.currency
    return same and one.money is not None and one.money.amount >= trigger.over.amount


# --- what is said -------------------------------------------------------------------------------------------


def happened(rule: Rule, trigger: Happens, one: Seen) -> Thought:
    facts: dict[str, Fact] = {"customer": Customer(one.profile_id), "event": Term(trigger.event)}
    if trigger.nth > 1:
        facts["times"] = Count(trigger.nth)
    if trigger.days:
        facts["days"] = Count(trigger.days, "day", "days")
    if one.money is not None:
        facts["amount"] = one.money
    return Thought(
        kind=rule.kind,
        matter=f"{rule.kind}:{one.profile_id.hex()}",
        occurrence=f"{one.record_id.hex()}:{one.at:%Y-%m-%d}",
        at=one.at,
        facts=facts,
        customer=one.profile_id,
        worth=one.money,
    )


def fired(rule: Rule, measure: str, one: Fired, at: datetime) -> Thought:
    facts: dict[str, Fact] = {"measure": Term(measure), "value": _figure(one.value, rule, measure)}
    if one.before is not None:
        facts["before"] = _figure(one.before, rule, measure)
        if one.before > 0:
            facts["share"] = Ratio(round(one.value / one.before - 1, 4))
    return Thought(kind=rule.kind, matter=f"{rule.kind}:{measure}", occurrence=one.key, at=at, facts=facts)


def _figure(value: float, rule: Rule, measure: str) -> Fact:
    if rule.currency is not None:
        return Money(round(value), rule.currency)
    return Ratio(value) if metric(measure).unit == "ratio" else Count(round(value))


def say(thought: Thought) -> Words:
    """What a rule's thought says; whose rule it is, the subscription knows."""
    facts = thought.facts
    event = facts.get("event")
    if isinstance(event, Term):
        said: Sentence = (facts["customer"], f" {EVENTS[event.word].said}")
        if "amount" in facts:
            said = (*said, ": ", facts["amount"])
        if "times" in facts:
            said = (*said, ", ", facts["times"], " times")
            said = (*said, " within ", facts["days"]) if "days" in facts else said
        return Words((*said, "."))
    measure = facts["measure"]
    label = metric(measure.word).label if isinstance(measure, Term) else ""
    why: Sentence = ("It was ", facts["before"], " before") if "before" in facts else ()
    if "share" in facts:
        why = (*why, " (", facts["share"], ")")
    return Words((f"{label} is ", facts["value"], "."), (*why, ".") if why else ())
