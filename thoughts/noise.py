"""What becomes of a thought for one subscription: posted, kept for the digest, or not told, and why.

Pure: the same thought, wants, mutes and history give the same verdict.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from thoughts.base import Stage, Thought
from thoughts.schedule import end_of_quiet
from thoughts.wants import Wants, When

WEEK = timedelta(days=7)
NOBODY = bytes(16)
"""Stands for no customer in a mute."""

EVERYTHING = ""
"""Stands for every kind in a mute: a snooze."""


class Fate(StrEnum):
    POST = "post"
    THREAD = "thread"
    DIGEST = "digest"
    HELD = "held"


class Why(StrEnum):
    """Why something is not posted, or not yet; people read it in "why so quiet"."""

    NONE = ""
    DIGEST = "digest"
    BUDGET = "budget"
    SNOOZED = "snoozed"
    KIND_MUTED = "kind muted"
    CUSTOMER_MUTED = "customer muted"
    LESS = "less like this"
    SMALL = "too small"
    WITHOUT_OPENING = "only follows"
    PARENT = "as what it follows"
    AMENDS = "only adds to it"


@dataclass(frozen=True, slots=True)
class Mutes:
    """What a subscription does not want now: until when (None: for good), by kind and customer."""

    until: Mapping[tuple[str, bytes], datetime | None] = field(default_factory=dict)

    def holds(self, kind: str, customer: bytes, now: datetime) -> bool:
        if (kind, customer) not in self.until:
            return False
        until = self.until[kind, customer]
        return until is None or until > now


@dataclass(frozen=True, slots=True)
class Before:
    """What has become of the matter for this subscription so far: the letter that opened it, or its fate."""

    letter: bytes | None = None
    state: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    fate: Fate
    why: Why = Why.NONE
    due_at: datetime | None = None


def judge(
    thought: Thought,
    wants: Wants,
    *,
    mutes: Mutes,
    customers: Sequence[bytes],
    before: Before | None,
    posted_this_week: int,
    now: datetime,
) -> Verdict | None:
    """None where the subscription does not want it at all. `customers`: the profile and records concerned.

    What follows goes where what it follows went, whatever its own kind is.
    """
    if before is None and not wants.hears(thought.kind):
        return None
    held = _muted(thought, mutes, customers, now)
    if held is not Why.NONE:
        return Verdict(Fate.HELD, held)
    if before is not None and thought.stage is not Stage.OPENS:
        return _as_before(thought, wants, before, now)
    if thought.stage in (Stage.AMENDS, Stage.CLOSES):
        return Verdict(Fate.HELD, Why.WITHOUT_OPENING)
    small = _too_small(thought, wants)
    if small is not Why.NONE:
        return Verdict(Fate.HELD, small)
    return _as_opening(thought, wants, posted_this_week, now)


def _as_opening(thought: Thought, wants: Wants, posted_this_week: int, now: datetime) -> Verdict:
    if thought.critical:
        return Verdict(Fate.POST, due_at=now)
    if wants.when is When.DIGEST:
        return Verdict(Fate.DIGEST, Why.DIGEST)
    if posted_this_week >= wants.budget:
        return Verdict(Fate.DIGEST, Why.BUDGET)
    return Verdict(Fate.POST, due_at=end_of_quiet(wants, now))


def _as_before(thought: Thought, wants: Wants, before: Before, now: datetime) -> Verdict:
    if before.letter is not None:
        return Verdict(Fate.THREAD, due_at=now if thought.critical else end_of_quiet(wants, now))
    if before.state == Fate.DIGEST:
        return Verdict(Fate.DIGEST, Why.PARENT)
    return Verdict(Fate.HELD, Why.PARENT)


def _muted(thought: Thought, mutes: Mutes, customers: Sequence[bytes], now: datetime) -> Why:
    if mutes.holds(EVERYTHING, NOBODY, now) and not thought.critical:
        return Why.SNOOZED
    if mutes.holds(thought.kind, NOBODY, now):
        return Why.KIND_MUTED
    if any(mutes.holds(EVERYTHING, customer, now) for customer in customers):
        return Why.CUSTOMER_MUTED
    return Why.NONE


def _too_small(thought: Thought, wants: Wants) -> Why:
    """Amounts in another currency than the one asked for are not compared: they pass."""
    worth, least = thought.worth, wants.over
    if least and worth and worth.currency == least.currency and worth.amount <= least.amount:
        return Why.SMALL
    raised = None if thought.critical else wants.raised.get(thought.kind)
    if raised is not None and (worth is None or worth.amount <= raised):
        return Why.LESS
    return Why.NONE
