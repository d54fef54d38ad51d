"""Keyed hashes of this installation: people are looked up before it is known of which account they are.

The key is derived from the secret that the key store holds for the installation: a copy of the main database
tells nothing of an address, and no password can be tried against it.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from typing import Self

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from storage.keys.vault import Vault
from storage.normalise import Field, normalise

_HASH_BYTES = 16
_TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True)
class Identity:
    """Make one a process with `of`. Its secrets never show."""

    pepper: bytes = field(repr=False)
    _look_up: bytes = field(repr=False)

    @classmethod
    async def of(cls, vault: Vault) -> Self:
        seed = await vault.signing_seed()
        return cls(_derived(seed, b"pepper"), _derived(seed, b"look-up"))

    def email_key(self, address: str) -> bytes:
        """The look-up of an address. What is no address has one too, which nobody's is: it takes as long."""
        return self.key("email", normalise(Field.EMAIL, address) or f"\0{address}")

    def google_key(self, subject: str) -> bytes:
        """The look-up of Google's id of a person."""
        return self.key("google", subject)

    def key(self, purpose: str, value: str) -> bytes:
        """The keyed hash of a value, 16 bytes: another for each purpose."""
        told = f"{purpose}:{value}".encode("utf-8", "surrogatepass")
        return hmac.digest(self._look_up, told, "sha256")[:_HASH_BYTES]


def _derived(seed: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"chewbotta/1/members/" + purpose).derive(seed)


def new_token() -> str:
    """256 random bits, as text that fits into an address or a cookie."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def token_hash(token: str) -> bytes:
    """All that is stored of a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
