"""Rules in people's own words: "tell me when an annual customer over €5k opens a second ticket in a week".

The frame of such a sentence (when, what happens, how often, in which time) is read here; whom it is about and
which figure, the interpreter of questions reads, so that a rule knows what a question knows. What is not
understood is asked back or refused, word by word: a rule is never guessed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime

from bot.questions.grammar import interpret
from bot.questions.outcome import Clarify, Refuse, Understood
from bot.questions.rule_figures import Figure, lacks_amount, read_figure
from bot.questions.vocabulary import Vocabulary
from storage.metrics.amounts import AmountError, parse_amount
from storage.metrics.catalog import Metric, Unit, metric
from storage.metrics.plan import Condition, Plan
from thoughts.base import Money
from thoughts.rule_events import EVENTS
from thoughts.rules import Happens, Rule

EXAMPLES = (
    "Tell me when an annual customer over €5k opens a second ticket in a week",
    "Alert #sales when MRR drops more than 3% in a day",
    "Tell me when there are more than 10 failed payments in a day",
)
_LONGEST = 300
_LEAD = re.compile(
    r"(?:please )?(?:"
    r"(?:tell|let|notify|alert|ping|warn|inform|message) (?P<whom>me|us|everyone|[#@]\S+|<[#@!]\S+>)"
    r"(?: know)?"
    r"|(?:post|say|write) (?:it )?(?:in|to) (?P<place>[#@]\S+|<#\S+>)"
    r"|(?:create |make |set )?an? (?:alert|rule)"
    r") (?:when(?:ever)?|if|once|as soon as|every time|each time|any time) (?P<clause>.+)",
    re.IGNORECASE,
)
_ANYBODY = frozenset(
    {"a customer", "any customer", "someone", "somebody", "anyone", "anybody", "a client", "any client",
     "an account", "any account", "one of our customers"}
)  # fmt: skip
_ORDINALS = {"second": 2, "third": 3, "fourth": 4, "fifth": 5, "2nd": 2, "3rd": 3, "4th": 4, "5th": 5}
_ARTICLE = re.compile(r"^(?:an?|any|the|one of our|our|one of the) ", re.IGNORECASE)
_WITHIN = re.compile(
    r"\s*,?\s*(?:with)?in (?:a |an |one |the same |the last |any )?"
    r"(?:(?P<count>\d{1,3}) )?(?P<unit>day|week|month)s?$",
    re.IGNORECASE,
)
_AMOUNT = re.compile(
    r"\s*(?:of |for |by )?(?:over|more than|above|of at least|at least) (?P<amount>\S+(?: \w+)?)$",
    re.IGNORECASE,
)
_TIMES = re.compile(r"\s*(?:(?P<twice>twice|again)|(?P<count>\d) times)$", re.IGNORECASE)
_DAYS = {"day": 1, "week": 7, "month": 30}
_MOST_DAYS = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A rule that was understood: `where` is the channel or person that was named, None for here.

    `plan` is whom or which figure it is about, `assumptions` are sentences to be said with it.
    """

    rule: Rule
    plan: Plan | None
    where: str | None = None
    assumptions: tuple[str, ...] = ()


Outcome = Read | Clarify | Refuse


def is_rule(words: str) -> bool:
    """Whether a sentence asks to be told of something."""
    return _LEAD.fullmatch(_tidy(words)) is not None


def read_rule_words(words: str, vocabulary: Vocabulary, now: datetime) -> Outcome:
    """What rule a sentence asks for."""
    if len(words) > _LONGEST:
        return Refuse(reason="That is longer than I can read as one rule: say it in a sentence.")
    said = _LEAD.fullmatch(_tidy(words))
    if said is None:
        return _not_a_rule()
    clause = said["clause"]
    figure = read_figure(clause, vocabulary)
    found = _of_figure(figure, vocabulary, now) if figure else _of_event(clause, vocabulary, now)
    where = said["whom"] or said["place"]
    if isinstance(found, Read) and where is not None and where.lower() not in ("me", "us", "everyone"):
        return replace(found, where=where)
    return found


def _tidy(words: str) -> str:
    return " ".join(words.split()).rstrip("?!. ")


def _not_a_rule() -> Refuse:
    return Refuse(reason="I do not understand what you want to be told of.", suggestions=EXAMPLES)


# --- figures ------------------------------------------------------------------------------------------------


def _of_figure(figure: Figure, vocabulary: Vocabulary, now: datetime) -> Outcome:
    """The figure's words are asked as a question of today: stocks take no period, flows that one."""
    asked = interpret(f"{figure.words} today", None, vocabulary, now)
    if isinstance(asked, Understood) and asked.plan.entity is not None:
        asked = interpret(f"how many {figure.words}", None, vocabulary, now)
    if not isinstance(asked, Understood):
        return asked
    plan = asked.plan
    if plan.measure is None or plan.by or plan.customer is not None:
        return Refuse(
            reason=f"“{figure.words}” is no single figure that I can watch.", suggestions=EXAMPLES[1:]
        )
    found = metric(plan.measure)
    problem = _misfit(figure, found)
    if problem is not None:
        return Refuse(reason=problem)
    money = found.unit is Unit.MONEY
    currency = (figure.money.currency if figure.money else vocabulary.currency) if money else None
    trigger = figure.trigger(currency, is_ratio=found.unit is Unit.RATIO)
    if trigger is None:
        return Refuse(reason="Say how much: a number, an amount or a share, such as 3%.")
    watched = Plan(measure=plan.measure, filters=plan.filters)
    rule = Rule(trigger=trigger, plan=watched.model_dump_json(exclude_none=True), currency=currency)
    return Read(rule=rule, plan=watched, assumptions=asked.assumptions)


def _misfit(figure: Figure, found: Metric) -> str | None:
    """Why a figure cannot be watched like that."""
    label = found.label if found.label.isupper() else found.label[0].lower() + found.label[1:]
    if found.only_now and figure.moves:
        return f"Of {label} no past is kept: I can watch whether it is over a number, but not how it moves."
    if found.unit is Unit.DURATION:
        return "I cannot watch times yet, only amounts, numbers and shares."
    if figure.stated and found.unit is not Unit.MONEY:
        return f"{found.label} is no amount of money."
    return None


# --- what customers do --------------------------------------------------------------------------------------


def _of_event(clause: str, vocabulary: Vocabulary, now: datetime) -> Outcome:
    plain, nth = _without_ordinal(clause)
    found = _verb(plain)
    if found is None:
        return _no_event(clause)
    name, subject, rest = found
    days, rest = _within(rest)
    times = _TIMES.search(rest)
    if times is not None:
        nth, rest = (2 if times["twice"] else int(times["count"])), rest[: times.start()]
    try:
        money, rest = _over(rest, vocabulary)
    except AmountError:
        return _unknown(rest.strip())
    if rest.strip():
        return _unknown(rest.strip())
    return _how_often(nth, days) or _about(
        subject, Happens(event=name, nth=nth, days=days, over=money), vocabulary, now
    )


def _no_event(clause: str) -> Outcome:
    if lacks_amount(clause):
        return Clarify(question="By how much? Say “by more than 3% in a day”.", options=())
    return _not_a_rule()


def _over(rest: str, vocabulary: Vocabulary) -> tuple[Money | None, str]:
    """The least amount that words end with, and what stands before it; raises AmountError."""
    over = _AMOUNT.search(rest)
    if over is None:
        return None, rest
    amount = parse_amount(over["amount"], vocabulary.currency)
    return Money(amount.minor, amount.currency), rest[: over.start()]


def _how_often(nth: int, days: int | None) -> Outcome | None:
    """What is to be asked back of how often something happens in which time."""
    if days is not None and nth == 1:
        return Clarify(question="How often within that time? Say “a second time in a week”.", options=())
    if nth > 1 and days is None:
        return Clarify(question="Within which time? Say “in a week” or “in 30 days”.", options=())
    if days is not None and days > _MOST_DAYS:
        return Refuse(reason=f"I count over {_MOST_DAYS} days at most.")
    return None


def _without_ordinal(clause: str) -> tuple[str, int]:
    """ "opens a second ticket" as "opens a ticket" and 2."""
    for word, number in _ORDINALS.items():
        plain = re.sub(rf"\b(?:a|their|the|his|her) {word}\b", "a", clause, count=1, flags=re.IGNORECASE)
        if plain != clause:
            return re.sub(r"\ba time\b", "", plain).replace("  ", " ").strip(), number
    return clause, 1


def _verb(clause: str) -> tuple[str, str, str] | None:
    """Which event a clause is about, what stands before it and what behind; the longest phrase wins."""
    phrases = sorted(
        ((phrase, event.name) for event in EVENTS.values() for phrase in event.phrases),
        key=lambda pair: -len(pair[0]),
    )
    for phrase, name in phrases:
        hit = re.search(rf"\b{re.escape(phrase)}\b", clause, re.IGNORECASE)
        if hit is not None:
            return name, clause[: hit.start()].strip(), clause[hit.end() :]
    return None


def _within(rest: str) -> tuple[int | None, str]:
    hit = _WITHIN.search(rest)
    if hit is None:
        return None, rest
    return int(hit["count"] or 1) * _DAYS[hit["unit"].lower()], rest[: hit.start()]


def _about(subject: str, trigger: Happens, vocabulary: Vocabulary, now: datetime) -> Outcome:
    """Whom the rule is about, as the interpreter of questions reads a list of customers."""
    bare = re.sub(r"'s$", "", subject)
    if bare.lower() in _ANYBODY or not bare:
        return Read(rule=Rule(trigger=trigger), plan=None)
    words = re.sub(r"\bcustomer\b", "customers", _ARTICLE.sub("", bare), flags=re.IGNORECASE)
    asked = interpret(f"list {words}", None, vocabulary, now)
    if not isinstance(asked, Understood):
        return asked
    plan = asked.plan
    if plan.customer is not None and plan.measure is None and plan.entity is None:
        only = Plan(entity="customer", filters=_only(plan.customer))
        return Read(rule=_rule(trigger, only), plan=only)
    if plan.entity != "customer" or plan.period is not None or plan.limit is not None:
        return Refuse(reason=f"“{subject}” does not say which customers.", suggestions=EXAMPLES[:1])
    listed = Plan(entity="customer", filters=plan.filters)
    return Read(rule=_rule(trigger, listed), plan=listed, assumptions=asked.assumptions)


def _only(customer: str) -> Condition:
    return Condition(field="customer", value=customer)


def _rule(trigger: Happens, plan: Plan) -> Rule:
    return Rule(trigger=trigger, plan=plan.model_dump_json(exclude_none=True))


def _unknown(words: str) -> Refuse:
    return Refuse(reason=f"I do not know what “{words}” means here.", suggestions=EXAMPLES)
