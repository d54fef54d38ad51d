"""What people type around and instead of plain words: greetings, asides, thanks, short forms, signs.

Read before a question is cut into tokens. Only what cannot say anything of a figure is dropped: "hey team,"
is a greeting, "hey team" without its comma may be about the Team plan.
"""

from __future__ import annotations

import re

_ALL = r"(?:all|team|everyone|everybody|folks|guys|there|friends|people|again|chewy|chewbotta|bot)"
_GREETING = r"(?:good (?:morning|afternoon|evening|day)|morning|afternoon|evening|gm|hi|hey|hello|heya|howdy)"
_TALK = r"(?:call|meeting|deck|report|update|sync|standup|stand-up|slides?|review|demo|talk|presentation|1:1)"
_WHOSE = r"(?:(?:the|my|our|a|an|next|todays?|tomorrows?) ){0,2}"
_OF_WHOM = r"(?:(?:board|investor|team|sales|leadership|staff|exec) )?"
_BEFORE_TALK = rf"(?:for|before|ahead of|prior to) {_WHOSE}{_OF_WHOM}{_TALK}"
_QUICK = (
    r"(?:a )?(?:quick|one|last|small|random|silly)"
    r" (?:one|q|question|thing|check|ask|more thing|more question|more)"
)
_MOMENT = r"(?:min|minute|moment|sec|second|chance)"
_PAUSE = r"\s*[,.!:;-]+\s*"

_AT_THE_START = re.compile(
    rf"^\s*(?:{_GREETING}(?: {_ALL})?|{_QUICK}(?: (?:from me|for you|please))?(?: {_BEFORE_TALK})?"
    rf"|{_BEFORE_TALK}|(?:just )?(?:out of curiosity|curious|checking in|fyi)"
    rf"|when(?:ever)? you (?:have|get|find) (?:a|some) {_MOMENT}"
    rf"|sorry to (?:bother|bug) you(?: again)?){_PAUSE}(?=\w)",
    re.I,
)
_AT_THE_END = re.compile(
    rf"(?:[\s,.!?;-]{{1,4}}(?:many thanks|thanks(?: (?:so much|a lot|a bunch|a million|in advance|all|team))?"
    r"|thank you(?: (?:so|very) much)?|cheers|much appreciated|no rush|no hurry|if (?:possible|you can)"
    r"|if you do not mind|if you don't mind|when you (?:can|have a (?:min|minute|moment|sec|second)))"
    rf"|,\s?{_BEFORE_TALK})(?=\s*[.!?)]*$)[\s.!]*",
    re.I,
)
_MOST_COURTESIES = 3

_MONEY = r"(?:usd|eur|gbp|cad|aud|jpy|brl|sek|dollars?|euros?|pounds?|bucks|quid|[$€£])"
_AMOUNT = r"[$€£]?\d{1,9}(?:[.,]\d{1,3})?k?"
_RATE = {"mo": "month", "mth": "month", "month": "month", "yr": "year", "year": "year", "annum": "year"}

_UNIT = r"(day|week|month|quarter|year)"
_THAN = r"(than|vs\.?|versus|compared (?:to|with))"

_SHORT = (
    (re.compile(r"\bw/c\b", re.I), "week commencing"),
    (re.compile(r"\bw/e\b", re.I), "week ending"),
    (re.compile(r"\b(?:a|one) fortnight (ago|back)\b", re.I), r"2 weeks \1"),
    (re.compile(r"\b(last|past|previous|next|coming) fortnight\b", re.I), r"\1 2 weeks"),
    (re.compile(rf"\b(this) {_UNIT} {_THAN} last(?=[\s?!.]*$)", re.I), r"\1 \2 \3 last \2"),
    (re.compile(r"\b(biggest|largest|highest|best|smallest|lowest) single\b", re.I), r"\1"),
    (re.compile(r"\bmths\b", re.I), "months"),
    (re.compile(r"\bmth\b", re.I), "month"),
    (re.compile(r"\baccs?\b", re.I), "accounts"),
    (re.compile(r"(?<=[\dk])\s+bucks\b", re.I), " dollars"),
    (re.compile(r"(?<=[\dk])\s+quid\b", re.I), " pounds"),
    (re.compile(r"\b(?:account|client) (owner|manager|executive)(s?)\b", re.I), r"owner\2"),
    (re.compile(r"(?<=[a-z])\s+\+\s+(?=[a-z])", re.I), " and "),
    (re.compile(r"\blist (?:'em|em)\b", re.I), "list them"),
    (re.compile(r"\bshow (?:me )?(?:'em|em)\b", re.I), "show them"),
    (re.compile(r"\bthis (?:morning|afternoon|evening)[\s?.!]*$", re.I), "today"),
)
_PER = re.compile(r"\s?/\s?(mo|mth|month|yr|year|annum)\b", re.I)
_FROM_TO = re.compile(
    rf"(?:\bbetween |\bfrom )?(?<![\w.,/-])({_AMOUNT})\s?(?:-|\bto\b)\s?({_AMOUNT})"
    rf"(?=\s?{_MONEY}(?![a-z])|\s+(?:per|a) (?:month|year)\b)",
    re.I,
)
_SYMBOLS_FROM_TO = re.compile(
    r"(?:\bbetween |\bfrom )?(?<![\w.,/-])([$€£]\d{1,9}k?)\s?(?:-|\bto\b)\s?([$€£]?\d{1,9}k?)(?![\w.,-])",
    re.I,
)


def plain(text: str) -> str:
    """The question without what is around it, its signs as words."""
    return written_out(without_courtesies(text))


def without_courtesies(text: str) -> str:
    """ "Hi all, quick one before the board call: MRR? Many thanks!" is "MRR?"."""
    for _ in range(_MOST_COURTESIES):
        text = _AT_THE_START.sub("", text, count=1)
    for _ in range(_MOST_COURTESIES):
        shorter = _AT_THE_END.sub("", text, count=1)
        text = shorter if shorter.strip() else text
    return text


def written_out(text: str) -> str:
    for pattern, words in _SHORT:
        text = pattern.sub(words, text)
    text = _PER.sub(lambda found: f" per {_RATE[found[1].casefold()]}", text)
    text = _SYMBOLS_FROM_TO.sub(r"between \1 and \2", text)
    return _FROM_TO.sub(r"between \1 and \2", text)
