"""Figures with what is sealed in them opened: for one answer, in memory."""

import asyncio
import dataclasses
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import select

from storage import models
from storage.colleagues import colleagues
from storage.keys.source_keys import SourceKeys
from storage.keys.vault import Vault
from storage.metrics.catalog import Unit
from storage.metrics.figures import Breakdown, Figures, Number, SealedRef
from storage.metrics.plan import Plan
from storage.models.base import table_of
from storage.personal import live_keys
from storage.personal_document import (
    Document,
    PersonalContact,
    PersonalDeal,
    PersonalOwner,
    PersonalTicket,
    open_document,
)
from storage.session import Database

COLLEAGUES = frozenset({"owner", "assignee"})
"""The catalog's fields whose values are colleagues."""

UNNAMED = "(unnamed)"

_KINDS: dict[str, tuple[Any, type[Document]]] = {
    "contact": (models.Contact, PersonalContact),
    "owner": (models.Owner, PersonalOwner),
    "ticket": (models.Ticket, PersonalTicket),
    "deal": (models.Deal, PersonalDeal),
}


async def open_figures(db: Database, vault: Vault, account_id: int, plan: Plan, figures: Figures) -> Figures:
    """The figures with the text of each sealed cell, and names in place of the ids of colleagues that they
    are cut by; None for what is gone, or was never stored."""
    if isinstance(figures, Breakdown):
        places = [place for place, name in enumerate(plan.by) if name in COLLEAGUES]
        return await _named(db, vault, account_id, figures, places) if places else figures
    refs = set(_sealed_in(figures))
    if not refs:
        return figures
    opened = await _open(db, vault, account_id, refs)
    found: Figures = _with(figures, opened)
    return found


async def _named(
    db: Database, vault: Vault, account_id: int, figures: Breakdown, places: Sequence[int]
) -> Breakdown:
    """One person may stand under several ids, one of each source: what can be added up is."""
    names = {who.owner_id: who.name for who in await colleagues(db, vault, account_id)}
    groups: dict[tuple[str | None, ...], list[Number]] = defaultdict(list)
    for key, number in figures.groups:
        named = tuple(
            names.get(part, UNNAMED) if place in places and part else part for place, part in enumerate(key)
        )
        groups[named].append(number)
    merged = [(key, one) for key, numbers in groups.items() for one in _as_one(numbers)]
    return dataclasses.replace(figures, groups=tuple(merged))


def _as_one(numbers: Sequence[Number]) -> Sequence[Number]:
    first = numbers[0]
    if len(numbers) == 1 or first.unit not in (Unit.COUNT, Unit.MONEY):
        return numbers
    total: Counter[str] = Counter()
    for number in numbers:
        total.update({currency: int(value) for currency, value in number.values.items()})
    plain = [int(number.value) for number in numbers if number.value is not None]
    rows = sum(number.rows_counted or 0 for number in numbers)
    return [
        dataclasses.replace(first, value=sum(plain) if plain else None, values=dict(total), rows_counted=rows)
    ]


def _sealed_in(value: Any) -> Iterator[SealedRef]:
    if isinstance(value, SealedRef):
        yield value
    elif isinstance(value, tuple):
        for part in value:
            yield from _sealed_in(part)
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from _sealed_in(getattr(value, field.name))


def _with(value: Any, opened: Mapping[SealedRef, str | None]) -> Any:
    """The same value with texts in place of references, however deep."""
    if isinstance(value, SealedRef):
        return opened.get(value)
    if isinstance(value, tuple):
        return tuple(_with(part, opened) for part in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        changed = {f.name: _with(getattr(value, f.name), opened) for f in dataclasses.fields(value)}
        return dataclasses.replace(value, **changed)
    return value


async def _open(
    db: Database, vault: Vault, account_id: int, refs: Iterable[SealedRef]
) -> dict[SealedRef, str | None]:
    """One statement for each of the few tables that they stand in."""
    by_table: dict[str, list[SealedRef]] = defaultdict(list)
    for ref in refs:
        by_table[ref.table].append(ref)
    keys = await live_keys(db, vault, account_id)
    sealed: dict[tuple[str, int, bytes], bytes] = {}
    async with db.tenant(account_id, read_only=True) as session:
        for name, wanted in by_table.items():
            table = table_of(_KINDS[name][0])
            rows = await session.execute(
                select(table.c.source_id, table.c.id, table.c.sealed).where(
                    table.c.account_id == account_id,
                    table.c.source_id.in_({ref.source_id for ref in wanted}),
                    table.c.id.in_({ref.row_id for ref in wanted}),
                )
            )
            sealed |= {(name, row.source_id, bytes(row.id)): bytes(row.sealed) for row in rows}
    return await asyncio.to_thread(_opened, keys, sealed, refs)


def _opened(
    keys: Mapping[int, SourceKeys],
    sealed: Mapping[tuple[str, int, bytes], bytes],
    refs: Iterable[SealedRef],
) -> dict[SealedRef, str | None]:
    documents = {
        place: open_document(keys[place[1]], _KINDS[place[0]][1], place[2], value)
        for place, value in sealed.items()
        if value and place[1] in keys
    }
    return {
        ref: getattr(documents.get((ref.table, ref.source_id, ref.row_id)), ref.field, None) for ref in refs
    }
