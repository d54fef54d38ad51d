"""Where benchmarks run: fresh databases, on PostgreSQL with fsync; the vendor's server; processes."""

import asyncio
import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from storage import migrate
from tests import postgres

ROOT = Path(__file__).resolve().parents[1]


class Databases:
    """Fresh, migrated databases: files in a folder ("SQLite"), or of a cluster of its own ("PostgreSQL")."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.kind, self._folder = kind, folder
        self._cluster = postgres.Cluster(fsync=True) if kind == "PostgreSQL" else None
        self._template = self._new_url()
        asyncio.run(self._make(self._template))

    def fresh(self) -> str:
        """The URL of a new database."""
        return self.copy(self._template)

    def copy(self, original: str) -> str:
        """The URL of a new database that is like another, which nobody is connected to."""
        url = self._new_url()
        if self._cluster:
            copied = f"CREATE DATABASE {_name(url)} TEMPLATE {_name(original)}"
            asyncio.run(_on_cluster(self._cluster, copied))
        else:
            shutil.copy(_name(original), _name(url))
        return url

    def drop(self, url: str) -> None:
        """Makes room on the disk."""
        if self._cluster:
            asyncio.run(_on_cluster(self._cluster, f"DROP DATABASE {_name(url)} WITH (FORCE)"))

    def stop(self) -> None:
        if self._cluster:
            self._cluster.stop()

    def _new_url(self) -> str:
        name = f"bench_{secrets.token_hex(4)}"
        return (
            self._cluster.url(name) if self._cluster else f"sqlite+aiosqlite:///{self._folder}/{name}.sqlite3"
        )

    async def _make(self, url: str) -> None:
        if self._cluster:
            await _on_cluster(self._cluster, f"CREATE DATABASE {_name(url)}")
        await migrate.upgrade(url)


def _name(url: str) -> str:
    """The database's name, or the file of SQLite."""
    return url.partition("///")[2] if url.startswith("sqlite") else url.rpartition("/")[2]


async def _on_cluster(cluster: postgres.Cluster, statement: str) -> None:
    engine = create_async_engine(cluster.url("postgres"), isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text(statement))
    await engine.dispose()


@contextmanager
def vendor(world: Path, copies: int, *options: str) -> Iterator[str]:
    """The test server in a process of its own; its URL."""
    command = [
        "tests.vendors.stripe",
        "--world",
        str(world),
        "--copies",
        str(copies),
        "--port",
        "0",
        *options,
    ]
    with subprocess.Popen(
        _python(*command), stdout=subprocess.PIPE, text=True, cwd=ROOT, env=_clean()
    ) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def measured(module: str, **arguments: Any) -> dict[str, Any]:
    """What the module, run alone, reports of its costs."""
    done = subprocess.run(
        _python(f"benchmarks.{module}", json.dumps(arguments)),
        stdout=subprocess.PIPE, check=True, cwd=ROOT, env=_clean(),
    )  # fmt: skip
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _python(*command: str) -> list[str]:
    return [sys.executable, "-m", *command]


def _clean() -> dict[str, str]:
    """The environment without whoever runs this having settings in it."""
    ours = ("SLACK_", "STRIPE_", "MASTER_KEY", "DATABASE_", "KEYSTORE_", "OPENAI_", "CHEWBOTTA_")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}
