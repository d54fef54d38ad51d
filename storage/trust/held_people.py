"""What is held on a person who is a contact at customers, by e-mail address: shown, exported, erased.

A contact is a person; the customers that they are at are not, and stay.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import select

from storage import models
from storage.keys.source_keys import SourceKeys
from storage.models.base import table_of
from storage.normalise import Field
from storage.session import Database
from storage.trust.plain_rows import Plain, as_plain, shown_columns


@dataclass(frozen=True, slots=True)
class HeldContact:
    """One contact. `rows` are by table: the customers they are at, the tickets they opened."""

    source_id: int
    record_id: bytes
    contact: Plain
    rows: Mapping[str, Sequence[Plain]]

    def __repr__(self) -> str:
        return f"HeldContact(source_id={self.source_id})"

    def facts(self) -> Iterator[str]:
        """One line for each field, and one for each table of rows."""
        about = self.contact.get("personal")
        known = msgspec.json.decode(about) if about is not None else {}
        for name, value in {**known, "created_at": self.contact["created_at"]}.items():
            yield f"{name}: {value}"
        for table, rows in self.rows.items():
            yield f"{table}: {len(rows)} rows"

    def as_json(self) -> Plain:
        return {"source_id": self.source_id, "contact": self.contact, **self.rows}


async def contacts_at(
    db: Database, account_id: int, keys: Mapping[int, SourceKeys], address: str
) -> list[HeldContact]:
    """The contacts with this address, in every source."""
    found = []
    async with db.tenant(account_id, read_only=True) as session:
        connection = await session.connection()
        for source_id, of_source in keys.items():
            table = table_of(models.Contact)
            rows = await connection.execute(
                select(*shown_columns(table)).where(
                    table.c.account_id == account_id,
                    table.c.source_id == source_id,
                    table.c.email_key.in_(of_source.blind_all(Field.EMAIL, address)),
                )
            )
            found += [(of_source, dict(row)) for row in rows.mappings()]
        return [await _held(connection, of_source, row) for of_source, row in found]


async def _held(connection: Any, keys: SourceKeys, row: Mapping[str, Any]) -> HeldContact:
    by_table: dict[str, list[Plain]] = {}
    for model in (models.ContactCustomer, models.Ticket):
        table = table_of(model)
        rows = await connection.execute(
            select(*shown_columns(table)).where(
                table.c.account_id == keys.account_id,
                table.c.source_id == keys.source_id,
                table.c.contact_id == row["id"],
            )
        )
        by_table[table.name] = [as_plain(table, one, keys) for one in rows.mappings()]
    return HeldContact(
        source_id=keys.source_id,
        record_id=bytes(row["id"]),
        contact=as_plain(table_of(models.Contact), row, keys),
        rows={name: rows for name, rows in by_table.items() if rows},
    )
