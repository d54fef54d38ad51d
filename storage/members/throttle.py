"""How often something may be tried, counted in the database: it holds over restarts and for all processes.

A try is counted before it is made, so that tries at the same moment cannot slip through together.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import case, delete
from sqlalchemy.dialects import postgresql, sqlite

from storage.members.identity import Identity
from storage.models import Throttle
from storage.models.base import table_of
from storage.session import Database


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` tries within `window`, counted from the first."""

    name: str
    most: int
    window: timedelta


PASSWORDS = Limit("password", 10, timedelta(minutes=15))
"""Wrong passwords of one address, typed anywhere."""
SIGN_INS_FROM = Limit("sign_ins_from", 60, timedelta(minutes=15))
"""Sign-ins from one network address."""
CODES = Limit("code", 5, timedelta(minutes=10))
"""Codes of one member: second factor or recovery."""
MAILS_TO = Limit("mails_to", 5, timedelta(hours=1))
"""Mails that strangers can have sent to one address."""
MAILS_FROM = Limit("mails_from", 20, timedelta(hours=1))
"""Mails that one network address can have sent."""
LINKS_FROM = Limit("links_from", 60, timedelta(minutes=15))
"""One-time links tried from one network address."""
NONCES = Limit("nonce", 1, timedelta(hours=1))
"""Each nonce of a sign-in with Google counts once."""


async def take(db: Database, identity: Identity, limit: Limit, value: str, now: datetime) -> bool:
    """Counts a try; whether it may be made."""
    table = table_of(Throttle)
    dialect: Any = postgresql if db.is_postgres else sqlite
    row = {"key": identity.key(limit.name, value), "count": 1, "expires_at": now + limit.window}
    insert = dialect.insert(table)
    is_over = table.c.expires_at <= now
    counted = insert.on_conflict_do_update(
        index_elements=["key"],
        set_={
            "count": case((is_over, 1), else_=table.c.count + 1),
            "expires_at": case((is_over, insert.excluded.expires_at), else_=table.c.expires_at),
        },
    ).returning(table.c.count)
    async with db.system() as session:
        count = (await (await session.connection()).execute(counted, [row])).scalar_one()
    return int(count) <= limit.most


async def forgive(db: Database, identity: Identity, limit: Limit, value: str) -> None:
    """Forgets the tries: the right one was among them."""
    table = table_of(Throttle)
    async with db.system() as session:
        await (await session.connection()).execute(
            delete(table).where(table.c.key == identity.key(limit.name, value))
        )
