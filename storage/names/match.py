"""What goes into the index of names, and what comes out."""

from dataclasses import dataclass
from enum import StrEnum


class How(StrEnum):
    """Why a customer was found, best first."""

    EXACT = "exact"
    EMAIL = "email"
    DOMAIN = "domain"
    PREFIX = "prefix"
    WORDS = "words"
    INITIALS = "initials"
    TYPO = "typo"


@dataclass(frozen=True, slots=True)
class NameMatch:
    """A customer that fits: `profile_id` is hex, `score` 0 to 100; those within 5 of the best fit as well.

    `domain` tells customers of one name apart.
    """

    profile_id: str
    name: str
    score: float
    how: How
    domain: str | None = None


@dataclass(frozen=True, slots=True)
class Named:
    """What is known of one profile. The first name is the one to show."""

    profile_id: bytes
    names: tuple[str, ...]
    domains: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
