"""The keys of one source at work: sealing, opening, record ids and blind indexes. Pure CPU, no waiting.

A sealed value is `version (1 byte) | epoch (4) | nonce (12) | ciphertext and tag`, AES-256-GCM. Its
associated data names the account, the source, the epoch, the table, the column and the row, each in a form
that cannot be read in two ways: a value that is moved or altered does not open. One key is tried, the one
that the value names; nothing falls back to anything.
"""

import os
import struct
import time
from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from storage.normalise import Field, normalise

FORMAT = 1
HASH_BYTES = 16
_HEAD = struct.Struct(">BI")  # version, epoch
_NONCE = slice(5, 17)
_BODY = slice(17, None)
_SHORTEST = 5 + 12 + 16
_PLACE = struct.Struct(">BQQI")  # version, account, source, epoch
_LENGTH = struct.Struct(">H")


class VaultError(Exception):
    """A sealed value stays shut. The text never holds a key, a value or an id of a vendor."""


class Tampered(VaultError):
    """The value was altered, moved, or sealed for another place, source or account."""


class KeyDestroyed(VaultError):
    """The key is gone for good, and with it all that it sealed."""


class KeysExpired(VaultError):
    """These keys were fetched too long ago to be sure that they still exist: fetch them again."""


class _Keyed:
    """HMAC-SHA-256 with one key of at most a block, cut to HASH_BYTES. The key's two blocks (RFC 2104) are
    hashed once: a load asks for millions of these, and short values then cost a third."""

    __slots__ = ("_inner", "_outer")

    def __init__(self, key: bytes) -> None:
        block = key.ljust(sha256().block_size, b"\0")
        self._inner = sha256(bytes(byte ^ 0x36 for byte in block))
        self._outer = sha256(bytes(byte ^ 0x5C for byte in block))

    def hash(self, text: str) -> bytes:
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(text.encode("utf-8", "surrogatepass"))
        outer.update(inner.digest())
        return outer.digest()[:HASH_BYTES]


class _Epoch:
    """One data key's sub-keys."""

    __slots__ = ("_place", "_places", "aead", "blind", "head")

    def __init__(self, account_id: int, source_id: int, epoch: int, key: bytes) -> None:
        self.aead = AESGCM(_sub_key(key, b"seal"))
        self.blind: dict[str, _Keyed] = {
            field: _Keyed(_sub_key(key, b"blind:" + field.value.encode())) for field in Field
        }
        self.head = _HEAD.pack(FORMAT, epoch)
        self._place = _PLACE.pack(FORMAT, account_id, source_id, epoch)
        self._places: dict[tuple[str, str], bytes] = {}

    def place(self, table: str, column: str) -> bytes:
        """The associated data up to the row id, which comes last and so may have any length."""
        known = self._places.get((table, column))
        if known is None:
            names = (name.encode() for name in (table, column))
            known = self._place + b"".join(_LENGTH.pack(len(name)) + name for name in names)
            self._places[table, column] = known
        return known


def _sub_key(key: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"chewbotta/1/" + purpose).derive(key)


class Lease:
    """What all key objects of one source in this process share with the vault that made them."""

    __slots__ = ("destroyed", "seals")

    def __init__(self) -> None:
        self.destroyed = False
        self.seals = 0


class SourceKeys:
    """A source's keys, for one session or one page: fetch them from the vault each time.

    They work until `until` (seconds of the monotonic clock), then raise KeysExpired; once the vault of this
    process learns that they were destroyed, KeyDestroyed.
    """

    __slots__ = (
        "_clock", "_current", "_destroyed", "_epochs", "_ids", "_lease", "_until",
        "account_id", "epoch", "settled", "source_id",
    )  # fmt: skip

    def __init__(
        self,
        account_id: int,
        source_id: int,
        *,
        ids: bytes,
        epochs: Mapping[int, bytes],
        epoch: int,
        until: float,
        settled: bool = True,
        destroyed: Iterable[int] = (),
        lease: Lease | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`epochs` are the live data keys, `epoch` the one that seals, `destroyed` those that once were.

        `settled` is True once no process can still be sealing with an older epoch.
        """
        self.account_id = account_id
        self.source_id = source_id
        self.epoch = epoch
        self.settled = settled
        self._ids = _Keyed(_sub_key(ids, b"ids"))
        self._epochs = {number: _Epoch(account_id, source_id, number, key) for number, key in epochs.items()}
        self._current = self._epochs[epoch]
        self._destroyed = frozenset(destroyed)
        self._lease = lease or Lease()
        self._clock = clock
        self._until = until

    def __repr__(self) -> str:
        return f"SourceKeys(account_id={self.account_id}, source_id={self.source_id}, epoch={self.epoch})"

    def __reduce__(self) -> str:
        raise TypeError("keys stay in their process: fetch them from its vault")

    @property
    def epochs(self) -> frozenset[int]:
        """The live data epochs."""
        return frozenset(self._epochs)

    def seal(self, *, table: str, row_id: bytes, column: str, plaintext: bytes) -> bytes:
        """Encrypts for one column of one row, with the current epoch."""
        self._check()
        keys = self._current
        nonce = os.urandom(12)
        self._lease.seals += 1
        return keys.head + nonce + keys.aead.encrypt(nonce, plaintext, keys.place(table, column) + row_id)

    def open(self, *, table: str, row_id: bytes, column: str, sealed: bytes) -> bytes:
        """Raises Tampered, KeyDestroyed or KeysExpired."""
        self._check()
        return self._open(table, row_id, column, sealed)

    def open_many(self, *, table: str, column: str, rows: Iterable[tuple[bytes, bytes]]) -> list[bytes]:
        """Opens (row id, sealed) pairs of one column, in order. About 3 µs each: give it 3,000 at a time, or
        call it in a thread."""
        self._check()
        opened = self._open
        return [opened(table, row_id, column, sealed) for row_id, sealed in rows]

    def epoch_of(self, sealed: bytes) -> int:
        """The epoch that a stored value says it was sealed with."""
        if len(sealed) < _SHORTEST or sealed[0] != FORMAT:
            raise Tampered("this is not a sealed value")
        return int.from_bytes(sealed[1:5], "big")

    def record_id(self, kind: str, vendor_id: str) -> bytes:
        """The 16-byte id of a vendor's object: the same in every epoch, different in every source."""
        self._check()
        if ":" in kind:
            raise ValueError("a record kind holds no colon")
        return self._ids.hash(f"{kind}:{vendor_id}")

    def blind(self, field: str, value: str | None) -> bytes | None:
        """The 16-byte look-up key of a value; `field` is one of `normalise.Field`.

        None when the value is empty, malformed, or the domain of a public mail provider.
        """
        self._check()
        text = normalise(field, value)
        if text is None:
            return None
        return self._current.blind[field].hash(text)

    def blind_all(self, field: str, value: str | None) -> list[bytes]:
        """The look-up keys of a value in every live epoch, for `IN (...)`: during a re-encryption rows of
        two epochs stand side by side."""
        self._check()
        text = normalise(field, value)
        if text is None:
            return []
        return [keys.blind[field].hash(text) for keys in self._epochs.values()]

    def _check(self) -> None:
        if self._lease.destroyed:
            raise KeyDestroyed("the keys of this source were destroyed")
        if self._clock() >= self._until:
            raise KeysExpired("these keys were fetched too long ago: fetch them for each session or page")

    def _open(self, table: str, row_id: bytes, column: str, sealed: bytes) -> bytes:
        epoch = self.epoch_of(sealed)
        keys = self._epochs.get(epoch)
        if keys is None:
            if epoch in self._destroyed:
                raise KeyDestroyed(f"the key of epoch {epoch} was destroyed")
            raise Tampered("the value names a key that never was")
        try:
            return keys.aead.decrypt(sealed[_NONCE], sealed[_BODY], keys.place(table, column) + row_id)
        except InvalidTag:
            raise Tampered("the value was altered, or belongs elsewhere") from None
