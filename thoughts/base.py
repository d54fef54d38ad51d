"""What thoughts are made of: frozen values that hold ids, amounts, dates and numbers, never a name.

A detector is a pure function from what changed, or from figures, to thoughts (`thoughts/detectors/`). Which
of them are posted, where and when, is decided elsewhere; names are opened only when a thought is worded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from storage.intake.news import Change

if TYPE_CHECKING:
    from thoughts.facts import About
    from thoughts.figures import Figures

# --- facts: what a thought says, each with its own type -----------------------------------------------------


class Money(Struct, frozen=True, tag="money", gc=False):
    """`amount` in minor units of `currency`, a lower-case ISO 4217 code."""

    amount: int
    currency: str


class Count(Struct, frozen=True, tag="count", gc=False):
    """A number of something: `noun` names one of it, `nouns` several."""

    value: int
    noun: str = ""
    nouns: str = ""


class Ratio(Struct, frozen=True, tag="ratio", gc=False):
    """0.034 is 3.4%."""

    value: float


class Moment(Struct, frozen=True, tag="moment", gc=False):
    """An aware datetime; said in the account's time zone."""

    at: datetime


class Day(Struct, frozen=True, tag="day", gc=False):
    """A day of the account's time zone."""

    on: date


class Customer(Struct, frozen=True, tag="customer", gc=False):
    """A profile, to be named when it is said."""

    profile_id: bytes


class Product(Struct, frozen=True, tag="product", gc=False):
    """A plan of the account, by the id of its product, to be named when it is said."""

    source_id: int
    product_id: bytes


class Source(Struct, frozen=True, tag="source", gc=False):
    """A connected source, to be named by its label."""

    source_id: int


class Term(Struct, frozen=True, tag="term", gc=False):
    """A word of ours or a vendor's code (`card_declined`): never what a person wrote."""

    word: str


Fact = Money | Count | Ratio | Moment | Day | Customer | Product | Source | Term
Sentence = tuple[Fact | str, ...]
"""Plain words, and facts that whoever renders it formats and names; joined without anything between."""


class Words(Struct, frozen=True):
    """What a thought says: one line of news, and why it is worth a look now (may be empty)."""

    news: Sentence
    why: Sentence = ()


class Stage(StrEnum):
    """Where a thought stands in its matter. `CONTINUES` and `CLOSES` belong under the one that opened it;
    `AMENDS` only fills in what the last one said and is nothing by itself."""

    OPENS = "opens"
    AMENDS = "amends"
    CONTINUES = "continues"
    CLOSES = "closes"


class Thought(Struct, frozen=True, kw_only=True, gc=False):
    """Something worth a person's attention.

    `matter` is what it is about, the same for all later news of it (an invoice, a trial); `occurrence` is
    which of its news this is: the same kind, matter and occurrence is the same thought, however often it is
    seen. `worth` is the money at stake, for filters and for what goes first. `critical` ones pass a budget.
    """

    kind: str
    matter: str
    occurrence: str
    at: datetime
    facts: dict[str, Fact]
    customer: bytes | None = None
    source_id: int | None = None
    worth: Money | None = None
    critical: bool = False
    stage: Stage = Stage.OPENS

    @property
    def key(self) -> str:
        """What tells it from every other thought of the account, for deciding it once."""
        return f"{self.kind}|{self.matter}|{self.occurrence}"


def encode(thought: Thought) -> bytes:
    """A thought as JSON, to be kept."""
    return msgspec.json.encode(thought)


def decode(kept: bytes) -> Thought:
    """What `encode` gave; raises msgspec.ValidationError for anything else."""
    return msgspec.json.decode(kept, type=Thought)


def matter(kind: str, source_id: int, record_id: bytes) -> str:
    """The matter that is one record of a source: `invoice:3:9f..`."""
    return f"{kind}:{source_id}:{record_id.hex()}"


# --- what there is to subscribe to --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A sort of thought that can be subscribed to, muted and listed.

    `words` are what people call it ("failed payments"), the first is its title. `meaning` is one line;
    `step` is the next step that it offers. `usual`: on without being asked for.
    """

    name: str
    words: tuple[str, ...]
    meaning: str
    step: str
    usual: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class OnChange:
    """A detector of changes. `concerns` is cheap and asked of every change of the `watches` kinds; `detect`
    of those that concern it, with the facts of their customers."""

    kinds: tuple[Kind, ...]
    watches: frozenset[str]
    concerns: Callable[[Change], bool]
    detect: Callable[[Change, About], Iterable[Thought]]
    say: Callable[[Thought], Words]


class Every(StrEnum):
    HOUR = "hour"
    DAY = "day"


@dataclass(frozen=True, slots=True, kw_only=True)
class OnSchedule:
    """A detector that looks at an account's figures every so often; the same figures, the same thoughts."""

    kinds: tuple[Kind, ...]
    every: Every
    detect: Callable[[Figures], Iterable[Thought]]
    say: Callable[[Thought], Words]


Detector = OnChange | OnSchedule
