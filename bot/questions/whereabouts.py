"""Questions of where customers are: "where are our customers located" is how many there are by country."""

from __future__ import annotations

from bot.questions.frame import Frame
from bot.questions.words import K
from storage.metrics.plan import Plan

_LOCATED = frozenset(
    {"located", "based", "live", "living", "reside", "residing", "headquartered", "situated"}
)
_PLACED = frozenset({"country", "region"})
_OF_MANY = frozenset({"customer", "paying", "active", "existing", "subscription", "trial", "new", "churned"})


def is_asked(frame: Frame) -> bool:
    """Whether the countries of many customers are asked for, and no country was named."""
    words = [token.word for token in frame.text.tokens]
    if "where" not in words or frame.by or frame.grain or frame.names or frame.versus:
        return False
    if not (_speaks_of_many(frame) and frame.atoms <= _OF_MANY) or frame.regions:
        return False
    if any(want.field in _PLACED for want in frame.wanted):
        return False
    after = words[words.index("where") + 1 :]
    return bool(_LOCATED & set(after)) or ("are" in after[:4] and _ends_with_them(frame))


def is_missing(frame: Frame, plan: Plan) -> bool:
    """Whether a place is asked for that the plan does not tell: "where do customers sit"."""
    words = {token.word for token in frame.text.tokens}
    if "where" not in words or plan.by or plan.customer:
        return False
    if _LOCATED & words:
        return True
    places = any(want.field in _PLACED for want in frame.wanted)
    counted = plan.measure is not None and _speaks_of_many(frame) and not _counts(frame)
    return counted and "we" not in words and not places


def _speaks_of_many(frame: Frame) -> bool:
    return any(token.lemma in _NOUNS for token in frame.text.tokens)


def _counts(frame: Frame) -> bool:
    return K.COUNT in frame.kinds or any(token.lemma in ("count", "number") for token in frame.text.tokens)


def _ends_with_them(frame: Frame) -> bool:
    last = frame.text.tokens[-1]
    return last.word != last.lemma and last.lemma in _NOUNS


_NOUNS = frozenset({"customer", "client", "account", "user", "subscriber", "company", "trial"})
