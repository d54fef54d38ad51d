"""The built-in interpreter: a question in, a plan, a question back or a refusal out.

Pure and synchronous: no network, no clock but the `now` that it is given, a few milliseconds. Every word of a
question is accounted for or the question is not answered: a wrong number is worse than a refusal.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from pydantic import ValidationError

from bot.questions import accounting, conversation, coordinate, later, refusals, spans, text, walk
from bot.questions.compose import compose
from bot.questions.draft import Turned
from bot.questions.frame import Asked, Frame
from bot.questions.listing import AHEAD
from bot.questions.outcome import Choice, Clarify, Outcome, Refuse, Understood
from bot.questions.periods import Clock
from bot.questions.subject import OF_ONE_CUSTOMER, reading_of
from bot.questions.text import QuestionTooLong, Text
from bot.questions.vocabulary import Vocabulary
from bot.questions.words import K
from storage.metrics.catalog import ENTITIES, METRICS
from storage.metrics.grains import PeriodError
from storage.metrics.plan import Order, Plan

_ACTIONS = frozenset(later.OUTSIDE["action"][1].split("|"))
_POLITE = frozenset(
    ["please", "pls", "can", "could", "would", "you", "just", "now", "i", "want", "to", "go", "and", "then"]
)
_OBJECTS = frozenset(
    ["the", "all", "every", "this", "that", "our", "my", "a", "an", "customer", "subscription", "invoice",
        "everything",
     "them", "him", "her", "it", "me", "us", "account", "user", "new", "to"]
)  # fmt: skip
_PER_CORRECTION, _PER_ASSUMPTION = 0.15, 0.1
_MOST_OPTIONS = 5
_NAME_OF_A_FIGURE = 3  # words


def interpret(question: str, context: Plan | None, vocabulary: Vocabulary, now: datetime) -> Outcome:
    """What a question means for this account at `now`; `context` is the plan that it may follow on."""
    try:
        return _outcome(text.read(question), context, vocabulary, now)
    except QuestionTooLong:
        return refusals.because("That is longer than I can read as one question: ask me in a sentence.")
    except Turned as way_out:
        return way_out.refusal
    except PeriodError as error:
        return refusals.because(f"I cannot look there: {error}.")
    except ValidationError:
        return refusals.confused()


def _outcome(said: Text, context: Plan | None, vocabulary: Vocabulary, now: datetime) -> Outcome:
    if all(token.kind is text.Kind.SIGN for token in said.tokens):
        return refusals.outside("hello")
    tagged = spans.tag(said, vocabulary, now)
    if _is_order(said, tagged):
        return refusals.outside("action")
    if all(span.kind is K.FILLER for span in tagged):
        return refusals.outside("hello")
    rivals = coordinate.figures(said, tagged)
    if rivals:
        return _one_at_a_time(said, rivals, context, vocabulary, now)
    asked = walk.read(said, tagged)
    return _turned_down(asked) or _about_names(asked, context, vocabulary, Clock(now, vocabulary.zone))


def _one_at_a_time(
    said: Text,
    rivals: tuple[coordinate.Run, ...],
    context: Plan | None,
    vocabulary: Vocabulary,
    now: datetime,
) -> Outcome:
    """Several figures in one question are offered one by one."""
    options = []
    for kept in rivals:
        words = coordinate.alone(said, kept, rivals)
        outcome = interpret(words, context, vocabulary, now)
        if not isinstance(outcome, Understood):
            return refusals.because("I can answer one figure at a time: ask for each by itself.")
        plan = outcome.plan
        label = METRICS[plan.measure].label if plan.measure else ENTITIES[plan.entity or "customer"].plural
        options.append(Choice(label[:1].upper() + label[1:], plan, question=words))
    return Clarify(question="I answer one figure at a time. Which first?", options=tuple(options))


def _is_order(said: Text, tagged: tuple[spans.Span, ...]) -> bool:
    """Whether it begins by telling us to do something: "cancel Initech's subscription"."""
    words = [token.word for token in said.tokens]
    at = next((i for i, word in enumerate(words) if word not in _POLITE), 0)
    following = next((span for span in tagged if span.start == at + 1), None)
    if following is None:
        return False
    if words[at] in later.ORDERS_TO_SOMEONE:
        return following.kind is K.NAME
    return words[at] in _ACTIONS and (words[at + 1] in _OBJECTS or following.kind in (K.NAME, K.UNKNOWN))


def _turned_down(asked: Frame) -> Refuse | None:
    """What must not or cannot be answered, whatever else is in the question."""
    if asked.outside:
        return refusals.outside(asked.outside[0])
    if asked.absent:
        return refusals.because(f"{asked.absent[0].capitalize()} is not connected here.")
    if asked.later:
        return refusals.not_yet(asked.later[0])
    reading = reading_of(asked)
    looks_ahead = reading is not None and reading.dated in AHEAD
    if K.FUTURE in asked.kinds and not looks_ahead:
        return refusals.outside("forecast")
    return _not_understood(asked)


def _not_understood(asked: Frame) -> Refuse | None:
    """A customer that is not there, or a word that means nothing."""
    missing = [name.text for name in asked.names if not name.matches] or asked.maybe_names
    if asked.leftover:
        return refusals.unknown([*asked.leftover, *missing])
    return refusals.no_customer(missing[0]) if missing else None


def _about_names(asked: Frame, context: Plan | None, vocabulary: Vocabulary, clock: Clock) -> Outcome:
    """One plan for the customer that is named; where two fit, one for each to choose from."""
    asked, named = _apart(asked)
    unclear = next((name for name in (*named, *asked.names) if len(name.matches) > 1), None)
    if named and (unclear is None or not unclear.negated):
        unclear = named[0] if len(named[0].matches) > 1 else None
    if unclear is not None and unclear.negated:
        return refusals.because(f"More than one customer is called “{unclear.text}”.")
    if unclear is None:
        customer = named[0].matches[0].profile_id if named else None
        return _planned(asked, context, vocabulary, clock, customer)
    return _which(asked, unclear, context, vocabulary, clock)


def _apart(asked: Frame) -> tuple[Frame, list[Asked]]:
    """The one customer that is named, or several to set side by side (`Frame.among`).

    Names that may mean one customer are one name: "Northwind (northwind.com)". Raises Turned.
    """
    named = [name for name in asked.names if not name.negated]
    if len(named) < 2:  # noqa: PLR2004 - one is none to choose from
        return asked, named
    ids = set.intersection(*({match.profile_id for match in name.matches} for name in named))
    if ids:
        matches = tuple(match for match in named[0].matches if match.profile_id in ids)
        return asked, [Asked(named[0].text, matches)]
    unclear = next((name for name in named if len(name.matches) > 1), None)
    if unclear is not None:
        raise Turned(refusals.because(f"More than one customer is called “{unclear.text}”."))
    among = tuple(dict.fromkeys(name.matches[0].profile_id for name in named))
    return replace(asked, among=among, atoms=asked.atoms or {"customer"}), []


def _which(
    asked: Frame, unclear: Asked, context: Plan | None, vocabulary: Vocabulary, clock: Clock
) -> Outcome:
    options = []
    for number, match in enumerate(unclear.matches[:_MOST_OPTIONS], 1):
        outcome = _planned(asked, context, vocabulary, clock, match.profile_id)
        if not isinstance(outcome, Understood):
            return outcome
        same = sum(other.name == match.name for other in unclear.matches) > 1
        if same:
            question = f"{asked.text.clean} ({match.domain or number})"
        else:
            question = asked.text.clean.replace(unclear.text, match.name)
        options.append(Choice(match.name, outcome.plan, match.domain, question))
    return Clarify(question=f"Which “{unclear.text}” do you mean?", options=tuple(options))


def _planned(
    asked: Frame, context: Plan | None, vocabulary: Vocabulary, clock: Clock, customer: str | None
) -> Outcome:
    mentions = {
        m.profile_id: m.name for name in asked.names for m in name.matches if m.profile_id == customer
    }
    if context is not None and customer is None and _may_be_of_one(asked, context):
        return _of_one_or_all(asked, context, vocabulary, clock)
    if context is not None and (_follows(asked) or _is_another_figure(asked, context)):
        plan, assumed = conversation.follow(asked, context, vocabulary, clock, customer)
    elif customer is None and not asked.has_subject and not asked.by and _only_narrows(asked):
        return _what_of(asked, vocabulary, clock)
    else:
        plan, assumed = compose(asked, vocabulary, clock, customer)
        accounting.check(asked, plan, clock)
    corrected = tuple(f"I read “{typed}” as “{word}”." for typed, word in asked.corrections)
    confidence = 1.0 - _PER_CORRECTION * len(corrected) - _PER_ASSUMPTION * len(assumed)
    return Understood(
        plan=plan, confidence=max(confidence, 0.0), assumptions=(*corrected, *assumed), mentions=mentions
    )


_OF_ALL = frozenset("our we us all total overall everyone whole".split())  # noqa: SIM905 - reads better


def _may_be_of_one(asked: Frame, context: Plan) -> bool:
    """Whether a bare figure after a customer's card, "mrr?", may be that customer's or everybody's."""
    reading = reading_of(asked) if context.customer is not None and not _follows(asked) else None
    if reading is None or not {reading.count, reading.amount} & OF_ONE_CUSTOMER:
        return False
    words = {token.word for token in asked.text.tokens}
    return _is_bare(asked) and not ("customer" in asked.atoms or words & _OF_ALL)


def _is_another_figure(asked: Frame, context: Plan) -> bool:
    """Whether it is only the name of a figure, "GRR?", right after another one of some time."""
    reading = reading_of(asked)
    short = len(asked.text.tokens) <= _NAME_OF_A_FIGURE and reading is not None
    said = context.measure is not None and context.period is not None and context.period.said is not None
    whole = not (context.filters or context.by or context.grain or context.customer)
    return short and said and whole and _is_bare(asked)


def _is_bare(asked: Frame) -> bool:
    """Whether a figure is named and nothing is said of when, of whom, or how."""
    narrowed = (
        asked.periods
        or asked.wanted
        or asked.by
        or asked.grain
        or asked.amounts
        or asked.names
        or asked.by_atoms
    )
    ranks = asked.superlative or asked.versus or asked.chart or asked.kinds & {K.SHARE, K.AVERAGE}
    return not (narrowed or ranks)


def _of_one_or_all(asked: Frame, context: Plan, vocabulary: Vocabulary, clock: Clock) -> Clarify:
    mine, _ = compose(asked, vocabulary, clock, context.customer)
    every, _ = compose(asked, vocabulary, clock, None)
    said = asked.text.clean.rstrip("?!. ")
    return Clarify(
        question=f"“{said}” of that customer, or of all?",
        options=(
            Choice("That customer", mine, question=f"their {said}"),
            Choice("All customers", every, question=f"our total {said}"),
        ),
    )


def _follows(asked: Frame) -> bool:
    """Whether it goes on from the question before: it says so, or has no subject of its own."""
    if asked.leads_on or {K.THEM, K.FOLLOW} & asked.kinds:
        return True
    if asked.by_atoms and not (asked.atoms or asked.by):
        return True  # "sort by MRR"
    return not asked.has_subject and not asked.names and not (asked.by and asked.superlative)


def _only_narrows(asked: Frame) -> bool:
    """Whether it says of whom, and not what."""
    return (
        bool(asked.wanted or asked.amounts)
        and not {K.LIST, K.COUNT, K.SHOW} & asked.kinds
        and not asked.superlative
    )


def _what_of(asked: Frame, vocabulary: Vocabulary, clock: Clock) -> Outcome:
    """ "Growth?" alone could be its MRR, how many customers it has, or who they are."""
    options = []
    for label, atom, kind in (("MRR", "mrr", K.AMOUNT), ("How many customers", "customer", K.COUNT),
                              ("Which customers", "customer", K.LIST)):  # fmt: skip
        asked.atoms, asked.kinds = {atom}, {kind}
        plan, _ = compose(asked, vocabulary, clock, None)
        if plan.entity is not None:
            plan = plan.model_copy(update={"order": Order(field="mrr")})
        options.append(Choice(label, plan, question=f"{label}: {asked.text.clean}"))
    return Clarify(
        question=f"What would you like to know about “{asked.text.clean}”?", options=tuple(options)
    )
