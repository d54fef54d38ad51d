"""Fixtures for the tests of keys: a key store on either database."""

from pathlib import Path

import pytest


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.needs_postgres)])
def keystore_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database for a key store: the test runs once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'keys.sqlite3'}"
    return str(request.getfixturevalue("postgres_url"))
