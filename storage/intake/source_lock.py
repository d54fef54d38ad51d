"""Who writes a source's rows holds the source's own row until the commit.

So its removal waits for writers under way, and every later writer sees it before writing anything.
"""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.models import Source, SourceState


class SourceGone(RuntimeError):
    """The source is paused or being removed: it takes no rows, and running work on it must stop."""


async def hold_source(
    session: AsyncSession, account_id: int, source_id: int, *, alone: bool = False
) -> tuple[str, ...]:
    """Returns the fields of the source that are switched off; raises SourceGone.

    `alone` keeps other writers out as well: for who will change the source's row itself.
    """
    row = (
        select(Source.state, Source.switched_off)
        .where(Source.account_id == account_id, Source.source_id == source_id)
        .with_for_update(read=not alone, key_share=alone)
    )
    found = (await session.execute(row)).one_or_none()
    if found is None or found.state != SourceState.ACTIVE:
        raise SourceGone(f"source {source_id} is paused or being removed")
    return tuple(found.switched_off)
