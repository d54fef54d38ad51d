"""An account that exists in a file alone: its words and its customers' names, to ask questions about.

JSON with `now`, `time_zone`, `currency`, `plans`, `countries`, `currencies`, `sources` and `customers`, each
a name or [name, domain]; what else a vocabulary holds may be named as well.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from json import JSONDecodeError, loads
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from bot.questions.vocabulary import Vocabulary
from bot.scoring.bank import BadBank
from storage.names import Named, NameIndex, fold


@dataclass(frozen=True, slots=True)
class World:
    """The words of an account at a moment; `names` by customer id (hex)."""

    now: datetime
    vocabulary: Vocabulary
    names: dict[str, str]


def read(file: Path) -> World:
    """Raises BadBank where the file is no world."""
    try:
        return _world(loads(file.read_text(encoding="utf-8")))
    except (OSError, JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise BadBank(f"{file} is no world to ask about: {type(error).__name__}.") from error


def _world(told: dict[str, Any]) -> World:
    people = [_named(number, entry) for number, entry in enumerate(told["customers"])]
    own = {f.name for f in fields(Vocabulary)} - {"currency", "zone", "names"}
    words: dict[str, Any] = {name: tuple(map(_word, values)) for name, values in told.items() if name in own}
    vocabulary = Vocabulary(
        currency=told["currency"], zone=ZoneInfo(told["time_zone"]), names=NameIndex(people), **words
    )
    names = {person.profile_id.hex(): person.names[0] for person in people}
    names |= {hex_id: name for name, hex_id in (*vocabulary.owners, *vocabulary.assignees)}
    return World(datetime.fromisoformat(told["now"]), vocabulary, names)


def _word(value: str | list[str]) -> str | tuple[str, ...]:
    return value if isinstance(value, str) else tuple(value)


def _named(number: int, entry: str | list[str]) -> Named:
    name, domain = (entry, f"{fold(entry).replace(' ', '')}.com") if isinstance(entry, str) else entry
    return Named(number.to_bytes(16, "big"), (name,), (domain,), (f"billing@{domain}",))
