"""The key store's schema: three small tables, made on first use.

`key_store` has one row, which every writer locks; `data_key` holds the wrapped keys; `canary` one known
value wrapped by each master key version, to tell a wrong master key at the start.
"""

import os
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.schema import CreateTable

SCHEMA_VERSION = 1
ACCOUNT_ITSELF = 0  # the source_id of an account's own keys
INSTALLATION = 0  # the account_id of keys that are nobody's
DATA, IDS, SIGNING = "data", "ids", "sign"
TOMBSTONE_EPOCH = 0
CREATE_LOCK = 0x6368657779  # PostgreSQL advisory lock: one process makes the tables

metadata = sa.MetaData()
store = sa.Table(
    "key_store",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("changes", sa.BigInteger, nullable=False),
)
canary = sa.Table(
    "canary",
    metadata,
    sa.Column("kek_version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("wrapped", sa.LargeBinary, nullable=False),
)
data_key = sa.Table(
    "data_key",
    metadata,
    sa.Column("account_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("source_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("purpose", sa.String(8), primary_key=True),
    sa.Column("epoch", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("kek_version", sa.Integer, nullable=False),
    sa.Column("wrapped", sa.LargeBinary, nullable=False),
    sa.Column("seals", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    sa.Column("destroyed_at", sa.DateTime(timezone=True)),
)


async def create_tables(connection: AsyncConnection, *, lock: bool) -> None:
    """Makes what is missing; any number of processes may start at once (`lock`: PostgreSQL's way)."""
    if lock:
        await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(CREATE_LOCK)))
    made = await connection.run_sync(lambda sync: sa.inspect(sync).has_table(store.name))
    if made and await connection.scalar(sa.select(store.c.id)) is not None:
        return
    for table in (data_key, canary, store):
        await connection.execute(CreateTable(table, if_not_exists=True))
    first = sa.select(sa.literal(1), sa.literal(SCHEMA_VERSION), sa.literal(0)).where(
        ~sa.exists(sa.select(store.c.id))
    )
    await connection.execute(sa.insert(store).from_select(["id", "version", "changes"], first))


def prepare_sqlite(connection: Any, _: object) -> None:
    """A rollback journal, not WAL: after a commit no copy of an overwritten key is left in another file."""
    cursor = connection.cursor()
    for pragma in ("journal_mode = DELETE", "secure_delete = ON", "synchronous = FULL"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def make_private_file(file: Path) -> None:
    """SQLite would make the file readable by all. Raises OSError."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
