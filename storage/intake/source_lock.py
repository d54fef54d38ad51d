"""Who writes a source's rows holds the source's own row until the commit.

So its removal waits for writers under way, and every later writer sees it before writing anything.
"""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.models import Source, SourceState


class SourceGone(RuntimeError):
    """The source is paused or being removed: it takes no rows, and running work on it must stop."""


class HeldSource(NamedTuple):
    """What a writer needs to know of the source: its kind, the fields that are switched off, from when on
    what happens is news (None: it was never loaded yet), and the end of its last complete sync."""

    kind: str
    switched_off: tuple[str, ...]
    news_since: datetime | None = None
    synced_at: datetime | None = None


async def hold_source(
    session: AsyncSession, account_id: int, source_id: int, *, alone: bool = False
) -> HeldSource:
    """Holds the source's row until the commit; raises SourceGone.

    `alone` keeps other writers out as well: for who will change the source's row itself.
    """
    row = (
        select(Source.state, Source.kind, Source.switched_off, Source.news_since, Source.synced_at)
        .where(Source.account_id == account_id, Source.source_id == source_id)
        .with_for_update(read=not alone, key_share=alone)
    )
    found = (await session.execute(row)).one_or_none()
    if found is None or found.state != SourceState.ACTIVE:
        raise SourceGone(f"source {source_id} is paused or being removed")
    return HeldSource(found.kind, tuple(found.switched_off), found.news_since, found.synced_at)
