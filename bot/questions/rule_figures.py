"""The frame of a rule about a figure: "MRR drops more than 3% in a day", "we get over 9 signups in a day"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.questions.vocabulary import Vocabulary
from storage.metrics.amounts import Amount, AmountError, parse_amount
from thoughts.base import Money
from thoughts.rules import Level, Moves

_IN = (
    r"(?: ?,? ?(?:with)?(?:in|over|on|per) (?:a|one|any|the same|a single) (?P<grain>day|week|month)"
    r"| a (?P<bare>day|week|month))?"
)
_MUCH = r"(?P<much>[^\s%]+(?: (?:k|m|million|thousand|[a-z]{3}|euros?|dollars?|pounds?))?\s?%?|\S+ percent)"
_MORE = r"(?:by )?(?:more than |over |at least |by )?"
_DOWN = "drops?|falls?|decreases?|goes down|go down|declines?|shrinks?"
_UP = "rises?|grows?|increases?|jumps?|goes up|go up|climbs?"
_OVER = (
    "exceeds?|(?:is|are|goe?s?|gets?|rises?|climbs?|grows?) "
    "(?:over|above|more than|higher than|greater than)|passes|reach(?:es)?|hits?"
)
_UNDER = "(?:is|are|goe?s?|gets?|drops?|falls?|sinks?) (?:under|below|less than|lower than)"
_THERE = r"(?:there (?:are|is)|we (?:get|have|see|lose))"


def _frame(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern + _IN, re.IGNORECASE)


_FRAMES = (
    (_frame(rf"(?P<words>.+?) (?:{_OVER}) {_MUCH}"), "over"),
    (_frame(rf"(?P<words>.+?) (?:{_UNDER}) {_MUCH}"), "under"),
    (_frame(rf"(?P<words>.+?) (?:{_DOWN}) {_MORE}{_MUCH}"), "down"),
    (_frame(rf"(?P<words>.+?) (?:{_UP}) {_MORE}{_MUCH}"), "up"),
    (_frame(rf"{_THERE} (?:more than|over) (?P<much>\S+) (?P<words>.+?)"), "over"),
    (_frame(rf"{_THERE} (?:less than|fewer than|under) (?P<much>\S+) (?P<words>.+?)"), "under"),
)
_HOW_FAR = re.compile(rf".+? (?:{_DOWN}|{_UP}){_IN}", re.IGNORECASE)


def lacks_amount(clause: str) -> bool:
    """Whether a clause says that something moves, and not how far."""
    return _HOW_FAR.fullmatch(clause) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """What a clause says of a figure, before anybody knows which: `way` is over, under, up or down.

    `share` is of 3% 0.03; `stated` says that the amount names its currency.
    """

    words: str
    way: str
    grain: str
    share: float | None = None
    number: float | None = None
    money: Money | None = None
    stated: bool = False

    @property
    def moves(self) -> bool:
        return self.way in ("up", "down")

    def trigger(self, currency: str | None, *, is_ratio: bool) -> Moves | Level | None:
        """The trigger of a figure in this currency (None: it is no money); None where they do not fit."""
        if self.moves and self.share is not None:
            return Moves(up=self.way == "up", grain=self.grain, share=self.share)
        value = self.share if is_ratio else self._amount(currency)
        if value is None or (self.share is not None) != is_ratio:
            return None
        if self.moves:
            return None if is_ratio else Moves(up=self.way == "up", grain=self.grain, amount=int(value))
        return Level(over=self.way == "over", value=value, grain=self.grain)

    def _amount(self, currency: str | None) -> float | None:
        if currency is None:
            return self.number
        return float(self.money.amount) if self.money else None


def read_figure(clause: str, vocabulary: Vocabulary) -> Figure | None:
    """What a clause says of a figure; None where it says nothing of one."""
    for frame, way in _FRAMES:
        said = frame.fullmatch(clause)
        if said is not None:
            read = _read(said, way, vocabulary)
            if read is not None:
                return read
    return None


def _read(said: re.Match[str], way: str, vocabulary: Vocabulary) -> Figure | None:
    grain = (said["grain"] or said["bare"] or "day").lower()
    much = said["much"].lower().replace(" percent", "%").replace(" %", "%")
    words = re.sub(r"^(?:our|the) ", "", said["words"], flags=re.IGNORECASE)
    if much.endswith("%"):
        try:
            return Figure(words=words, way=way, grain=grain, share=float(much[:-1]) / 100)
        except ValueError:
            return None
    amount = _amount(much, vocabulary)
    if amount is None:
        return None
    return Figure(
        words=words,
        way=way,
        grain=grain,
        number=_number(much),
        money=Money(amount.minor, amount.currency),
        stated=amount.stated,
    )


def _amount(much: str, vocabulary: Vocabulary) -> Amount | None:
    try:
        return parse_amount(much, vocabulary.currency)
    except AmountError:
        return None


def _number(much: str) -> float | None:
    """A count has no currency: "10", "1,000"."""
    plain = much.replace(",", "")
    return float(plain) if re.fullmatch(r"\d{1,12}", plain) else None
