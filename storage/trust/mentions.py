"""What else speaks of a customer: conversations, received webhooks, Messages.

All of it goes with the customer, but for Messages of an account that chose to keep them.
"""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from storage.intake.bulk import among
from storage.models import (
    Account,
    Conversation,
    Customer,
    KeptButton,
    Message,
    MessageProfile,
    Mute,
    Outgoing,
    Source,
    SourceState,
    ThoughtProfile,
    Tombstone,
    WebhookEvent,
)
from storage.trust.told import forget_mutes, forget_thoughts

KEEP, REDACT, DELETE = "keep", "redact", "delete"
ON_CUSTOMER_DELETED = (KEEP, REDACT, DELETE)


async def forget_mentions(
    session: AsyncSession,
    account_id: int,
    source_id: int,
    customer_ids: Sequence[bytes],
    *,
    asked: Sequence[bytes] = (),
) -> None:
    """In the transaction that deletes these customers; some of them `asked` to be erased."""
    await forget_conversations(session, account_id)
    webhook = WebhookEvent
    await session.execute(
        update(webhook)
        .where(
            webhook.account_id == account_id,
            webhook.source_id == source_id,
            among(session, webhook.customer_id, customer_ids),
        )
        .values(sealed=b"", customer_id=None)
    )
    if asked:
        on_request = among(session, MessageProfile.profile_id, asked)
        await empty_messages(session, account_id, on_request, on_request=True)
    await empty_messages(session, account_id, among(session, MessageProfile.profile_id, customer_ids))
    await forget_thoughts(session, account_id, among(session, ThoughtProfile.profile_id, customer_ids))
    await forget_mutes(session, account_id, among(session, Mute.profile_id, customer_ids))


async def forget_conversations(session: AsyncSession, account_id: int) -> None:
    """Contexts are sealed: which of them names whom cannot be told, so all that may name anyone go.

    So do long buttons; messages that still wait for their platform are emptied, and say so when they arrive.
    """
    for model in (Conversation, KeptButton):
        await session.execute(delete(model).where(model.account_id == account_id, model.personal.is_(True)))
    await session.execute(
        update(Outgoing)
        .where(Outgoing.account_id == account_id, Outgoing.personal.is_(True))
        .values(sealed=b"")
    )


async def empty_messages(
    session: AsyncSession, account_id: int, names_them: ColumnElement[bool], *, on_request: bool = False
) -> None:
    """Empties Messages by the account's choice; what stands on a platform waits as `due`.

    Who asked to be erased is not kept in a Message, whatever the account chose for other deletions.
    """
    choice = await session.scalar(select(Account.on_customer_deleted).where(Account.account_id == account_id))
    if choice not in (REDACT, DELETE):
        if not on_request:
            return
        choice = REDACT
    naming = select(MessageProfile.message_id).where(MessageProfile.account_id == account_id, names_them)
    await session.execute(
        update(Message)
        .where(Message.account_id == account_id, Message.message_id.in_(naming), Message.due.is_(None))
        .values(sealed=b"", due=choice)
    )
    await session.execute(delete(MessageProfile).where(MessageProfile.account_id == account_id, names_them))


async def records_by_profile(
    session: AsyncSession, account_id: int, profiles: set[bytes]
) -> dict[bytes, set[bytes]]:
    """Of each profile its own id and those of its records: one that is joined anew gets another id."""
    records = {profile: {profile} for profile in profiles}
    if not profiles:
        return records
    found = await session.execute(
        select(Customer.profile_id, Customer.id).where(
            Customer.account_id == account_id, among(session, Customer.profile_id, profiles)
        )
    )
    for profile, record in found:
        if profile is not None:
            records[profile].add(record)
    return records


async def due_already(session: AsyncSession, account_id: int, records: set[bytes], choice: str) -> str | None:
    """What is due to a Message that is only now kept: one of its customers may have gone meanwhile.

    Who deletes holds the source's row alone, so holding it here waits for deletions under way: later ones
    find the Message.
    """
    if not records:
        return None
    of = select(Customer.source_id).where(
        Customer.account_id == account_id, among(session, Customer.id, records)
    )
    sources = select(Source.state).where(Source.account_id == account_id, Source.source_id.in_(of))
    held = await session.scalars(sources.order_by(Source.source_id).with_for_update(read=True))
    removed = SourceState.REMOVING in set(held)
    buried = await session.scalars(
        select(Tombstone.deleted_at).where(
            Tombstone.account_id == account_id, among(session, Tombstone.customer_id, records)
        )
    )
    deletions = list(buried)
    if choice in (REDACT, DELETE):
        return choice if removed or deletions else None
    return REDACT if None in deletions else None
