"""What a conversation was about, sealed and short-lived; and which chat events were taken up already."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from storage.keys.source_keys import SourceKeys
from storage.keys.vault import Vault
from storage.models import Conversation, SeenEvent
from storage.session import Database, kept

KEPT = timedelta(hours=24)

_CONTEXTS = kept(
    select(Conversation.key, Conversation.sealed).where(
        Conversation.key.in_(bindparam("ids", expanding=True)), Conversation.expires_at > bindparam("now")
    )
)


@dataclass(frozen=True, slots=True)
class Said:
    """What a conversation is about from now on. What is `personal` may name a customer."""

    key: str
    content: bytes = field(repr=False)
    personal: bool = True


def _dialect(db: Database) -> Any:
    return postgresql if db.is_postgres else sqlite


async def load_context(db: Database, vault: Vault, account_id: int, key: str, now: datetime) -> bytes | None:
    """What `save_context` kept under `key`, unless it has expired."""
    return (await load_contexts(db, vault, account_id, [key], now)).get(key)


async def load_contexts(
    db: Database, vault: Vault, account_id: int, talks: Sequence[str], now: datetime
) -> dict[str, bytes]:
    """What is kept under these keys and has not expired."""
    keys = await vault.account_keys(account_id)
    of = {keys.record_id("conversation", talk): talk for talk in talks}
    async with db.tenant(account_id, read_only=True) as session:
        found = (await session.execute(_CONTEXTS, {"ids": list(of), "now": now})).all()
    return {
        of[row_id]: keys.open(table="conversation", row_id=row_id, column="sealed", sealed=sealed)
        for row_id, sealed in found
    }


async def save_context(
    db: Database,
    vault: Vault,
    account_id: int,
    key: str,
    content: bytes,
    now: datetime,
    *,
    personal: bool = True,
) -> None:
    """Keeps `content` for 24 hours; what has expired in this account goes at the same time.

    What is `personal` may name a customer, and goes with the next one that is deleted.
    """
    await save_contexts(db, vault, account_id, [Said(key, content, personal=personal)], now)


async def save_contexts(
    db: Database, vault: Vault, account_id: int, latest: Sequence[Said], now: datetime
) -> None:
    """As `save_context`, for many in one transaction; of one talk the last counts."""
    keys = await vault.account_keys(account_id)
    rows = {one.key: _row(keys, account_id, one, now + KEPT) for one in latest}
    async with db.tenant(account_id) as session:
        await session.execute(delete(Conversation).where(Conversation.expires_at <= now))
        statement = _dialect(db).insert(Conversation)
        changed = {name: statement.excluded[name] for name in ("sealed", "personal", "expires_at")}
        await session.execute(
            statement.on_conflict_do_update(index_elements=["account_id", "key"], set_=changed),
            list(rows.values()),
        )


def _row(keys: SourceKeys, account_id: int, said: Said, expires_at: datetime) -> dict[str, Any]:
    row_id = keys.record_id("conversation", said.key)
    return {
        "account_id": account_id,
        "key": row_id,
        "sealed": keys.seal(table="conversation", row_id=row_id, column="sealed", plaintext=said.content),
        "personal": said.personal,
        "expires_at": expires_at,
    }


async def forget_context(db: Database, vault: Vault, account_id: int, key: str) -> None:
    keys = await vault.account_keys(account_id)
    async with db.tenant(account_id) as session:
        await session.execute(
            delete(Conversation).where(Conversation.key == keys.record_id("conversation", key))
        )


async def first_time(
    db: Database, account_id: int, key: str, now: datetime, *, again_after: timedelta = KEPT
) -> bool:
    """Whether a chat event comes for the first time; several processes may ask at once, one is told yes.

    What was seen `again_after` ago or longer counts as new: a button may be pressed again.
    """
    return bool(await first_times(db, account_id, [key], now, again_after=again_after))


async def first_times(
    db: Database, account_id: int, event_keys: Sequence[str], now: datetime, *, again_after: timedelta = KEPT
) -> set[str]:
    """Those of these chat events that come for the first time."""
    short = {key[:120]: key for key in event_keys}
    rows = [{"account_id": account_id, "key": key, "seen_at": now} for key in short]
    async with db.tenant(account_id) as session:
        await session.execute(delete(SeenEvent).where(SeenEvent.seen_at <= now - KEPT))
        statement = _dialect(db).insert(SeenEvent)
        new = statement.on_conflict_do_update(
            index_elements=["account_id", "key"],
            set_={"seen_at": statement.excluded.seen_at},
            where=SeenEvent.seen_at <= now - again_after,
        ).returning(SeenEvent.key)
        return {short[key] for key in await session.scalars(new, rows)}
