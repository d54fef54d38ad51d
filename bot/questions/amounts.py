"""Comparisons with amounts: "over $1k", "between 100 and 200 a month", "at least 500 eur", "€50 or more"."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil, floor

from bot.questions.spans import Span
from bot.questions.words import K
from storage.metrics.amounts import AmountError, parse_amount
from storage.metrics.plan import Condition, Op

_OPS = {
    "over": Op.OVER,
    "at_least": Op.AT_LEAST,
    "under": Op.UNDER,
    "at_most": Op.AT_MOST,
    "is": Op.IS,
}
_AFTER = {"or_more": Op.AT_LEAST, "or_less": Op.AT_MOST}
_OPPOSITE = {Op.OVER: Op.AT_MOST, Op.AT_LEAST: Op.UNDER, Op.UNDER: Op.AT_LEAST, Op.AT_MOST: Op.OVER}
_MONTHS_A_YEAR = 12


@dataclass(slots=True)
class AmountRange:
    """One comparison as typed: `numbers` are texts ("$1k"), two of them for a range."""

    op: Op
    numbers: list[str]
    currency: str | None = None
    rate: str | None = None


@dataclass(slots=True)
class PendingAmount:
    """Collects comparators, numbers, currencies and rates as they come by."""

    ranges: list[AmountRange] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)
    touched: bool = False
    yearly: bool = False
    _op: Op | None = None
    _said: str = ""
    _range: list[str] | None = None
    _before: str | None = None

    @property
    def expects(self) -> bool:
        """Whether a number would complete something."""
        return self._op is not None or self._range is not None

    @property
    def rate(self) -> str | None:
        return self.ranges[-1].rate if self.ranges else None

    @rate.setter
    def rate(self, unit: str) -> None:
        if self.ranges:
            self.ranges[-1].rate = unit

    @property
    def _rate(self) -> str | None:
        return "year" if self.yearly else None

    @property
    def leftover(self) -> list[str]:
        """What was said of amounts and led to no comparison."""
        dangling = [self._said] if self._op not in (None, Op.IS) else []
        return [*self.unused, *dangling, *(self._range or [])]

    def compare(self, op: str, said: str) -> None:
        if op in _AFTER:
            if self.unused:
                self.ranges.append(AmountRange(_AFTER[op], [self.unused.pop()], self._before))
            else:
                self.unused.append(said)
            return
        self._op, self._said = _OPS[op], said

    def between(self) -> None:
        self._range = []

    def joined(self) -> None:
        """An "and" inside a range goes on with it."""

    def number(self, raw: str, *, negated: bool) -> None:
        self.touched = True
        if self._range is not None:
            self._range.append(raw)
            if len(self._range) == 2:  # noqa: PLR2004 - a range has two ends
                self.ranges.append(AmountRange(Op.WITHIN, self._range, self._before, self._rate))
                self._range = None
        elif self._op is not None:
            op = _OPPOSITE.get(self._op, self._op) if negated else self._op
            self.ranges.append(AmountRange(op, [raw], self._before, self._rate))
            self._op = None
        else:
            self.unused.append(raw)
        self._before = None

    def takes_currency(self, currency: str, following: Span | None) -> bool:
        """Whether a currency belongs to a number beside it ("500 eur", "over usd 500")."""
        if self.ranges and self.touched and self.ranges[-1].currency is None and not self.expects:
            self.ranges[-1].currency = currency
            self.touched = False
            return True
        if following is not None and following.kind is K.NUMBER and self.expects:
            self._before = currency
            return True
        return False


def condition(amount: AmountRange, name: str, own_currency: str) -> tuple[Condition, bool]:
    """The comparison as a condition in minor units, and whether its currency was said. Raises AmountError.

    MRR is monthly: "over $12k a year" is over $1,000 of MRR.
    """
    parsed = [parse_amount(number, amount.currency or own_currency) for number in amount.numbers]
    stated = next((p.currency for p in parsed if p.stated), amount.currency)
    currency = stated or own_currency
    if any(p.stated and p.currency != currency for p in parsed):
        raise AmountError("a range is in one currency")
    minor = [parse_amount(number, currency).minor for number in amount.numbers]
    if amount.rate == "year" and name == "mrr":
        return _monthly(amount.op, minor, currency), stated is not None
    value = (min(minor), max(minor)) if amount.op is Op.WITHIN else minor[0]
    return Condition(field=name, op=amount.op, value=value, currency=currency), stated is not None


def counted(amount: AmountRange, field: str) -> Condition:
    """ "more than 3 tickets" as a condition on a count. Raises AmountError where it is no whole number."""
    if amount.currency or amount.rate or not all(number.isdigit() for number in amount.numbers):
        raise AmountError("things are counted in whole numbers")
    numbers = [int(number) for number in amount.numbers]
    value = (min(numbers), max(numbers)) if amount.op is Op.WITHIN else numbers[0]
    return Condition(field=field, op=amount.op, value=value)


def _monthly(op: Op, yearly: list[int], currency: str) -> Condition:
    if op is Op.WITHIN:
        bounds = (ceil(min(yearly) / _MONTHS_A_YEAR), floor(max(yearly) / _MONTHS_A_YEAR))
        return Condition(field="mrr", op=op, value=bounds, currency=currency)
    exact = yearly[0] / _MONTHS_A_YEAR
    value = ceil(exact) if op in (Op.AT_LEAST, Op.UNDER) else floor(exact)
    return Condition(field="mrr", op=op, value=value, currency=currency)
