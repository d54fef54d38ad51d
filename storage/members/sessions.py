"""Browsers that are signed in. The cookie holds `account.token`; of the token only a hash is stored.

A session ends when it was idle for IDLE, and LONGEST after sign-in at the latest. It gets another token each
time that it may do more than before: after the second factor, after a step-up, after a new password.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import delete, select, update

from storage.doer import Doer
from storage.members.identity import new_token, token_hash
from storage.members.members import Role, end_sessions, is_kept_safe, note
from storage.models import Account, Member, WebSession
from storage.session import Database
from storage.trust.audit import Action, Fact

IDLE = timedelta(hours=24)
LONGEST = timedelta(days=14)
HALF_LASTS = timedelta(minutes=10)
"""How long there is for the second factor."""
CONFIRMED_FOR = timedelta(minutes=10)
"""How long a step-up lasts."""

_SEEN_EVERY = timedelta(minutes=1)
_COOKIE = re.compile(r"([1-9][0-9]{0,9})\.([A-Za-z0-9_-]{43})")
_LARGEST_ACCOUNT = 2**31 - 1


class State(StrEnum):
    """Whether the second factor is still to come."""

    HALF = "half"
    FULL = "full"


class Method(StrEnum):
    """How a session was signed in."""

    PASSWORD = "password"  # noqa: S105 - a way to sign in
    GOOGLE = "google"


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who is at the other end of a request, as of now."""

    account_id: int
    member_id: bytes
    role: Role
    state: State
    method: Method
    session_hash: bytes
    confirmed_at: datetime
    account_name: str
    has_password: bool
    has_google: bool
    has_second_factor: bool
    second_factor_required: bool

    @property
    def owes_second_factor(self) -> bool:
        """Whether the account wants a second factor that is not there yet; Google's users have Google's."""
        return self.second_factor_required and self.method is Method.PASSWORD and not self.has_second_factor

    def is_confirmed(self, now: datetime) -> bool:
        """Whether the person has proved lately who they are."""
        return now - self.confirmed_at < CONFIRMED_FOR


@dataclass(frozen=True, slots=True)
class Device:
    """A browser that is signed in, for the list of them."""

    reference: str
    device: str
    method: Method
    created_at: datetime
    seen_at: datetime
    is_this: bool


def split_cookie(cookie: str | None) -> tuple[int, str] | None:
    """Account and token of a cookie; None where it is none of ours."""
    found = _COOKIE.fullmatch(cookie or "")
    if found is None or int(found[1]) > _LARGEST_ACCOUNT:
        return None
    return int(found[1]), found[2]


async def start(
    db: Database, account_id: int, member_id: bytes, *, method: Method, device: str, now: datetime, by: Doer
) -> tuple[str, State]:
    """Signs a browser in; returns its cookie. Half, where a password needs a second factor to follow."""
    token = new_token()
    async with db.tenant(account_id) as session:
        member = await session.get_one(Member, (account_id, member_id))
        needs_code = method is Method.PASSWORD and is_kept_safe(member)
        state = State.HALF if needs_code else State.FULL
        session.add(
            WebSession(
                account_id=account_id, token_hash=token_hash(token), member_id=member_id, state=state,
                method=method, device=device, created_at=now, seen_at=now, confirmed_at=now,
                expires_at=now + (HALF_LASTS if needs_code else LONGEST),
            )
        )  # fmt: skip
        if state is State.FULL:
            member.signed_in_at = now
            await note(session, by, Action.SIGN_IN_MADE, member_id, {Fact.REASON: method})
    return f"{account_id}.{token}", state


async def visitor(db: Database, cookie: str | None, now: datetime) -> Visitor | None:
    """Who sent this cookie; None where it is no session, or one that has ended."""
    parts = split_cookie(cookie)
    if parts is None:
        return None
    account_id, token = parts
    hashed = token_hash(token)
    wanted = (
        select(WebSession, Member, Account)
        .join(
            Member, (Member.account_id == WebSession.account_id) & (Member.member_id == WebSession.member_id)
        )
        .join(Account, Account.account_id == WebSession.account_id)
        .where(WebSession.token_hash == hashed, WebSession.expires_at > now)
    )
    async with db.tenant(account_id, read_only=True) as session:
        row = (await session.execute(wanted)).first()
    if row is None or row.Account.deleting or now - row.WebSession.seen_at >= IDLE:
        return None
    if now - row.WebSession.seen_at >= _SEEN_EVERY:
        await _touch(db, account_id, hashed, now)
    return _visitor(row.WebSession, row.Member, row.Account)


def _visitor(session: WebSession, member: Member, account: Account) -> Visitor:
    return Visitor(
        account_id=account.account_id,
        member_id=member.member_id,
        role=Role(member.role),
        state=State(session.state),
        method=Method(session.method),
        session_hash=bytes(session.token_hash),
        confirmed_at=session.confirmed_at,
        account_name=account.name,
        has_password=member.password is not None,
        has_google=member.google_key is not None,
        has_second_factor=is_kept_safe(member),
        second_factor_required=account.second_factor_required,
    )


async def _touch(db: Database, account_id: int, hashed: bytes, now: datetime) -> None:
    async with db.tenant(account_id) as session:
        await session.execute(update(WebSession).where(WebSession.token_hash == hashed).values(seen_at=now))


async def rotate(db: Database, who: Visitor, now: datetime, *, by: Doer | None = None) -> str | None:
    """Gives a session another token, full and confirmed now; returns its cookie, None where it has ended.

    `by` is given where this completes the sign-in.
    """
    token = new_token()
    values: dict[str, Any] = {
        "token_hash": token_hash(token), "state": State.FULL, "seen_at": now, "confirmed_at": now,
    }  # fmt: skip
    if by is not None:
        values["expires_at"] = now + LONGEST
    async with db.tenant(who.account_id) as session:
        turned = update(WebSession).where(WebSession.token_hash == who.session_hash).values(values)
        result: Any = await session.execute(turned)
        if not result.rowcount:
            return None
        if by is not None:
            await session.execute(
                update(Member).where(Member.member_id == who.member_id).values(signed_in_at=now)
            )
            await note(session, by, Action.SIGN_IN_MADE, who.member_id, {Fact.REASON: who.method})
    return f"{who.account_id}.{token}"


async def end(db: Database, who: Visitor, by: Doer) -> None:
    """Signs this browser out."""
    async with db.tenant(who.account_id) as session:
        await session.execute(delete(WebSession).where(WebSession.token_hash == who.session_hash))
        await note(session, by, Action.SIGN_IN_ENDED, who.member_id, {})


async def end_others(db: Database, who: Visitor, by: Doer) -> int:
    """Signs every other browser of the member out; returns how many those were."""
    async with db.tenant(who.account_id) as session:
        count = await end_sessions(session, who.member_id, but=who.session_hash)
        await note(session, by, Action.SIGN_IN_ENDED, who.member_id, {Fact.COUNT: count})
    return count


async def end_one(db: Database, who: Visitor, reference: str, by: Doer) -> bool:
    """Signs one of the member's browsers out; whether there was one."""
    found = [row for row in await _rows(db, who) if bytes(row.token_hash).hex()[:32] == reference]
    async with db.tenant(who.account_id) as session:
        for row in found:
            await session.execute(delete(WebSession).where(WebSession.token_hash == row.token_hash))
            await note(session, by, Action.SIGN_IN_ENDED, who.member_id, {Fact.COUNT: 1})
    return bool(found)


async def list_devices(db: Database, who: Visitor, now: datetime) -> list[Device]:
    """The member's browsers that are signed in, the last used first."""
    rows = [row for row in await _rows(db, who) if row.expires_at > now and now - row.seen_at < IDLE]
    return [
        Device(
            bytes(row.token_hash).hex()[:32], row.device, Method(row.method), row.created_at, row.seen_at,
            is_this=bytes(row.token_hash) == who.session_hash,
        )
        for row in rows
    ]  # fmt: skip


async def _rows(db: Database, who: Visitor) -> Sequence[WebSession]:
    async with db.tenant(who.account_id, read_only=True) as session:
        mine = select(WebSession).where(WebSession.member_id == who.member_id)
        return (await session.scalars(mine.order_by(WebSession.seen_at.desc()))).all()
