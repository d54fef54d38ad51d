"""What is held on a person who signs in, or was invited to, by e-mail address: shown and exported.

Erasing does not take them: who signs in is removed by those who run the account, and leaves then as a whole.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Table, select

from storage import models
from storage.keys.source_keys import SourceKeys
from storage.keys.vault import Vault
from storage.members.identity import Identity
from storage.models.base import table_of
from storage.normalise import Field, normalise
from storage.session import Database
from storage.trust.plain_rows import Plain, as_plain, shown_columns


@dataclass(frozen=True, slots=True)
class HeldMember:
    """`member` is None for somebody who was only invited. `rows` are by table: browsers, links that were
    mailed. Passwords, seeds, codes and tokens are not among them: nobody reads those again."""

    member: Plain | None
    rows: Mapping[str, Sequence[Plain]]

    def __repr__(self) -> str:
        return "HeldMember(...)"

    def facts(self) -> Iterator[str]:
        """One line for each field, and one for each table of rows."""
        of_member = dict(self.member or {})
        about = of_member.pop("personal", None)
        known = msgspec.json.decode(about) if about is not None else {}
        for name, value in {**known, **of_member}.items():
            if value not in (None, ""):
                yield f"{name}: {value}"
        for table, rows in self.rows.items():
            yield f"{table}: {len(rows)} rows"

    def as_json(self) -> Plain:
        return {"member": self.member, **self.rows}


async def member_at(db: Database, vault: Vault, account_id: int, address: str) -> HeldMember | None:
    """The member of the account with this address, or whoever was invited at it."""
    identity, keys = await Identity.of(vault), await vault.account_keys(account_id)
    member, session, link = (table_of(of) for of in (models.Member, models.WebSession, models.MailLink))
    mine = member.c.email_key == identity.email_key(address)
    found = await _rows(db, keys, member, mine)
    member_id = bytes.fromhex(found[0]["member_id"]) if found else None
    rows = {
        "web_session": await _rows(db, keys, session, session.c.member_id == member_id),
        "mail_link": [
            row
            for row in await _rows(db, keys, link, link.c.account_id == account_id)
            if _is_about(row, address) or (found and row["member_id"] == found[0]["member_id"])
        ],
    }
    rows = {name: some for name, some in rows.items() if some}
    return HeldMember(found[0] if found else None, rows) if found or rows else None


def _is_about(link: Plain, address: str) -> bool:
    return normalise(Field.EMAIL, link["address"] or "") == address


async def _rows(db: Database, keys: SourceKeys, table: Table, where: Any) -> list[Plain]:
    """Rows of the account, without their tokens' hashes."""
    token = [table.c.token_hash] if "token_hash" in table.c else []
    wanted = select(*shown_columns(table), *token).where(table.c.account_id == keys.account_id, where)
    async with db.tenant(keys.account_id, read_only=True) as session:
        connection = await session.connection()
        found = await connection.execute(wanted.order_by(table.c.created_at))
        rows = [as_plain(table, row, keys) for row in found.mappings()]
    for row in rows:
        row.pop("token_hash", None)
    return rows
