"""What a password must be: long, hard to guess, nobody's favourite, and nothing that others know of you.

No rules about which signs it has (NIST SP 800-63B, 5.1.1.2). The list of common passwords and the estimate of
guesses are zxcvbn's, bundled with it: nothing is asked over the network.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from zxcvbn import zxcvbn
from zxcvbn.frequency_lists import FREQUENCY_LISTS

SHORTEST, LONGEST = 12, 128
GOOD_ENOUGH = 3
"""Of zxcvbn's scores 0 to 4: some 10^8 guesses and more."""

_LOOKED_AT = 64
"""Estimating takes time that grows with the square of the length; nobody guesses beyond this."""

_FEWEST_LETTERS = 4
_DECORATION = "0123456789!?.,;:-_+*#@$%&/()= "


@dataclass(frozen=True, slots=True)
class Strength:
    """`score` is 0 to 4; `problem` what must be changed, None where it will do."""

    score: int
    problem: str | None


def strength(password: str, about: Iterable[str] = ()) -> Strength:
    """How good a password is, given what others know of its owner: address, name, company."""
    known = [word for text in about for word in _words(text)]
    score = int(zxcvbn(password[:_LOOKED_AT], user_inputs=known)["score"]) if password else 0
    problem = _problem(password, known, score)
    return Strength(min(score, GOOD_ENOUGH - 1) if problem else score, problem)


def _problem(password: str, known: Iterable[str], score: int) -> str | None:
    if len(password) < SHORTEST:
        return f"Use at least {SHORTEST} characters: a few words that do not belong together are fine."
    if len(password) > LONGEST:
        return f"Use at most {LONGEST} characters."
    folded = password.casefold()
    if folded in _common() or folded.strip(_DECORATION) in _common():
        return "This password is on the lists of common ones. Choose another."
    bare = folded.strip(_DECORATION)
    if any(bare in (word, word * 2) for word in known):
        return "Do not use your address, name or company as your password."
    if score < GOOD_ENOUGH:
        return "This is easy to guess. Add another word or two."
    return None


def _words(text: str) -> list[str]:
    folded = text.casefold().strip()
    parts = folded.replace("@", " ").replace(".", " ").replace("-", " ").split()
    return [word for word in (folded, folded.replace(" ", ""), *parts) if len(word) >= _FEWEST_LETTERS]


@cache
def _common() -> frozenset[str]:
    return frozenset(FREQUENCY_LISTS["passwords"])
