"""The frame of a question: what it asks for, filters by, when, and how it wants it shown.

Whatever could not be placed is in `leftover`, so that nothing said is ever ignored.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.questions.amounts import AmountRange
from bot.questions.periods import Said
from bot.questions.text import Text
from bot.questions.words import K
from storage.metrics.plan import Grain
from storage.names import NameMatch


@dataclass(frozen=True, slots=True)
class Wanted:
    """A value that a field must have, or must not; said at token `at`."""

    field: str
    value: str
    negated: bool = False
    at: int = 0


@dataclass(frozen=True, slots=True)
class Asked:
    """A customer that a question names; `text` is what was typed."""

    text: str
    matches: tuple[NameMatch, ...]
    negated: bool = False


@dataclass(slots=True)
class Frame:
    """`by_count` is what is ranked by after "by": a count or an amount; `superlative_on` what "most" is of.

    `among` are the ids of customers that are set side by side; `spoken` the first words of each kind.
    """

    text: Text
    atoms: set[str] = field(default_factory=set)
    without: set[str] = field(default_factory=set)
    wanted: list[Wanted] = field(default_factory=list)
    amounts: list[AmountRange] = field(default_factory=list)
    counted: list[tuple[str, AmountRange]] = field(default_factory=list)
    regions: list[str] = field(default_factory=list)
    names: list[Asked] = field(default_factory=list)
    periods: list[Said] = field(default_factory=list)
    compared: list[Said] = field(default_factory=list)
    by: list[str] = field(default_factory=list)
    by_atoms: set[str] = field(default_factory=set)
    by_count: K | None = None
    grain: Grain | None = None
    chart: bool = False
    superlative: tuple[str, bool] | None = None
    superlative_on: frozenset[str] = frozenset()
    limit: int | None = None
    everything: bool = False
    versus: str | None = None
    change: bool = False
    kinds: set[K] = field(default_factory=set)
    absent: list[str] = field(default_factory=list)
    later: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    leads_on: bool = False
    corrections: list[tuple[str, str]] = field(default_factory=list)
    leftover: list[str] = field(default_factory=list)
    among: tuple[str, ...] = ()
    spoken: dict[K, str] = field(default_factory=dict)
    maybe_names: list[str] = field(default_factory=list)

    @property
    def period(self) -> Said | None:
        return self.periods[0] if self.periods else None

    @property
    def has_subject(self) -> bool:
        return bool(self.atoms or self.by_atoms)
