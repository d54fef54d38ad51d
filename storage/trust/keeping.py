"""Keeps answers and thoughts that were sent as Messages: sealed, with the customers that they name."""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from storage.intake.bulk import insert_new
from storage.keys.source_keys import SourceKeys
from storage.keys.vault import Vault
from storage.models import Account, Message, MessageProfile
from storage.session import Database
from storage.trust.mentions import due_already, records_by_profile

_LONGEST_TEXT = 40_000


class Content(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was sent. `plan` is the plan as JSON, where the answer came from one."""

    text: str
    question: str = ""
    plan: str | None = None

    def __repr__(self) -> str:
        return "Content(...)"


class Post(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a Message stands on its platform: Slack's workspace, channel and time stamp.

    `team` is empty where a channel's id says it all.
    """

    channel: str
    ts: str
    team: str = ""


@dataclass(frozen=True, slots=True)
class Sent:
    """What was sent about these profiles at a time; kept under `as_id`."""

    kind: str
    platform: str
    content: Content
    posts: Sequence[Post]
    about: frozenset[bytes]
    at: datetime
    as_id: bytes = field(default_factory=lambda: secrets.token_bytes(16))


async def keep(
    db: Database,
    vault: Vault,
    account_id: int,
    *,
    kind: str,
    platform: str,
    content: Content,
    posts: Sequence[Post],
    about: Iterable[bytes],
    now: datetime,
    as_id: bytes | None = None,
) -> bytes | None:
    """Keeps what was sent about these profiles, under `as_id` where it has one already.

    Returns its id, or None where the account keeps none.
    """
    as_id = as_id or secrets.token_bytes(16)
    sent = Sent(kind, platform, content, posts, frozenset(about), now, as_id)
    return as_id if await keep_all(db, vault, account_id, [sent]) else None


async def keep_all(db: Database, vault: Vault, account_id: int, sent: Sequence[Sent]) -> bool:
    """As `keep`, for many in one transaction; False where the account keeps none."""
    keys = await vault.account_keys(account_id)
    async with db.tenant(account_id) as session:
        account = await session.get_one(Account, account_id)
        if account.message_days == 0:
            return False
        about = {profile for one in sent for profile in one.about}
        records = await records_by_profile(session, account_id, about)
        gone = await _due(session, account, set().union(*records.values()))
        rows, names = list[dict[str, Any]](), list[dict[str, Any]]()
        for one in sent:
            named = set[bytes]().union(*(records[profile] for profile in one.about))
            due = await _due(session, account, named) if gone else None  # seldom: somebody went just now
            rows.append(_row(keys, account_id, one, due))
            names += [] if due else _names(account_id, one.as_id, named)
        await session.execute(insert(Message), rows)
        if names:
            await insert_new(session, MessageProfile, names)
    return True


async def _due(session: AsyncSession, account: Account, named: set[bytes]) -> str | None:
    return await due_already(session, account.account_id, named, account.on_customer_deleted)


def _row(keys: SourceKeys, account_id: int, sent: Sent, due: str | None) -> dict[str, Any]:
    content = msgspec.structs.replace(sent.content, text=sent.content.text[:_LONGEST_TEXT])
    return {
        "account_id": account_id,
        "message_id": sent.as_id,
        "at": sent.at,
        "kind": sent.kind,
        "platform": sent.platform,
        "sealed": b"" if due else seal(keys, sent.as_id, "sealed", content),
        "places": seal(keys, sent.as_id, "places", tuple(sent.posts)) if sent.posts else None,
        "due": due,
    }


def _names(account_id: int, message_id: bytes, named: set[bytes]) -> list[dict[str, Any]]:
    return [{"account_id": account_id, "message_id": message_id, "profile_id": one} for one in sorted(named)]


def seal(keys: SourceKeys, message_id: bytes, column: str, value: object) -> bytes:
    return keys.seal(table="message", row_id=message_id, column=column, plaintext=msgspec.json.encode(value))
