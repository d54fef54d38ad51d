"""What one account's questions may name: its plans, countries and currencies as they stand in the cache."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol
from zoneinfo import ZoneInfo

from storage.names import NameIndex, NameMatch


class Names(Protocol):
    """How customers are found; `storage.names.NameIndex` is the real one."""

    def lookup(self, text: str, limit: int = 8) -> list[NameMatch]: ...

    def spot(self, words: Sequence[str], ends: Sequence[str]) -> Iterator[tuple[int, int]]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """The words that are this account's own. Currencies and countries are those with customers in them.

    `plans` are names of plans as the source spells them; `currencies` lower-case ISO 4217; `countries`
    ISO 3166-1 alpha-2. `owners` of customers and deals, and `assignees` of conversations, are colleagues as
    (name, id in hex); `products` are those that are no plan. `tells_values`: a language model may be told
    the names of plans, products, stages and tags.
    """

    currency: str = "usd"
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    plans: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    currencies: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    products: tuple[str, ...] = ()
    owners: tuple[tuple[str, str], ...] = ()
    assignees: tuple[tuple[str, str], ...] = ()
    tags: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()
    tells_values: bool = False
    names: Names = field(default_factory=NameIndex)
