"""An empty machine on either database."""

from pathlib import Path

import pytest

from tests.e2e.machine import Machine, machine_in


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.needs_postgres)])
def machine(request: pytest.FixtureRequest, tmp_path: Path) -> Machine:
    """A machine on which nothing was ever done: the test runs once on SQLite and once on PostgreSQL."""
    url = None if request.param == "sqlite" else str(request.getfixturevalue("postgres_url"))
    return machine_in(tmp_path, url)


@pytest.fixture
def sqlite_machine(tmp_path: Path) -> Machine:
    """A machine on which nothing was ever done, with its database in a file."""
    return machine_in(tmp_path)
