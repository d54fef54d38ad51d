"""What goes when a source says that objects of its are gone, of whatever kind they are."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from storage import records
from storage.intake.rows import TARGETS
from storage.trust.deletion import forget_customers, remove_records
from storage.trust.people import forget_contacts


async def apply_departures(
    session: AsyncSession,
    departed: type[records.Record],
    account_id: int,
    source_id: int,
    deleted: Mapping[bytes, datetime],
    *,
    noticed_at: datetime,
) -> set[bytes]:
    """Forgets customers and people with all that names them; other objects lose their row.

    Returns the customers whose figures or profile may have changed.
    """
    if departed is records.Customer:
        return await forget_customers(session, account_id, source_id, deleted, noticed_at=noticed_at)
    if departed is records.Contact:
        return await forget_contacts(session, account_id, source_id, deleted, noticed_at=noticed_at)
    model = TARGETS[departed].model
    return await remove_records(session, model, account_id, source_id, list(deleted), noticed_at=noticed_at)
