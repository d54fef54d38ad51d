"""How far a sync has come, written in the transaction of the pages it speaks of."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from storage import models
from storage.keys.source_keys import SourceKeys
from storage.session import Database


class Place(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Where the walk through a window stands: what is left is [start, end) after `cursor`."""

    start: datetime | None = None
    end: datetime | None = None
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """A checkpoint: how far one window of a stream, or one feed, has come."""

    stream: str
    window: str
    place: Place
    done: bool = False


_place_decoder = msgspec.json.Decoder(Place)


async def save_marks(
    session: AsyncSession,
    keys: SourceKeys,
    marks: Sequence[Mark],
    now: datetime,
) -> None:
    """Writes checkpoints in the caller's transaction: they are true exactly when the pages are stored."""
    if not marks:
        return
    dialect: Any = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    rows = [
        {
            "account_id": keys.account_id,
            "source_id": keys.source_id,
            "stream": mark.stream,
            "window": mark.window,
            "cursor": keys.seal(
                table="checkpoint",
                row_id=mark_id(mark.stream, mark.window),
                column="cursor",
                plaintext=msgspec.json.encode(mark.place),
            ),
            "done": mark.done,
            "updated_at": now,
        }
        for mark in marks
    ]
    statement = dialect.insert(models.Checkpoint)
    changed = {name: statement.excluded[name] for name in ("cursor", "done", "updated_at")}
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["account_id", "source_id", "stream", "window"], set_=changed
        ),
        rows,
    )


def mark_id(stream: str, window: str) -> bytes:
    """What a cursor is sealed for, in place of a row's id."""
    return f"{stream}\n{window}".encode()


async def load_marks(db: Database, keys: SourceKeys) -> list[Mark]:
    """All checkpoints of the source."""
    async with db.tenant(keys.account_id, read_only=True) as session:
        found = await session.scalars(
            select(models.Checkpoint).where(models.Checkpoint.source_id == keys.source_id)
        )
        return [
            Mark(
                row.stream,
                row.window,
                _place_decoder.decode(
                    keys.open(
                        table="checkpoint",
                        row_id=mark_id(row.stream, row.window),
                        column="cursor",
                        sealed=row.cursor or b"",
                    )
                ),
                row.done,
            )
            for row in found
        ]


async def clear_marks(session: AsyncSession, account_id: int, source_id: int) -> None:
    """Forgets how far the source's sync has come: the next one reads everything."""
    await session.execute(
        delete(models.Checkpoint).where(
            models.Checkpoint.account_id == account_id, models.Checkpoint.source_id == source_id
        )
    )
