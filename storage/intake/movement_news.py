"""Which movements of MRR are news: those that came about since the source was first loaded, told once.

Records that are joined anew take their movements along under another profile: these are no news.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from storage import models
from storage.intake.bulk import among
from storage.intake.news import Change, observer_of, tell
from storage.intake.source_lock import HeldSource

_LOOKED_BACK = timedelta(days=31)


class Moved(NamedTuple):
    """The movements of some profiles before and after they were recomputed, by the columns `names` (the
    first is the profile's). `subscriptions`: what moved most, by profile, currency and moment."""

    names: Sequence[str]
    left: Sequence[tuple[Any, ...]]
    came: Sequence[tuple[Any, ...]]
    subscriptions: Mapping[tuple[bytes, str, Any], bytes]


async def tell_movements(session: AsyncSession, account_id: int, held: HeldSource, moved: Moved) -> None:
    """Tells whoever watches of the movements that are new or became others."""
    observer = observer_of(session)
    if observer is None or held.news_since is None or not moved.came:
        return
    since = max(held.news_since, observer.now() - _LOOKED_BACK)
    news = [change for change in _news(moved) if change.at >= since]
    if news:
        await tell(session, account_id, held, await _with_customers(session, account_id, news))


def _news(moved: Moved) -> list[Change]:
    before = {_place(row, moved.names): row for row in moved.left}
    elsewhere = {tuple(row[1:]) for row in moved.left}
    found = []
    for row in moved.came:
        if tuple(row[1:]) in elsewhere:
            continue
        values = dict(zip(moved.names, row, strict=True))
        subscription = moved.subscriptions.get((row[0], values["currency"], values["at"]))
        if subscription is None or values["source_id"] is None:
            continue
        old = before.get(_place(row, moved.names))
        found.append(
            Change(
                kind="movement",
                source_id=values["source_id"],
                id=subscription,
                at=values["at"],
                new=_watched(moved.names, row),
                old=None if old is None else _watched(moved.names, old),
                profile_id=row[0],
            )
        )
    return found


def _place(row: tuple[Any, ...], names: Sequence[str]) -> tuple[Any, ...]:
    return tuple(row[names.index(name)] for name in ("profile_id", "currency", "day"))


def _watched(names: Sequence[str], row: tuple[Any, ...]) -> dict[str, Any]:
    return dict(zip(names[1:], row[1:], strict=True))


async def _with_customers(session: AsyncSession, account_id: int, news: Sequence[Change]) -> list[Change]:
    """Each movement with the customer record of the subscription that it is of."""
    span = models.MrrSpan
    rows = await session.execute(
        select(span.subscription_id, span.customer_id)
        .where(span.account_id == account_id, among(session, span.subscription_id, {one.id for one in news}))
        .distinct()
    )
    customer_of = {row.subscription_id: row.customer_id for row in rows}
    return [msgspec.structs.replace(one, customer_id=customer_of.get(one.id)) for one in news]
