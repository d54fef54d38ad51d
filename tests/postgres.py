"""A PostgreSQL of the tests' own: a temporary cluster, one a test process; a clean database a test."""

import asyncio
import atexit
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

_MISSING = "PostgreSQL's server binaries were not found (install postgresql, or set TEST_DATABASE_URL)"


TEMPLATE = "chewbotta_template"
_OF_TESTS = {
    "autovacuum": "off",  # statistics are what a test makes them
    "full_page_writes": "off",
    "min_wal_size": "2MB",
    "max_wal_size": "64MB",
    "wal_keep_size": "32MB",
}


def find_binaries() -> Path | None:
    """The folder of initdb and postgres, or None."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)
    if found:
        return found[0].parent
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path and shutil.which("postgres") else None


def why_missing() -> str | None:
    """A reason to skip, or None when PostgreSQL can be had."""
    return None if os.environ.get("TEST_DATABASE_URL") or find_binaries() else _MISSING


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Cluster:
    """A running server on loopback. `fsync` off unless a test is about durability."""

    def __init__(self, *, fsync: bool = False) -> None:
        binaries = find_binaries()
        if binaries is None:
            raise RuntimeError(_MISSING)
        self._binaries = binaries
        self._folder = Path(tempfile.mkdtemp(prefix="chewbotta-pg-"))
        self.data = self._folder / "data"
        self.port = _free_port()
        # PostgreSQL refuses to run as root.
        self._user = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
        if self._user:
            os.chown(self._folder, self._user.pw_uid, self._user.pw_gid)
        self._run(
            "initdb",
            "-D",
            str(self.data),
            "-U",
            "postgres",
            "-A",
            "trust",
            "--no-sync",
            "--wal-segsize=1",  # MB: a search of the log reads what a test wrote, not what all tests wrote
            "-E",
            "UTF8",
            "--locale=C",
        )
        options = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": "",
            "fsync": "on" if fsync else "off",
            "max_connections": 100,
            "shared_buffers": "128MB",
            **({} if fsync else _OF_TESTS),
        }
        arguments = [f"--{name}={value}" for name, value in options.items()]
        self.process = subprocess.Popen(
            [str(self._binaries / "postgres"), "-D", str(self.data), *arguments],
            stdout=subprocess.DEVNULL,
            stderr=(self._folder / "log").open("wb"),
            cwd=self._folder,
            **self._as_user(),
        )
        self._wait_until_ready()
        atexit.register(self.stop)

    def _as_user(self) -> dict[str, int]:
        return {"user": self._user.pw_uid, "group": self._user.pw_gid} if self._user else {}

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [str(self._binaries / program), *arguments],
            check=True,
            capture_output=True,
            cwd=self._folder,
            **self._as_user(),
        )

    def _wait_until_ready(self) -> None:
        for _ in range(300):
            ready = subprocess.run(
                [str(self._binaries / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)],
                check=False,
            )
            if ready.returncode == 0:
                return
            time.sleep(0.05)
        raise RuntimeError((self._folder / "log").read_text()[-2000:])

    def url(self, database: str) -> str:
        return f"postgresql+asyncpg://postgres@127.0.0.1:{self.port}/{database}"

    def dump(self, database: str) -> bytes:
        """A logical dump of everything in `database`, as SQL text."""
        done = subprocess.run(
            [
                str(self._binaries / "pg_dump"),
                "-h",
                "127.0.0.1",
                "-p",
                str(self.port),
                "-U",
                "postgres",
                database,
            ],
            check=True,
            capture_output=True,
        )
        return done.stdout

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)


def unused_name() -> str:
    return f"chewbotta_test_{secrets.token_hex(6)}"


_SHAPE = """
SELECT ARRAY[
  (SELECT sum(xmin::text::bigint) FROM pg_class WHERE relnamespace = 'public'::regnamespace),
  (SELECT sum(xmin::text::bigint) FROM pg_attribute WHERE attrelid IN (TABLE ours)),
  (SELECT sum(xmin::text::bigint) FROM pg_constraint WHERE connamespace = 'public'::regnamespace),
  (SELECT sum(xmin::text::bigint) FROM pg_trigger WHERE tgrelid IN (TABLE ours)),
  (SELECT sum(xmin::text::bigint) FROM pg_policy), (SELECT count(*) FROM pg_statistic WHERE starelid > 16383),
  (SELECT sum(xmin::text::bigint) FROM pg_proc WHERE pronamespace = 'public'::regnamespace)
]::numeric[]"""
_OURS = "WITH ours AS (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)"
"""What tables, rules, triggers, functions and statistics look like: a test that changes any gets its database
thrown away."""


@dataclass(slots=True)
class _Kept:
    """A database of the pool, with a connection of the pool's own."""

    name: str
    connection: Any
    shape: Any
    uses: int = 0


class Pool:
    """Clean, migrated databases, each used by one test after another: its rows are deleted in between.

    Making one takes ten times as long as cleaning one.
    """

    MOST_USES = 40
    """Then dead rows begin to cost more than a new database."""

    def __init__(self, cluster: Cluster, template: str) -> None:
        self._cluster, self._template = cluster, template
        self._runner = asyncio.Runner()
        self._idle: list[_Kept] = []
        self._taken: dict[str, _Kept] = {}

    def take(self) -> str:
        """The URL of a clean database."""
        kept = self._idle.pop() if self._idle else self._runner.run(self._make())
        self._taken[kept.name] = kept
        return self._cluster.url(kept.name)

    def give_back(self, url: str) -> None:
        kept = self._taken.pop(url.rpartition("/")[2])
        kept.uses += 1
        if self._runner.run(self._clean(kept)):
            self._idle.append(kept)
        else:
            self._runner.run(self._drop(kept))

    def close(self) -> None:
        for kept in (*self._idle, *self._taken.values()):
            kept.connection.terminate()
        self._runner.close()

    async def _make(self) -> _Kept:
        name = unused_name()
        # Copying files is quicker than logging them, and leaves the log to the test.
        await self._on_cluster(f"CREATE DATABASE {name} TEMPLATE {self._template} STRATEGY FILE_COPY")
        connection = await self._connect(name)
        return _Kept(name, connection, await connection.fetchval(_OURS + _SHAPE))

    async def _clean(self, kept: _Kept) -> bool:
        """False where it cannot be used again."""
        if kept.uses >= self.MOST_USES:
            return False
        try:
            await kept.connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            if await kept.connection.fetchval(_OURS + _SHAPE) != kept.shape:
                return False
            await kept.connection.execute(_EMPTY)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            return False
        return True

    async def _drop(self, kept: _Kept) -> None:
        kept.connection.terminate()
        await self._on_cluster(f"DROP DATABASE {kept.name} WITH (FORCE)")

    async def _on_cluster(self, statement: str) -> None:
        connection = await self._connect("postgres")
        await connection.execute(statement)
        await connection.close()

    async def _connect(self, name: str) -> Any:
        return await asyncpg.connect(self._cluster.url(name).replace("+asyncpg", ""))


_EMPTY = """
DO $$ DECLARE one record; BEGIN
  SET LOCAL session_replication_role = replica;
  FOR one IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
    IF one.tablename <> 'alembic_version' THEN EXECUTE format('DELETE FROM %I', one.tablename); END IF;
  END LOOP;
  FOR one IN SELECT sequencename, start_value FROM pg_sequences WHERE schemaname = 'public' LOOP
    PERFORM setval(one.sequencename::regclass, one.start_value, false);
  END LOOP;
END $$"""
"""Triggers and foreign keys stand aside: the order of the tables does not matter, nor what is append-only."""
