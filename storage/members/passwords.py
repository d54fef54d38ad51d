"""Passwords: bcrypt over a keyed hash, so that every character counts, also those beyond the 72nd byte.

bcrypt(base64(HMAC-SHA-384(pepper, password))): 64 characters without a NUL, whatever the password is. Without
the key store nobody can try passwords against a copy of the database. Hashing runs in threads.
"""

import asyncio
import base64
import hmac
import unicodedata

import bcrypt

WORK_FACTOR = 12
"""2^12 rounds: the one place that says how slow a password is."""

_COST = slice(4, 6)


class Passwords:
    """Hashes and checks passwords. `work_factor` is lower in tests alone."""

    def __init__(self, pepper: bytes, work_factor: int = WORK_FACTOR) -> None:
        self._pepper = pepper
        self._work_factor = work_factor
        self._nobodys = ""

    async def hash(self, password: str) -> str:
        """A new salted hash."""
        return await asyncio.to_thread(self._hash, password)

    async def check(self, password: str, stored: str | None) -> bool:
        """Whether this is the password. Where there is none (nobody has the address, or signs in with Google
        alone) a hash of nobody's is checked: it takes as long."""
        self._nobodys = self._nobodys or await self.hash("nobody's")
        right = await asyncio.to_thread(self._check, password, stored or self._nobodys)
        return right and stored is not None

    def is_outdated(self, stored: str) -> bool:
        """Whether a hash was made with another work factor than today's."""
        return stored[_COST] != f"{self._work_factor:02}"

    def _hash(self, password: str) -> str:
        return bcrypt.hashpw(self._digest(password), bcrypt.gensalt(self._work_factor)).decode()

    def _check(self, password: str, stored: str) -> bool:
        return bcrypt.checkpw(self._digest(password), stored.encode())

    def _digest(self, password: str) -> bytes:
        # One form of each letter: keyboards differ in how they compose them.
        text = unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
        return base64.b64encode(hmac.digest(self._pepper, text, "sha384"))
