"""Messages: answers and thoughts that were sent, kept sealed for as long as the account wants.

A Message knows which customers it names. When one of them is deleted at its source, the account's choice
says what happens: "keep"; "redact": the text goes, here and where it was posted; "delete": the Message and
its posts go. Our own copy is emptied in the transaction of the deletion (`mentions.py`); the posts follow.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

import msgspec
from sqlalchemy import delete, func, select, update

from storage.errors import OperatorError
from storage.intake.bulk import among
from storage.keys.source_keys import SourceKeys
from storage.keys.vault import Vault
from storage.models import Account, Message, MessageProfile
from storage.session import Database
from storage.trust.keeping import Content, Post, keep, seal
from storage.trust.keys_due import renew_account_key_since
from storage.trust.mentions import DELETE, ON_CUSTOMER_DELETED

__all__ = [
    "Content", "Listed", "NoMessageError", "Platforms", "Post", "Posts", "PostsUnavailable", "Settled",
    "add_posts", "choose", "delete_messages", "keep", "list_messages", "read_id", "settle",
]  # fmt: skip

MOST_DAYS = 3650
_SETTLED_AT_ONCE = 200


class NoMessageError(OperatorError):
    """The account has no such Message, or the setting is none that there is."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A Message as people see it in a list. `content` is None once a customer's deletion has emptied it."""

    message_id: bytes
    at: datetime
    kind: str
    platform: str
    posts: int
    content: Content | None


class Posts(Protocol):
    """The posts of one platform. Both say False for what cannot be reached any more, and raise
    PostsUnavailable where it is worth trying later."""

    async def redact(self, post: Post) -> bool: ...

    async def delete(self, post: Post) -> bool: ...


class PostsUnavailable(Exception):
    """The platform does not answer now."""


Platforms = Mapping[str, Posts]
"""The posts of each platform that this installation talks on, by a Message's `platform`."""


_contents = msgspec.json.Decoder(Content)
_posts = msgspec.json.Decoder(tuple[Post, ...])


async def add_posts(
    db: Database, vault: Vault, account_id: int, message_id: bytes, posts: Sequence[Post]
) -> None:
    """Notes where a Message that was sent later now stands; one that is not kept stands nowhere for us."""
    keys = await vault.account_keys(account_id)
    async with db.tenant(account_id) as session:
        wanted = select(Message).where(Message.account_id == account_id, Message.message_id == message_id)
        row = await session.scalar(wanted.with_for_update())
        if row is not None:
            row.places = seal(keys, message_id, "places", (*_places(keys, row), *posts))


async def list_messages(
    db: Database, vault: Vault, account_id: int, *, limit: int | None = None, naming: Iterable[bytes] = ()
) -> list[Listed]:
    """The newest first; with `naming`, those that name one of these profiles or records."""
    keys = await vault.account_keys(account_id)
    wanted = select(Message).where(Message.due.is_distinct_from(DELETE)).order_by(Message.at.desc())
    if named := list(naming):
        wanted = wanted.where(
            Message.message_id.in_(
                select(MessageProfile.message_id).where(
                    MessageProfile.account_id == account_id, MessageProfile.profile_id.in_(named)
                )
            )
        )
    async with db.tenant(account_id, read_only=True) as session:
        rows = (await session.scalars(wanted.limit(limit))).all()
    return [
        Listed(row.message_id, row.at, row.kind, row.platform, len(_places(keys, row)), _content(keys, row))
        for row in rows
    ]


def _content(keys: SourceKeys, row: Message) -> Content | None:
    if not row.sealed:
        return None
    opened = keys.open(table="message", row_id=row.message_id, column="sealed", sealed=row.sealed)
    return _contents.decode(opened)


def _places(keys: SourceKeys, row: Message) -> tuple[Post, ...]:
    if row.places is None:
        return ()
    opened = keys.open(table="message", row_id=row.message_id, column="places", sealed=row.places)
    return _posts.decode(opened)


def read_id(text: str) -> bytes:
    """A Message's id from its hexadecimal form; raises NoMessageError."""
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise NoMessageError("There is no such Message: `chewbotta messages list` shows them.") from None


async def delete_messages(
    db: Database, account_id: int, message_ids: Sequence[bytes], *, posts_too: bool = False
) -> None:
    """Deletes these, all or none: unreadable from the commit on, and in old copies within a day.

    With `posts_too`, their posts follow.

    Raises NoMessageError where one is not there.
    """
    async with db.tenant(account_id) as session:
        these = (Message.account_id == account_id, among(session, Message.message_id, message_ids))
        known = await session.scalar(select(func.count()).select_from(Message).where(*these))
        if known != len(set(message_ids)):
            raise NoMessageError("There is no such Message: `chewbotta messages list` shows them.")
        if posts_too:
            posted = update(Message).where(*these, Message.places.is_not(None))
            await session.execute(posted.values(sealed=b"", due=DELETE))
        unposted = [Message.places.is_(None)] if posts_too else []
        await session.execute(delete(Message).where(*these, *unposted))
        await renew_account_key_since(session, account_id, datetime.now(UTC))


async def choose(
    db: Database, account_id: int, *, days: int | None = None, on_customer_deleted: str | None = None
) -> tuple[int, str]:
    """Sets how long Messages are kept and what a customer's deletion does to them.

    Returns both as they are now; raises NoMessageError for what cannot be chosen.
    """
    if days is not None and not 0 <= days <= MOST_DAYS:
        raise NoMessageError(f"Messages are kept for 0 to {MOST_DAYS} days.")
    if on_customer_deleted is not None and on_customer_deleted not in ON_CUSTOMER_DELETED:
        raise NoMessageError(f"A deleted customer's Messages are: {', '.join(ON_CUSTOMER_DELETED)}.")
    async with db.tenant(account_id) as session:
        account = await session.get_one(Account, account_id)
        if days is not None:
            account.message_days = days
        if on_customer_deleted is not None:
            account.on_customer_deleted = on_customer_deleted
        if days == 0:
            await session.execute(delete(Message).where(Message.account_id == account_id))
        return account.message_days, account.on_customer_deleted


@dataclass(slots=True)
class Settled:
    """What became of the posts of Messages that a deletion emptied. `waiting` are tried again."""

    redacted: int = 0
    deleted: int = 0
    unreachable: int = 0
    waiting: int = 0


async def settle(db: Database, vault: Vault, account_id: int, posts: Platforms | None) -> Settled:
    """Edits or deletes the posts that wait for it, a few hundred Messages at a time.

    Messages of a platform that is not among `posts` wait. Killed in between, a post is edited twice at most.
    """
    done = Settled()
    keys = await vault.account_keys(account_id)
    async with db.tenant(account_id, read_only=True) as session:
        waiting = select(Message).where(Message.due.is_not(None)).order_by(Message.at)
        rows = (await session.scalars(waiting.limit(_SETTLED_AT_ONCE))).all()
    finished = [
        row
        for row in rows
        if await _settle_one(_places(keys, row), row.due, (posts or {}).get(row.platform), done)
    ]
    for due in ON_CUSTOMER_DELETED:
        ids = [row.message_id for row in finished if row.due == due]
        if ids:
            await _finish(db, account_id, due, ids)
    return done


async def _settle_one(places: Sequence[Post], due: str | None, posts: Posts | None, done: Settled) -> bool:
    """Whether all of a Message's posts are done with."""
    for post in places:
        if posts is None:
            done.waiting += 1
            return False
        try:
            reached = await (posts.delete(post) if due == DELETE else posts.redact(post))
        except PostsUnavailable:
            done.waiting += 1
            return False
        if not reached:
            done.unreachable += 1
        elif due == DELETE:
            done.deleted += 1
        else:
            done.redacted += 1
    return True


async def _finish(db: Database, account_id: int, due: str, ids: Sequence[bytes]) -> None:
    async with db.tenant(account_id) as session:
        these = (Message.account_id == account_id, among(session, Message.message_id, ids))
        if due == DELETE:
            await session.execute(delete(Message).where(*these))
        else:
            await session.execute(update(Message).where(*these).values(due=None, places=None))
