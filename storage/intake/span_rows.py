"""MRR spans as rows: those of some customers are replaced whole."""

from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage import models
from storage.intake.bulk import among, insert_all
from storage.intake.rows import Row
from storage.metrics.history import Span


async def replace_spans(
    session: AsyncSession,
    account_id: int,
    source_id: int,
    chunk: Sequence[bytes],
    spans: Mapping[bytes, Sequence[Span]],
    profile_of: Mapping[bytes, bytes],
) -> None:
    """Writes the spans of the customers in `chunk` anew; `spans` and `profile_of` are by customer."""
    await _delete_spans(session, account_id, source_id, chunk)
    key = {"account_id": account_id, "source_id": source_id}
    rows = [
        key | _span_row(customer_id, profile_of.get(customer_id, customer_id), span)
        for customer_id, of_customer in spans.items()
        for span in of_customer
    ]
    await insert_all(session, models.MrrSpan, rows)
    parts = [key | row for of_customer in spans.values() for span in of_customer for row in _part_rows(span)]
    await insert_all(session, models.MrrPart, parts)


async def _delete_spans(
    session: AsyncSession, account_id: int, source_id: int, chunk: Sequence[bytes]
) -> None:
    span, part = models.MrrSpan, models.MrrPart
    theirs = (
        span.account_id == account_id,
        span.source_id == source_id,
        among(session, span.customer_id, chunk),
    )
    await session.execute(
        delete(part).where(
            part.account_id == account_id,
            part.source_id == source_id,
            part.subscription_id.in_(select(span.subscription_id).where(*theirs)),
        )
    )
    await session.execute(delete(span).where(*theirs))


def _span_row(customer_id: bytes, profile_id: bytes, span: Span) -> Row:
    return {
        "subscription_id": span.subscription_id,
        "starts_at": span.starts_at,
        "ends_at": span.ends_at,
        "customer_id": customer_id,
        "profile_id": profile_id,
        "product_id": span.product_id,
        "interval": span.interval,
        "currency": span.currency,
        "mrr": span.mrr,
        "trial": span.trial,
    }


def _part_rows(span: Span) -> Iterator[Row]:
    for product_id, amount in span.parts:
        yield {
            "subscription_id": span.subscription_id,
            "starts_at": span.starts_at,
            "product_id": product_id,
            "mrr": amount,
        }
