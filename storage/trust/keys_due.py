"""Notes that something sealed was forgotten: within a day the key that sealed it is renewed."""

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from storage import models


async def renew_key_since(
    session: AsyncSession, account_id: int, source_id: int, noticed_at: datetime
) -> None:
    """Notes that something sealed was forgotten: within a day the source's data key is renewed."""
    source = models.Source
    await session.execute(
        update(source)
        .where(source.account_id == account_id, source.source_id == source_id, source.rekey_since.is_(None))
        .values(rekey_since=noticed_at)
    )


async def renew_account_key_since(session: AsyncSession, account_id: int, noticed_at: datetime) -> None:
    """The same for the account's own key, which seals Messages and conversations."""
    account = models.Account
    await session.execute(
        update(account)
        .where(account.account_id == account_id, account.rekey_since.is_(None))
        .values(rekey_since=noticed_at)
    )
