"""JSON that the database writes is what Python would have written."""

import json
from datetime import datetime
from typing import Any

import msgspec
import pytest
from sqlalchemy import select, update

from storage import models
from storage.models.base import table_of
from storage.trust.json_rows import json_of
from storage.trust.plain_rows import as_plain, opened_values, shown_columns
from tests.promises.filling import fill_empty_tables, tenant_tables
from tests.world import World


@pytest.mark.parametrize("whole", [True, False], ids=["every column filled", "nothing where that may be"])
async def test_every_table_is_written_alike(world: World, whole: bool) -> None:
    """Ids, times, documents, truth values and nothing: each column of each table, on either database."""
    url = world.db.engine.url.render_as_string(hide_password=False)
    await fill_empty_tables(url, world.account_id, world.source_id, whole=whole)
    async with world.db.tenant(world.account_id, read_only=True) as session:
        connection = await session.connection()
        for table in tenant_tables():
            of_account = table.c.account_id == world.account_id
            written = select(json_of(table, postgres=world.db.is_postgres)).where(of_account).limit(1)
            shown = select(*shown_columns(table)).where(of_account).limit(1)
            ours = (await connection.execute(shown)).mappings().one()
            left = opened_values(table, ours, None)
            plain = {name: value for name, value in _plain(table, ours).items() if name not in left}
            theirs = json.loads((await connection.execute(written)).scalar_one())
            assert {name: _alike(value) for name, value in theirs.items()} == plain, table.name


def _plain(table: Any, row: Any) -> dict[str, Any]:
    decoded = json.loads(msgspec.json.encode(as_plain(table, row, None)))
    return {name: _alike(value) for name, value in decoded.items()}


def _alike(value: Any) -> Any:
    """A time with or without its microseconds where there are none."""
    return value.replace(".000000Z", "Z") if isinstance(value, str) else value


@pytest.mark.parametrize(
    "at", ["2026-11-23T12:00:00.000001Z", "1969-12-31T23:59:59.999999Z", "0999-01-01T00:00:00.000000Z"]
)
async def test_moments_are_exact(world: World, at: str) -> None:
    """To the microsecond, also before 1970."""
    table = table_of(models.Source)
    written = select(json_of(table, postgres=world.db.is_postgres))
    async with world.db.tenant(world.account_id) as session:
        await session.execute(update(models.Source).values(created_at=datetime.fromisoformat(at)))
        found = await (await session.connection()).scalar(
            written.where(table.c.account_id == world.account_id)
        )
    assert json.loads(found)["created_at"] == at
