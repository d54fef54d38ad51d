"""Signing up: an account is made once the mail was opened, by whoever knows the password chosen before.

Until then there is a row that nobody can read: it is sealed with a key that follows from the link, and the
link is in the mail alone. Whoever signs up somebody else's address does not know the link; whoever gets the
mail does not know the password.
"""

import os
from datetime import datetime, timedelta
from typing import Any

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import delete, insert, select

from storage.accounts import create_account
from storage.keys.vault import Vault
from storage.members.identity import Identity, new_token, token_hash
from storage.members.members import AddressTaken, Known, Person, Role, add_member, by_email
from storage.models import PendingSignup
from storage.models.base import table_of
from storage.session import Database
from storage.trust.account_deletion import delete_account

LASTS = timedelta(hours=24)
_NONCE_BYTES = 12


class Wish(msgspec.Struct, frozen=True):
    """What somebody typed who wants an account. `password` is a hash."""

    email: str
    company: str
    password: str

    def __repr__(self) -> str:
        return "Wish(...)"


async def remember(db: Database, wish: Wish, now: datetime) -> str:
    """Keeps a wish until the mail is opened; returns the secret of its link."""
    token = new_token()
    nonce = os.urandom(_NONCE_BYTES)
    sealed = nonce + _cipher(token).encrypt(nonce, msgspec.json.encode(wish), b"pending_signup")
    row = {"token_hash": token_hash(token), "sealed": sealed, "expires_at": now + LASTS}
    async with db.system() as session:
        await (await session.connection()).execute(insert(table_of(PendingSignup)), [row])
    return token


async def look(db: Database, token: str, now: datetime) -> Wish | None:
    """The wish that a link stands for; None where it is none, was used, or is too old."""
    wanted = select(PendingSignup.sealed).where(
        PendingSignup.token_hash == token_hash(token), PendingSignup.expires_at > now
    )
    async with db.system() as session:
        sealed = await session.scalar(wanted)
    if sealed is None:
        return None
    try:
        plain = _cipher(token).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], b"pending_signup")
    except InvalidTag:
        return None
    return msgspec.json.decode(plain, type=Wish)


async def fulfil(
    db: Database, vault: Vault, identity: Identity, token: str, wish: Wish, *, now: datetime
) -> Known | None:
    """Makes the account and its owner; None where somebody was quicker. Raises AddressTaken."""
    async with db.system() as session:
        gone = delete(PendingSignup).where(PendingSignup.token_hash == token_hash(token))
        result: Any = await session.execute(gone)
    if not result.rowcount:
        return None
    if await by_email(db, identity, wish.email):
        raise AddressTaken("Somebody has this address already.")
    account_id = await create_account(db, vault, name=wish.company, now=now)
    try:
        member_id = await add_member(
            db, vault, identity, account_id, Person(wish.email), role=Role.OWNER, password=wish.password,
            now=now,
        )  # fmt: skip
    except AddressTaken:
        await delete_account(db, vault, account_id)
        raise
    return Known(account_id, member_id)


def _cipher(token: str) -> AESGCM:
    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"chewbotta/1/signup").derive(token.encode())
    return AESGCM(key)
