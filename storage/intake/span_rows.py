"""MRR spans as rows: of some customers' subscriptions, those that are not as they should be are replaced."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import tzinfo
from operator import attrgetter
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage import models
from storage.intake.bulk import among, insert_all
from storage.intake.rows import Row
from storage.intake.tallies import tally_mrr
from storage.metrics.history import Span
from storage.metrics.tally import Worth, mrr_by_day

_SPAN = (
    "subscription_id", "starts_at", "ends_at", "customer_id", "profile_id",
    "product_id", "interval", "currency", "mrr", "trial",
)  # fmt: skip
_PART = ("subscription_id", "starts_at", "product_id", "mrr")
_values = attrgetter(*(name for name in _SPAN if name not in {"customer_id", "profile_id"}))


async def replace_spans(
    session: AsyncSession,
    account_id: int,
    source_id: int,
    chunk: Sequence[bytes],
    spans: Mapping[bytes, Sequence[Span]],
    profile_of: Mapping[bytes, bytes],
    zone: tzinfo,
) -> None:
    """Makes the spans of the customers in `chunk` what they should be, and writes only what is not so yet.

    `spans` and `profile_of` are by customer; `zone` is the account's, whose days MRR is summed up by.
    """
    span, part = models.MrrSpan, models.MrrPart
    of_source = {"account_id": account_id, "source_id": source_id}
    before = await _rows(session, span, _SPAN, of_source, among(session, span.customer_id, chunk))
    known = {row[0] for row in before}
    parts_before = await _rows(session, part, _PART, of_source, among(session, part.subscription_id, known))
    after = {
        _span_row(customer_id, profile_of.get(customer_id, customer_id), one)
        for customer_id, of_customer in spans.items()
        for one in of_customer
    }
    parts_after = {
        (one.subscription_id, one.starts_at, product_id, amount)
        for of_customer in spans.values()
        for one in of_customer
        for product_id, amount in one.parts
    }
    changed = {row[0] for row in (before ^ after) | (parts_before ^ parts_after)}
    for model, names, rows in ((part, _PART, parts_after), (span, _SPAN, after)):
        await _replace(session, model, names, of_source, changed, rows)
    sums = await asyncio.to_thread(mrr_by_day, _worth(before - after), _worth(after - before), zone)
    await tally_mrr(session, account_id, source_id, sums)


def _worth(rows: Iterable[tuple[Any, ...]]) -> list[Worth]:
    """Of rows as in `_SPAN`, those that MRR is the sum of."""
    return [
        Worth(starts_at, ends_at, product_id, interval, currency, mrr)
        for _, starts_at, ends_at, _, _, product_id, interval, currency, mrr, trial in rows
        if mrr > 0 and not trial
    ]


async def _rows(
    session: AsyncSession, model: Any, names: Sequence[str], of_source: Mapping[str, int], where: Any
) -> set[tuple[Any, ...]]:
    columns = [getattr(model, name) for name in names]
    return {tuple(row) for row in await session.execute(select(*columns).filter_by(**of_source).where(where))}


async def _replace(
    session: AsyncSession,
    model: Any,
    names: Sequence[str],
    of_source: Mapping[str, int],
    subscriptions: set[bytes],
    rows: Iterable[tuple[Any, ...]],
) -> None:
    """Writes the rows of these subscriptions anew."""
    if not subscriptions:
        return
    theirs = among(session, model.subscription_id, subscriptions)
    await session.execute(
        delete(model).filter_by(**of_source).where(theirs).execution_options(synchronize_session=False)
    )
    fresh: list[Row] = [
        dict(zip(names, row, strict=True), **of_source) for row in rows if row[0] in subscriptions
    ]
    await insert_all(session, model, fresh)


def _span_row(customer_id: bytes, profile_id: bytes, span: Span) -> tuple[Any, ...]:
    """The columns of `_SPAN`."""
    subscription_id, starts_at, ends_at, *rest = _values(span)
    return subscription_id, starts_at, ends_at, customer_id, profile_id, *rest
