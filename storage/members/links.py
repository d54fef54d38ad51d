"""Links that are mailed and work once: `account.token`, of which only a hash is stored."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import delete, select

from storage.doer import Doer
from storage.keys.vault import Vault
from storage.members.identity import new_token, token_hash
from storage.members.members import Role, note
from storage.members.sessions import split_cookie
from storage.models import Account, MailLink
from storage.session import Database
from storage.trust import audit
from storage.trust.audit import Action, Fact, Kind, Subject


class Purpose(StrEnum):
    """What a link is for."""

    PASSWORD = "password"  # noqa: S105 - a purpose
    ADDRESS = "address"
    INVITATION = "invitation"


LASTS = {
    Purpose.PASSWORD: timedelta(hours=1),
    Purpose.ADDRESS: timedelta(hours=1),
    Purpose.INVITATION: timedelta(days=7),
}


@dataclass(frozen=True, slots=True)
class Link:
    """A link that was opened and has not been used. `email` is the address that it is about."""

    account_id: int
    account_name: str
    token_hash: bytes
    purpose: Purpose
    member_id: bytes | None
    email: str | None
    role: Role | None
    created_at: datetime

    def __repr__(self) -> str:
        return f"Link({self.purpose})"


async def make(
    db: Database, vault: Vault, account_id: int, purpose: Purpose, *, now: datetime,
    member_id: bytes | None = None, email: str | None = None, role: Role | None = None,
) -> str:  # fmt: skip
    """A new link's secret part. What the member had of the same purpose stops working."""
    token = new_token()
    hashed = token_hash(token)
    sealed = None
    if email is not None:
        keys = await vault.account_keys(account_id)
        sealed = keys.seal(table="mail_link", row_id=hashed, column="sealed", plaintext=email.encode())
    async with db.tenant(account_id) as session:
        if member_id is not None:
            await session.execute(
                delete(MailLink).where(MailLink.member_id == member_id, MailLink.purpose == purpose)
            )
        session.add(
            MailLink(
                account_id=account_id, token_hash=hashed, purpose=purpose, member_id=member_id,
                sealed=sealed, role=role, created_at=now, expires_at=now + LASTS[purpose],
            )
        )  # fmt: skip
    return f"{account_id}.{token}"


async def look(db: Database, vault: Vault, secret: str, purpose: Purpose, now: datetime) -> Link | None:
    """What a link stands for; None where it is none, was used, or is too old."""
    parts = split_cookie(secret)
    if parts is None:
        return None
    wanted = (
        select(MailLink, Account.name)
        .join(Account, Account.account_id == MailLink.account_id)
        .where(
            MailLink.token_hash == token_hash(parts[1]),
            MailLink.purpose == purpose,
            MailLink.expires_at > now,
            Account.deleting.is_(False),
        )
    )
    async with db.tenant(parts[0], read_only=True) as session:
        found = (await session.execute(wanted)).first()
    return None if found is None else await _opened(vault, found.MailLink, found.name)


async def _opened(vault: Vault, row: MailLink, account_name: str) -> Link:
    email = None
    hashed = bytes(row.token_hash)
    if row.sealed is not None:
        keys = await vault.account_keys(row.account_id)
        email = keys.open(table="mail_link", row_id=hashed, column="sealed", sealed=row.sealed).decode()
    return Link(
        row.account_id, account_name, hashed, Purpose(row.purpose), row.member_id, email,
        Role(row.role) if row.role else None, row.created_at,
    )  # fmt: skip


async def use(db: Database, link: Link) -> bool:
    """Uses a link up; of all who try at once one succeeds."""
    async with db.tenant(link.account_id) as session:
        gone = delete(MailLink).where(MailLink.token_hash == link.token_hash)
        result: Any = await session.execute(gone)
        return bool(result.rowcount)


async def invite(
    db: Database, vault: Vault, account_id: int, email: str, role: Role, *, now: datetime, by: Doer
) -> str:
    """Invites an address; returns the secret part of the link. An earlier invitation of it stops working."""
    for earlier in await invitations(db, vault, account_id, now):
        if earlier.email == email:
            await use(db, earlier)
    secret = await make(db, vault, account_id, Purpose.INVITATION, now=now, email=email, role=role)
    async with db.tenant(account_id) as session:
        await audit.record(
            session, actor=by.actor, action=Action.MEMBER_INVITED, subject=Subject(Kind.ACCOUNT, account_id),
            origin=by.origin, details={Fact.TO: role},
        )  # fmt: skip
    return secret


async def invitations(db: Database, vault: Vault, account_id: int, now: datetime) -> list[Link]:
    """The account's invitations that still work, the newest first."""
    wanted = (
        select(MailLink)
        .where(MailLink.purpose == Purpose.INVITATION, MailLink.expires_at > now)
        .order_by(MailLink.created_at.desc())
    )
    async with db.tenant(account_id, read_only=True) as session:
        rows: Sequence[MailLink] = (await session.scalars(wanted)).all()
    return [await _opened(vault, row, "") for row in rows]


async def withdraw(
    db: Database, vault: Vault, account_id: int, reference: str, now: datetime, by: Doer
) -> bool:
    """Takes an invitation back; whether there was one."""
    for link in await invitations(db, vault, account_id, now):
        if link.token_hash.hex()[:32] == reference and await use(db, link):
            async with db.tenant(account_id) as session:
                await note(session, by, Action.MEMBER_REMOVED, link.token_hash[:16], {})
            return True
    return False
