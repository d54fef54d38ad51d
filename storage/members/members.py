"""Members of an account: found by their address, made, changed, removed; every change in the audit trail."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from storage.doer import Doer
from storage.errors import OperatorError
from storage.keys.source_keys import SourceKeys
from storage.keys.vault import Vault
from storage.members.identity import Identity
from storage.models import MailLink, Member, WebSession
from storage.session import Database
from storage.trust import audit
from storage.trust.audit import Action, Fact, Kind, Subject
from storage.trust.keys_due import renew_account_key_since


class Role(StrEnum):
    """What a member may do; each may do what those before it may."""

    VIEWER = "viewer"
    MEMBER = "member"
    ADMIN = "admin"
    OWNER = "owner"

    @property
    def rank(self) -> int:
        return list(Role).index(self)

    def covers(self, other: "Role") -> bool:
        return self.rank >= other.rank


class Setting(StrEnum):
    """What the trail calls a thing that was changed of a member."""

    ADDRESS = "address"
    GOOGLE = "google"


class AddressTaken(OperatorError):
    """Somebody has this address already."""


class NoMemberError(OperatorError):
    """There is no such member."""


class LastOwner(OperatorError):
    """An account keeps an owner."""


class Person(msgspec.Struct, frozen=True):
    """What is sealed of a member."""

    email: str
    name: str = ""

    def __repr__(self) -> str:
        return "Person(...)"


@dataclass(frozen=True, slots=True)
class Known:
    """A member as the directory knows it: whose, and nothing more."""

    account_id: int
    member_id: bytes


@dataclass(frozen=True, slots=True)
class Listed:
    """A member as its account sees it."""

    member_id: bytes
    person: Person
    role: Role
    has_second_factor: bool
    signs_in_with: str
    created_at: datetime
    signed_in_at: datetime | None


def is_kept_safe(row: Member) -> bool:
    """Whether the second factor counts."""
    return row.totp is not None and row.totp_since is not None


async def by_email(db: Database, identity: Identity, email: str) -> Known | None:
    """Whose address this is, of any account."""
    return await _find(db, Member.email_key == identity.email_key(email))


async def by_google(db: Database, identity: Identity, subject: str) -> Known | None:
    """Whose id at Google this is, of any account."""
    return await _find(db, Member.google_key == identity.google_key(subject))


async def _find(db: Database, condition: Any) -> Known | None:
    async with db.system() as session:
        row = (await session.execute(select(Member.account_id, Member.member_id).where(condition))).first()
    return Known(row.account_id, row.member_id) if row else None


async def load(db: Database, account_id: int, member_id: bytes) -> Member:
    """The member's row; raises NoMemberError."""
    async with db.tenant(account_id, read_only=True) as session:
        row = await session.get(Member, (account_id, member_id))
    if row is None:
        raise NoMemberError("There is no such member.")
    return row


def open_person(keys: SourceKeys, row: Member) -> Person:
    """Address and name of a member, opened with the account's keys."""
    plain = keys.open(table="member", row_id=row.member_id, column="sealed", sealed=row.sealed)
    return msgspec.json.decode(plain, type=Person)


async def person_of(db: Database, vault: Vault, account_id: int, member_id: bytes) -> Person:
    """Address and name of a member; raises NoMemberError."""
    row = await load(db, account_id, member_id)
    return open_person(await vault.account_keys(account_id), row)


async def list_members(db: Database, vault: Vault, account_id: int) -> list[Listed]:
    """All members, those who may most first."""
    async with db.tenant(account_id, read_only=True) as session:
        rows: Sequence[Member] = (await session.scalars(select(Member).order_by(Member.created_at))).all()
    keys = await vault.account_keys(account_id) if rows else None
    listed = [_listed(keys, row) for row in rows if keys is not None]
    return sorted(listed, key=lambda one: -one.role.rank)


def _listed(keys: SourceKeys, row: Member) -> Listed:
    ways = [way for way, has in (("password", row.password), ("Google", row.google_key)) if has]
    return Listed(
        row.member_id, open_person(keys, row), Role(row.role), is_kept_safe(row), " and ".join(ways),
        row.created_at, row.signed_in_at,
    )  # fmt: skip


async def add_member(
    db: Database, vault: Vault, identity: Identity, account_id: int, person: Person, *,
    role: Role, password: str | None, now: datetime, google_subject: str | None = None,
) -> bytes:  # fmt: skip
    """Makes a member; returns its id. `password` is a hash. Raises AddressTaken."""
    member_id = secrets.token_bytes(16)
    keys = await vault.account_keys(account_id)
    row = Member(
        account_id=account_id,
        member_id=member_id,
        email_key=identity.email_key(person.email),
        google_key=identity.google_key(google_subject) if google_subject else None,
        sealed=_sealed(keys, member_id, person),
        role=role,
        password=password,
        created_at=now,
    )
    try:
        async with db.tenant(account_id) as session:
            session.add(row)
    except IntegrityError:
        raise AddressTaken("Somebody has this address already.") from None
    return member_id


def _sealed(keys: SourceKeys, member_id: bytes, person: Person) -> bytes:
    plain = msgspec.json.encode(person)
    return keys.seal(table="member", row_id=member_id, column="sealed", plaintext=plain)


async def change_address(
    db: Database, vault: Vault, identity: Identity, account_id: int, member_id: bytes, email: str, by: Doer
) -> Person:
    """Gives a member another address; returns who it was before. Raises AddressTaken, NoMemberError."""
    before = await person_of(db, vault, account_id, member_id)
    keys = await vault.account_keys(account_id)
    person = msgspec.structs.replace(before, email=email)
    values = {"email_key": identity.email_key(email), "sealed": _sealed(keys, member_id, person)}
    try:
        await _change(
            db, account_id, member_id, values, Action.MEMBER_CHANGED, by, {Fact.SETTING: Setting.ADDRESS}
        )
    except IntegrityError:
        raise AddressTaken("Somebody has this address already.") from None
    return before


async def set_password(
    db: Database, account_id: int, member_id: bytes, password: str, by: Doer | None
) -> None:
    """Stores a new hash. Without `by` it is the same password, hashed anew, and nothing to record."""
    await _change(db, account_id, member_id, {"password": password}, Action.PASSWORD_CHANGED, by, {})


async def link_google(
    db: Database, identity: Identity, account_id: int, member_id: bytes, subject: str, by: Doer
) -> None:
    """From here on the member may sign in as this person at Google. Raises AddressTaken."""
    values = {"google_key": identity.google_key(subject)}
    try:
        await _change(
            db, account_id, member_id, values, Action.SIGN_IN_LINKED, by, {Fact.SETTING: Setting.GOOGLE}
        )
    except IntegrityError:
        raise AddressTaken("Somebody else signs in as this person at Google.") from None


async def _change(
    db: Database, account_id: int, member_id: bytes, values: dict[str, Any], action: Action,
    by: Doer | None, details: dict[Fact, Any],
) -> None:  # fmt: skip
    async with db.tenant(account_id) as session:
        changed = update(Member).where(Member.member_id == member_id).values(values)
        result: Any = await session.execute(changed)
        if not result.rowcount:
            raise NoMemberError("There is no such member.")
        if by is not None:
            await note(session, by, action, member_id, details)


async def change_role(db: Database, account_id: int, member_id: bytes, role: Role, by: Doer) -> None:
    """Raises NoMemberError, LastOwner. The member's sessions go on with the new role at once."""
    async with db.tenant(account_id) as session:
        row = await _locked(session, account_id, member_id, becomes=role)
        before, row.role = Role(row.role), role
        await note(session, by, Action.ROLE_CHANGED, member_id, {Fact.FROM: before, Fact.TO: role})


async def remove_member(db: Database, account_id: int, member_id: bytes, by: Doer) -> None:
    """Takes a member away with sessions, codes and links; within a day old copies cannot be opened. Raises
    NoMemberError, LastOwner."""
    async with db.tenant(account_id) as session:
        row = await _locked(session, account_id, member_id, becomes=None)
        await session.delete(row)
        await session.execute(delete(MailLink).where(MailLink.member_id == member_id))
        await renew_account_key_since(session, account_id, datetime.now(UTC))
        await note(session, by, Action.MEMBER_REMOVED, member_id, {})


async def _locked(
    session: AsyncSession, account_id: int, member_id: bytes, *, becomes: Role | None
) -> Member:
    """The row, where an owner is left whatever `becomes` of it."""
    # All owners are locked, in one order: two who remove each other at once cannot both succeed.
    owners = select(Member).where(Member.role == Role.OWNER).order_by(Member.member_id).with_for_update()
    left = {row.member_id for row in await session.scalars(owners)} - {member_id}
    row = await session.get(Member, (account_id, member_id), with_for_update=True)
    if row is None:
        raise NoMemberError("There is no such member.")
    if row.role == Role.OWNER and becomes is not Role.OWNER and not left:
        raise LastOwner("An account keeps at least one owner: make somebody else an owner first.")
    return row


async def count_members(db: Database, account_id: int) -> int:
    async with db.tenant(account_id, read_only=True) as session:
        return int(await session.scalar(select(func.count()).select_from(Member)) or 0)


async def note(
    session: AsyncSession, by: Doer, action: Action, member_id: bytes, details: dict[Fact, Any]
) -> None:
    """Records what was done about a member, in the transaction of the session."""
    await audit.record(
        session, actor=by.actor, action=action, subject=Subject(Kind.MEMBER, member_id), origin=by.origin,
        details=details,
    )  # fmt: skip


async def end_sessions(session: AsyncSession, member_id: bytes, *, but: bytes | None = None) -> int:
    """Signs a member's browsers out, all `but` the one whose token hash is given; returns how many."""
    gone = delete(WebSession).where(WebSession.member_id == member_id)
    if but is not None:
        gone = gone.where(WebSession.token_hash != but)
    result: Any = await session.execute(gone)
    return int(result.rowcount)
