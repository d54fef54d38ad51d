"""What people type to subscribe, read into wants: "failed payments over $500 of annual customers in Germany,
quiet 22 to 7, mention owner".

What is left over once kinds and options are taken out is a filter on customers, and read by the same
interpreter as questions. What is not understood is said, never guessed.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from bot.questions.grammar import interpret
from bot.questions.outcome import Refuse, Understood
from bot.questions.rule_words import Read, is_rule, read_rule_words
from bot.questions.vocabulary import Vocabulary
from storage.errors import OperatorError
from storage.metrics.amounts import exponent
from thoughts.base import Money
from thoughts.matching import write_filter
from thoughts.registry import KINDS
from thoughts.rules import write_rule
from thoughts.wants import WEEKLY_BUDGET, Rhythm, Wants, When

_SIGNS = {"$": "usd", "€": "eur", "£": "gbp", "¥": "jpy"}
_AMOUNT = re.compile(
    r"^\s*(?:over|above|more than|from|at least|>)\s*([$€£¥])?\s*(\d[\d,.]*)\s*(k|m)?\s*([a-z]{3})?\b", re.I
)
_QUIET = re.compile(
    r",?\s*\b(?:quiet|silent)(?: hours)?(?: from)?\s+(\d{1,2})(?::00)?"
    r"\s*(?:to|-|until|–)\s*(\d{1,2})(?::00)?",
    re.I,
)
_DIGEST_ONLY = re.compile(
    r",?\s*\b(?:only )?(?:in|as) (?:a |the |my )?(daily|weekly|monthly)? ?digest\b", re.I
)
_DIGEST = re.compile(r",?\s*\b(?:with|and) (?:a |the )?(daily|weekly|monthly) digest\b", re.I)
_MENTION = re.compile(
    r",?\s*\b(?:and )?(?:mention|tag|ping|call)(?:ing)? (?:<@([UW]\w+)[^>]*>|@?(?:the )?(owner))s?", re.I
)
_BUDGET = re.compile(r",?\s*\b(?:at most|max(?:imum)?|up to) (\d{1,3}) (?:posts? )?(?:a|per) week", re.I)
_JOINS = re.compile(r"^[\s,;]*(?:and|or|plus|&)\b|^[\s,;&]+", re.I)
_FILLERS = re.compile(
    r"^[\s,;]*(?:only\b\s*)?(?:(?:of|for|from|by|about|where|whose|who are|on)\b\s*)?"
    r"(?:(?:the|any|all) )?(?:customers?\b)?\s*",
    re.I,
)
_EVERYTHING = re.compile(
    r"^\s*(?:everything|all(?: thoughts| alerts)?|the usual(?: thoughts)?|thoughts|alerts|news)\b", re.I
)
_HOURS = 24


class NotUnderstood(OperatorError):
    """What was typed is not all understood; the text says what, and what there is."""


@dataclass(frozen=True, slots=True)
class _Taken:
    """What one option took out of the words."""

    left: str
    found: re.Match[str] | None


@dataclass(frozen=True, slots=True)
class Wished:
    """What somebody wants to hear, and how the rule in it was read, if it is one."""

    wants: Wants
    read: Read | None


def read_wants(said: str, vocabulary: Vocabulary, now: datetime) -> Wants:
    """What somebody wants to hear; raises NotUnderstood."""
    return read_asked(said, vocabulary, now).wants


def read_asked(said: str, vocabulary: Vocabulary, now: datetime) -> Wished:
    """As `read_wants`, with what there is to say about a rule before it is saved."""
    words = " ".join(said.split())
    quiet = _take(words, _QUIET)
    only = _take(quiet.left, _DIGEST_ONLY)
    digest = _take(only.left, _DIGEST)
    mention = _take(digest.left, _MENTION)
    budget = _take(mention.left, _BUDGET)
    read = _rule(budget.left, vocabulary, now)
    rule = read.rule if read else None
    kinds, over, rest = ((rule.kind,), None, "") if rule else _kinds(budget.left, vocabulary.currency)
    filters, filter_words = _filter(rest, vocabulary, now)
    rhythm = (only.found and only.found[1]) or (digest.found and digest.found[1])
    wants = Wants(
        words=words,
        kinds=kinds,
        filter=filters,
        filter_words=filter_words,
        over=over,
        when=When.DIGEST if only.found else When.NOW,
        digest=Rhythm(rhythm.lower()) if rhythm else (Rhythm.DAILY if only.found else None),
        zone=str(vocabulary.zone),
        quiet=_quiet_hours(quiet.found),
        mention=_mention(mention.found),
        budget=int(budget.found[1]) if budget.found else WEEKLY_BUDGET,
        rule=write_rule(rule).decode() if rule else "",
    )
    return Wished(wants, read)


def _rule(words: str, vocabulary: Vocabulary, now: datetime) -> Read | None:
    """The rule that words ask for in people's own words; None where they name kinds of thoughts instead."""
    if not is_rule(words):
        return None
    read = read_rule_words(words, vocabulary, now)
    if isinstance(read, Read):
        return read
    if isinstance(read, Refuse):
        said = " ".join((read.reason, *(f"Try “{one}”." for one in read.suggestions[:1])))
        raise NotUnderstood(said)
    raise NotUnderstood(" ".join((read.question, *(f"“{choice.label}”?" for choice in read.options))))


def _take(words: str, pattern: re.Pattern[str]) -> _Taken:
    found = pattern.search(words)
    return _Taken(words if found is None else words[: found.start()] + words[found.end() :], found)


def _quiet_hours(found: re.Match[str] | None) -> tuple[int, int] | None:
    if found is None:
        return None
    begins, ends = int(found[1]) % _HOURS, int(found[2]) % _HOURS
    if max(int(found[1]), int(found[2])) > _HOURS or begins == ends:
        raise NotUnderstood("Quiet hours go from one hour of the day to another: quiet 22 to 7.")
    return begins, ends


def _mention(found: re.Match[str] | None) -> str:
    return "" if found is None else found[1] or "owner"


def _kinds(words: str, currency: str) -> tuple[tuple[str, ...], Money | None, str]:
    """The kinds that are named at the beginning, what must be at stake, and what comes after that."""
    kinds: list[str] = []
    over: Money | None = None
    left = words
    everything = _EVERYTHING.match(left)
    if everything:
        left = left[everything.end() :]
    while not everything and (found := _kind_at(left)):
        name, left = found
        kinds.append(name)
        over, left = _over(left, currency, over)
        joined = _JOINS.match(left)
        if not joined or _kind_at(left[joined.end() :]) is None:
            break
        left = left[joined.end() :]
    if not kinds and not everything:
        raise NotUnderstood(f"I do not know what “{words}” are. There are: {', '.join(known_words())}.")
    if everything:
        over, left = _over(left, currency, over)
    return tuple(dict.fromkeys(kinds)), over, left


def _kind_at(words: str) -> tuple[str, str] | None:
    """The kind that words begin with, and what comes after it; the longest name wins."""
    said = words.strip().lower()
    best = max(
        (
            (len(called), name)
            for name, kind in KINDS.items()
            for called in (*kind.words, name.replace("_", " "))
            if said == called or (said.startswith(called) and not said[len(called)].isalnum())
        ),
        default=None,
    )
    return None if best is None else (best[1], words.strip()[best[0] :])


def _over(words: str, currency: str, before: Money | None) -> tuple[Money | None, str]:
    found = _AMOUNT.match(words)
    if found is None:
        return before, words
    code = _SIGNS.get(found[1] or "") or (found[4] or "").lower() or currency
    factor = {"k": 1_000, "m": 1_000_000}.get((found[3] or "").lower(), 1)
    try:
        amount = Decimal(found[2].replace(",", "").rstrip(".")) * factor
        minor = int(amount.scaleb(exponent(code.upper())))
    except ArithmeticError:
        raise NotUnderstood(f"“{found[2]}” is no amount that I know.") from None
    return Money(minor, code), words[found.end() :]


def _filter(words: str, vocabulary: Vocabulary, now: datetime) -> tuple[str | None, str]:
    """The filter that is left over, as a plan's, and in the words in which it was typed."""
    rest = words.strip(" ,;.")
    if not rest:
        return None, ""
    about = _FILLERS.sub("", rest, count=1).strip()
    for question in (f"customers {rest}", f"customers {about}", f"{about} customers"):
        outcome = interpret(question, None, vocabulary, now)
        if isinstance(outcome, Understood) and _only_filters(outcome):
            assert outcome.plan.filters is not None  # noqa: S101 - `_only_filters` has looked
            return write_filter(outcome.plan.filters), rest
    raise NotUnderstood(
        f"I do not understand “{rest}” as a choice of customers. Try something like "
        "“of annual customers in Germany” or “with MRR over $500”."
    )


def _only_filters(outcome: Understood) -> bool:
    plan = outcome.plan
    return plan.entity == "customer" and plan.filters is not None and plan.period is None


def known_words() -> list[str]:
    """What can be subscribed to, in people's words."""
    return [kind.words[0] for kind in KINDS.values()]


def in_words(wants: Wants, money: Callable[[int, str], str], what: str = "the usual thoughts") -> str:
    """Wants read back: what was understood, in a line that can be typed again. `money` words an amount;
    `what` stands for the kinds where none are named, none at all where it is empty. A rule is its words."""
    if wants.rule:
        return wants.words
    named = [KINDS[kind].words[0] if kind in KINDS else kind for kind in wants.kinds]
    kinds = ", ".join(named)
    over = f"over {money(wants.over.amount, wants.over.currency)}" if wants.over else ""
    parts = [" ".join(part for part in (what and (kinds or what), over) if part)]
    if wants.filter_words:
        parts.append(f"only {wants.filter_words}")
    if wants.when is When.DIGEST:
        parts.append(f"in a {wants.digest or Rhythm.WEEKLY} digest")
    elif wants.digest:
        parts.append(f"with a {wants.digest} digest")
    if wants.quiet:
        parts.append(f"quiet from {wants.quiet[0]:02}:00 to {wants.quiet[1]:02}:00")
    if wants.mention:
        parts.append(f"mention {wants.mention if wants.mention == 'owner' else f'<@{wants.mention}>'}")
    if wants.budget != WEEKLY_BUDGET:
        parts.append(f"at most {wants.budget} a week")
    return ", ".join(part for part in parts if part)
