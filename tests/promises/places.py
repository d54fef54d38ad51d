"""The places that a sweep looks into, each as named pieces of bytes: tables, files, dumps, what was said."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy.ext.asyncio import create_async_engine

from storage.keys.key_ring import KeyRing
from storage.keys.keystore import KeyStore
from storage.keys.keystore_schema import DATA
from storage.keys.master_keys import LocalMasterKeys
from storage.session import Database
from tests.postgres import TEMPLATE, Cluster

_SEALED = re.compile(rb"\x01(\x00\x00\x00[\x01-\xff])")
_HEX = re.compile(rb"(?:[0-9a-fA-F]{2}){33,}")
_LONGEST_OPENED = 2048
_EVERY_KEY = 1_000_000
_PAGE = 8_192


class Piece(NamedTuple):
    """Some bytes, and where they are from: a table and column, a file, a printed line."""

    where: str
    data: bytes


class HeldKey(NamedTuple):
    """A data key that can still be had: whoever has the key store and the master key has this."""

    account_id: int
    source_id: int
    epoch: int
    sealing: bytes


async def held_keys(keystore_url: str, master: bytes) -> list[HeldKey]:
    """Every data key that is not destroyed."""
    async with KeyStore(keystore_url) as store:
        ring = KeyRing(store, LocalMasterKeys({1: master}, where="the sweep"))
        live = await store.not_wrapped_by(-1, _EVERY_KEY)
        return [
            HeldKey(key.slot.account_id, key.slot.source_id, key.slot.epoch, _sealing(await ring.unwrap(key)))
            for key in live
            if key.slot.purpose == DATA
        ]


def _sealing(data_key: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"chewbotta/1/seal").derive(data_key)


def opened(data: bytes, keys: Sequence[HeldKey]) -> bytes:
    """Everything in `data` that looks sealed, decrypted with every held key of that epoch.

    AES-GCM without its tag is AES in counter mode from 2 on: nothing need be known of the row, so that this
    works on raw pages, on dead rows and on dumps alike. What a wrong key gives is noise, and does no harm.
    """
    found = []
    by_epoch: dict[bytes, list[HeldKey]] = {}
    for key in keys:
        by_epoch.setdefault(key.epoch.to_bytes(4, "big"), []).append(key)
    for head in _SEALED.finditer(data):
        start = head.end() + 12
        nonce, body = data[head.end() : start], data[start : start + _LONGEST_OPENED]
        for key in by_epoch.get(head[1], ()):
            cipher = Cipher(AES(key.sealing), CTR(nonce.ljust(12, b"\0") + b"\0\0\0\x02"))
            found.append(cipher.decryptor().update(body))
    return b"\n".join(found)


def unhexed(text: bytes) -> bytes:
    """The hexadecimal values of a dump as bytes."""
    return b"\n".join(bytes.fromhex(value[0].decode()) for value in _HEX.finditer(text))


# ---- where data lies ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Files:
    """The files of a database and of its key store. `cluster` is None on SQLite.

    `template` is the folder of the database that this one was copied from, `since` the file of the log at
    that time; without them everything is read.
    """

    url: str
    keystore_url: str
    cluster: Cluster | None = None
    template: Path | None = None
    since: str = ""

    @property
    def _name(self) -> str:
        return str(sa.make_url(self.url).database)

    async def raw(self) -> list[Piece]:
        """The bytes on the disk: SQLite's file with its log, or PostgreSQL's heap, indexes, WAL and log.

        Of PostgreSQL's pages those are left out that are still as the template has them, and of its log what
        is older than the test: neither has ever seen a canary.
        """
        if self.cluster is None:
            return list(_read(_beside(Path(self._name))))
        own, data = await self._folder_of(self.url), self.cluster.data
        pages = [Piece(file.name, _changed(file, self.template)) for file in _files_in(own)]
        log = [file for file in _files_in(data / "pg_wal") if file.name >= self.since]
        others = _files_in(data / "global", data / "base" / "pgsql_tmp")
        return pages + list(_read([*log, *others, data.parent / "log"]))

    async def keystore(self) -> list[Piece]:
        """The bytes of the key store: its file, or heap and indexes of its PostgreSQL database.

        Its write-ahead log is not among them: docs/keys.md says for how long that may be kept.
        """
        if self.keystore_url.startswith("sqlite"):
            return list(_read(_beside(Path(str(sa.make_url(self.keystore_url).database)))))
        return list(_read(_files_in(await self._folder_of(self.keystore_url))))

    async def dump(self) -> bytes:
        """A backup: everything that the database holds now, logically."""
        if self.cluster is not None:
            return self.cluster.dump(self._name)
        rows = [f"{piece.where}={piece.data.hex()}" for piece in await self.tables()]
        return "\n".join(rows).encode()

    async def tables(self) -> list[Piece]:
        """Every column of every row of every table there is, ours or not, as whoever owns them sees it."""
        engine = create_async_engine(self.url)
        pieces = []
        async with engine.connect() as connection:
            names = await connection.run_sync(lambda sync: sa.inspect(sync).get_table_names())
            for name in names:
                rows = (
                    await connection.execute(sa.select(sa.text("*")).select_from(sa.table(name)))
                ).mappings()
                pieces += [
                    Piece(f"{name}.{column}", _bytes(value)) for row in rows for column, value in row.items()
                ]
        await engine.dispose()
        return [piece for piece in pieces if piece.data]

    async def _folder_of(self, url: str) -> Path:
        """The folder of a database of the cluster, after everything in memory was written out."""
        assert self.cluster is not None
        engine = create_async_engine(url, isolation_level="AUTOCOMMIT")
        async with engine.connect() as connection:
            await connection.execute(sa.text("CHECKPOINT"))
            number = await connection.scalar(
                sa.text("SELECT oid FROM pg_database WHERE datname = current_database()")
            )
        await engine.dispose()
        return self.cluster.data / "base" / str(number)


async def files_of(db: Database, keystore_url: str, cluster: Cluster | None) -> Files:
    """Where a database of the pool lies, which its test has just taken."""
    url = db.engine.url.render_as_string(hide_password=False)
    if cluster is None or not db.is_postgres:
        return Files(url, keystore_url)
    folder = sa.select(sa.text("oid")).select_from(sa.text("pg_database")).where(sa.text("datname = :name"))
    async with db.engine.connect() as connection:
        number = await connection.scalar(folder, {"name": TEMPLATE})
        since = await connection.scalar(sa.text("SELECT pg_walfile_name(pg_current_wal_lsn())"))
    return Files(url, keystore_url, cluster, cluster.data / "base" / str(number), str(since))


def _changed(file: Path, template: Path | None) -> bytes:
    """The pages of a file that are not as the template has them; a word may reach over two of them."""
    found, original = file.read_bytes(), template / file.name if template else None
    if original is None or not original.is_file():
        return found.rstrip(b"\0")
    known = original.read_bytes()
    if found == known:
        return b""
    pages = range(0, len(found), _PAGE)
    return b"".join(
        found[at : at + _PAGE] for at in pages if found[at : at + _PAGE] != known[at : at + _PAGE]
    )


def _beside(file: Path) -> list[Path]:
    """A SQLite file and its journal, log and shared memory."""
    return sorted(file.parent.glob(f"{file.name}*"))


def _files_in(*folders: Path) -> list[Path]:
    return [file for folder in folders if folder.is_dir() for file in folder.rglob("*")]


def _read(files: Iterable[Path]) -> Iterator[Piece]:
    for file in files:
        if file.is_file():
            yield Piece(file.name, file.read_bytes().rstrip(b"\0"))


def _bytes(value: Any) -> bytes:
    if value is None:
        return b""
    return bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode("utf-8", "replace")
