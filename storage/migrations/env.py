"""Alembic's entry: runs on the connection that `storage.migrate` hands over."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext

from storage.models import Base


def plain_types(kind: str, item: Any, _context: AutogenContext) -> str | Literal[False]:
    """Writes our column types as what they are on either database: migrations import no application code."""
    name = type(item).__name__
    if kind != "type" or name not in ("Instant", "RecordId", "Document"):
        return False
    return {"Instant": "guards.instant()", "RecordId": "sa.LargeBinary(16)", "Document": "sa.Text()"}[name]


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    render_item=plain_types,
    compare_type=True,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
