"""The second factor: codes of an app (TOTP, RFC 6238), each taken once, and recovery codes.

The seed is sealed with the account's key and counts once a code has confirmed it. A try is counted before it
is made (`throttle.CODES`): five wrong ones within ten minutes, and the right one has to wait too.
"""

import re
import secrets
from datetime import datetime
from enum import StrEnum
from typing import Any

import pyotp
from pyotp.exceptions import OTPVerificationError
from sqlalchemy import delete, insert, update

from storage.doer import Doer
from storage.keys.vault import Vault
from storage.members import throttle
from storage.members.identity import Identity, token_hash
from storage.members.members import load, note
from storage.models import Account, Member, RecoveryCode
from storage.session import Database
from storage.trust import audit
from storage.trust.audit import Action, Fact, Kind, Subject

ISSUER = "Chewbotta"
RECOVERY_CODES = 10
WINDOW = 1
"""Codes of the step before and after count too: clocks differ."""

_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
_RECOVERY_LENGTH = 12
_TOTP = re.compile(r"[0-9]{6}")
_NOT_CODE = re.compile(r"[^0-9a-z]")


class Tried(StrEnum):
    """What became of a code."""

    RIGHT = "right"
    WRONG = "wrong"
    TOO_MANY = "too_many"


def new_seed() -> str:
    """A new seed, as apps take it: base32, 160 bits."""
    return pyotp.random_base32()


def address(seed: str, email: str) -> str:
    """What the QR code says: otpauth://totp/..."""
    return pyotp.TOTP(seed).provisioning_uri(name=email, issuer_name=ISSUER)


async def prepare(db: Database, vault: Vault, account_id: int, member_id: bytes) -> str:
    """The seed to set up with: made now, or the one that still waits to be confirmed."""
    keys = await vault.account_keys(account_id)
    row = await load(db, account_id, member_id)
    if row.totp is not None and row.totp_since is None:
        return keys.open(table="member", row_id=member_id, column="totp", sealed=row.totp).decode()
    if row.totp is not None:
        raise AlreadySet("The second factor is set up already.")
    seed = new_seed()
    sealed = keys.seal(table="member", row_id=member_id, column="totp", plaintext=seed.encode())
    async with db.tenant(account_id) as session:
        await session.execute(
            update(Member)
            .where(Member.member_id == member_id, Member.totp_since.is_(None))
            .values(totp=sealed, totp_step=0)
        )
    return seed


class AlreadySet(RuntimeError):
    """There is a second factor; it must be removed before another can be set up."""


async def confirm(
    db: Database, vault: Vault, identity: Identity, account_id: int, member_id: bytes, code: str, *,
    now: datetime, by: Doer,
) -> list[str] | None:  # fmt: skip
    """Makes the prepared seed count, if the code is right; returns the recovery codes, shown this once."""
    row = await load(db, account_id, member_id)
    if row.totp is None or row.totp_since is not None:
        return None
    if not await throttle.take(db, identity, throttle.CODES, member_id.hex(), now):
        return None
    if not await _spend_code(db, vault, row, code, now):
        return None
    async with db.tenant(account_id) as session:
        result: Any = await session.execute(
            update(Member)
            .where(Member.member_id == member_id, Member.totp_since.is_(None))
            .values(totp_since=now)
        )
        if not result.rowcount:
            return None
        await note(session, by, Action.SECOND_FACTOR_SET, member_id, {})
    await throttle.forgive(db, identity, throttle.CODES, member_id.hex())
    return await renew_recovery_codes(db, account_id, member_id)


async def renew_recovery_codes(
    db: Database, account_id: int, member_id: bytes, by: Doer | None = None
) -> list[str]:
    """Ten new codes in place of all before; only their hashes are stored."""
    codes = [
        "".join(secrets.choice(_ALPHABET) for _ in range(_RECOVERY_LENGTH)) for _ in range(RECOVERY_CODES)
    ]
    rows = [
        {"account_id": account_id, "member_id": member_id, "code_hash": token_hash(code)} for code in codes
    ]
    async with db.tenant(account_id) as session:
        await session.execute(delete(RecoveryCode).where(RecoveryCode.member_id == member_id))
        await session.execute(insert(RecoveryCode), rows)
        if by is not None:
            await note(session, by, Action.SECOND_FACTOR_SET, member_id, {Fact.COUNT: RECOVERY_CODES})
    return [f"{code[:4]}-{code[4:8]}-{code[8:]}" for code in codes]


async def spend(
    db: Database, vault: Vault, identity: Identity, account_id: int, member_id: bytes, code: str, *,
    now: datetime, by: Doer,
) -> Tried:  # fmt: skip
    """Takes a code of the app, or a recovery code. Whatever is right is right once."""
    if not await throttle.take(db, identity, throttle.CODES, member_id.hex(), now):
        return Tried.TOO_MANY
    row = await load(db, account_id, member_id)
    plain = _NOT_CODE.sub("", code.casefold())
    by_app = _TOTP.fullmatch(plain) is not None
    right = row.totp_since is not None and (
        await _spend_code(db, vault, row, plain, now) if by_app else await _spend_recovery(db, row, plain)
    )
    action = Action.SECOND_FACTOR_PASSED if right else Action.SECOND_FACTOR_REFUSED
    async with db.tenant(account_id) as session:
        await note(session, by, action, member_id, {Fact.REASON: Way.APP if by_app else Way.RECOVERY})
    if right:
        await throttle.forgive(db, identity, throttle.CODES, member_id.hex())
    return Tried.RIGHT if right else Tried.WRONG


class Way(StrEnum):
    """Which kind of code it was."""

    APP = "app"
    RECOVERY = "recovery_code"


async def _spend_code(db: Database, vault: Vault, row: Member, code: str, now: datetime) -> bool:
    """Whether this is a code of now that was not taken yet; afterwards it, and those before it, are."""
    if row.totp is None or not _TOTP.fullmatch(code):
        return False
    keys = await vault.account_keys(row.account_id)
    seed = keys.open(table="member", row_id=row.member_id, column="totp", sealed=row.totp).decode()
    try:
        step = pyotp.TOTP(seed).verify_and_get_timecode(code, for_time=now, valid_window=WINDOW)
    except OTPVerificationError:
        return False
    async with db.tenant(row.account_id) as session:
        result: Any = await session.execute(
            update(Member)
            .where(Member.member_id == row.member_id, Member.totp_step < step)
            .values(totp_step=step)
        )
        return bool(result.rowcount)


async def _spend_recovery(db: Database, row: Member, code: str) -> bool:
    async with db.tenant(row.account_id) as session:
        gone = delete(RecoveryCode).where(
            RecoveryCode.member_id == row.member_id, RecoveryCode.code_hash == token_hash(code)
        )
        result: Any = await session.execute(gone)
        return bool(result.rowcount)


async def remove(db: Database, account_id: int, member_id: bytes, by: Doer) -> None:
    """Takes the second factor and its recovery codes away. Raises NoMemberError."""
    await load(db, account_id, member_id)
    async with db.tenant(account_id) as session:
        await session.execute(
            update(Member)
            .where(Member.member_id == member_id)
            .values(totp=None, totp_since=None, totp_step=0)
        )
        await session.execute(delete(RecoveryCode).where(RecoveryCode.member_id == member_id))
        await note(session, by, Action.SECOND_FACTOR_REMOVED, member_id, {})


class Setting(StrEnum):
    """What the trail calls the account's wish."""

    SECOND_FACTOR_REQUIRED = "second_factor_required"


async def require(db: Database, account_id: int, required: bool, by: Doer) -> None:
    """Whether everybody who signs in with a password must have a second factor."""
    async with db.tenant(account_id) as session:
        account = await session.get_one(Account, account_id)
        account.second_factor_required = required
        await audit.record(
            session, actor=by.actor, action=Action.ACCOUNT_CHANGED, subject=Subject(Kind.ACCOUNT, account_id),
            origin=by.origin, details={Fact.SETTING: Setting.SECOND_FACTOR_REQUIRED, Fact.TO: required},
        )  # fmt: skip
