"""Receipts of deletions: what went, how many rows of each table, when, and what is left elsewhere and why.

A receipt is signed with Ed25519. The key belongs to the installation, stands in the key store wrapped by
the master key, and outlives every account: a receipt can be checked when nothing else is left. What is
signed is the receipt as JSON with sorted keys and no spaces, so that a file may be laid out in any way.
"""

import base64
import secrets
from collections.abc import Sequence
from datetime import datetime

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.errors import OperatorError
from storage.keys.vault import Vault
from storage.models import Receipt as StoredReceipt
from storage.session import Database


class ReceiptError(OperatorError):
    """A receipt that was not signed here, or was altered."""


class Remaining(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something that a deletion did not reach: where it is, how many of it, and why."""

    where: str
    count: int | None = None
    why: str


class Receipt(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`deleted` counts rows by table. `what`: "source", "account", "person", "messages"; none names a person.

    `keys_destroyed_at`: from then on nothing of it could be read, here or in a backup.
    """

    what: str
    account: int
    source: int | None = None
    requested_at: datetime
    keys_destroyed_at: datetime | None = None
    finished_at: datetime
    deleted: dict[str, int]
    left_anonymous: dict[str, int] = {}
    remaining: tuple[Remaining, ...] = ()
    format: int = 1


class SignedReceipt(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is handed out. `signature` and `public_key` are base64."""

    receipt: Receipt
    signature: str
    public_key: str

    def as_json(self) -> str:
        """The file that people keep."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2).decode() + "\n"


def _signed_part(receipt: Receipt) -> bytes:
    return msgspec.json.encode(receipt, order="sorted")


async def sign(vault: Vault, receipt: Receipt) -> SignedReceipt:
    """Signs with the key of this installation, which is made at the first receipt."""
    key = Ed25519PrivateKey.from_private_bytes(await vault.signing_seed())
    return SignedReceipt(
        receipt=receipt,
        signature=base64.b64encode(key.sign(_signed_part(receipt))).decode(),
        public_key=_public(key),
    )


async def public_key(vault: Vault) -> str:
    """The key that this installation's receipts are checked with, in base64."""
    return _public(Ed25519PrivateKey.from_private_bytes(await vault.signing_seed()))


def _public(key: Ed25519PrivateKey) -> str:
    return base64.b64encode(key.public_key().public_bytes_raw()).decode()


def verify(text: str | bytes, trusted: str) -> Receipt:
    """The receipt in a file, if `trusted` (a public key in base64) signed it; raises ReceiptError."""
    try:
        found = msgspec.json.decode(text, type=SignedReceipt)
        signature = base64.b64decode(found.signature, validate=True)
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(trusted, validate=True))
    except (ValueError, msgspec.DecodeError):
        raise ReceiptError("this is not a receipt of Chewbotta, or the key is not one") from None
    if found.public_key != trusted:
        raise ReceiptError("another installation signed this receipt")
    try:
        key.verify(signature, _signed_part(found.receipt))
    except InvalidSignature:
        raise ReceiptError("the signature is wrong: this receipt was altered") from None
    return found.receipt


async def store(session: AsyncSession, account_id: int, signed: SignedReceipt) -> bytes:
    """Keeps a receipt with its account; returns its id."""
    receipt_id = secrets.token_bytes(16)
    session.add(
        StoredReceipt(
            account_id=account_id,
            receipt_id=receipt_id,
            at=signed.receipt.finished_at,
            content=_signed_part(signed.receipt).decode(),
            signature=base64.b64decode(signed.signature),
        )
    )
    return receipt_id


async def stored_receipts(db: Database, vault: Vault, account_id: int) -> Sequence[SignedReceipt]:
    """The account's receipts, oldest first."""
    key = await public_key(vault)
    async with db.tenant(account_id, read_only=True) as session:
        rows = (await session.scalars(select(StoredReceipt).order_by(StoredReceipt.at))).all()
    return [
        SignedReceipt(
            receipt=msgspec.json.decode(row.content, type=Receipt),
            signature=base64.b64encode(row.signature).decode(),
            public_key=key,
        )
        for row in rows
        if row.signature
    ]
