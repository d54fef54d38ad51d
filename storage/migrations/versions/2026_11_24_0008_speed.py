"""Indexes that hold what questions ask for; whose trials end when; who is listed is summed up by day"""

from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import op
from sqlalchemy import delete, insert, select

from storage.metrics.tally import LISTED, listed
from storage.migrations import guards
from storage.types import Instant

revision = "0008"
down_revision = "0013"
branch_labels = None
depends_on = None

_OPEN, _FAILED, _TRIALING = "status = 'open'", "status = 'failed'", "status = 'trialing'"
_WIDER = (
    ("ix_customer_mrr_ends", "customer_mrr", ("ends_at",),
     ("currency", "starts_at", "mrr", "total", "profile_id"), None),
    ("ix_invoice_open", "invoice", ("due_at",),
     ("currency", "amount_remaining", "source_id", "id", "intent_id"), _OPEN),
    ("ix_payment_failed", "payment", ("source_id", "attempt_of"), ("created_at",), _FAILED),
    ("ix_subscription_trial", "subscription", ("trial_end",), ("source_id", "customer_id"), _TRIALING),
)  # fmt: skip
"""name, table, the columns after the account, those that it includes besides now, which rows"""

_account = sa.table("account", sa.column("account_id"), sa.column("time_zone"))
_mrr = sa.table(
    "customer_mrr",
    sa.column("account_id"),
    sa.column("profile_id"),
    sa.column("currency"),
    sa.column("starts_at", Instant()),
    sa.column("ends_at", Instant()),
)
_day = sa.table(
    "customer_day",
    sa.column("account_id"),
    sa.column("what"),
    sa.column("day", sa.Date()),
    sa.column("until", sa.Date()),
    sa.column("currency"),
    sa.column("amount"),
    sa.column("customers"),
)


def upgrade() -> None:
    for name, table, columns, more, only in _WIDER:
        _make_again(name, table, columns, only, postgresql_include=list(more))
    op.create_index(
        "ix_subscription_products", "subscription", ["source_id", "account_id", "products"], unique=False
    )
    _profile_trial()
    _list_again()


def _profile_trial() -> None:
    op.create_table(
        "profile_trial",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("profile_id", sa.LargeBinary(16), nullable=False),
        sa.Column("ends_at", guards.instant(), nullable=False),
        sa.Column("paid", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "profile_id", "ends_at", name=op.f("pk_profile_trial")),
    )
    op.create_index(
        "ix_profile_trial_ends",
        "profile_trial",
        ["account_id", "ends_at", "paid", "profile_id"],
        unique=False,
    )
    _forcing(False, "customer", "customer_mrr", "subscription")
    op.execute(
        "INSERT INTO profile_trial (account_id, profile_id, ends_at, paid)"
        " SELECT DISTINCT c.account_id, c.profile_id, s.trial_end, EXISTS (SELECT 1 FROM customer_mrr m"
        " WHERE m.account_id = c.account_id AND m.profile_id = c.profile_id) FROM subscription s"
        " JOIN customer c ON c.account_id = s.account_id AND c.source_id = s.source_id"
        " AND c.id = s.customer_id WHERE s.status = 'trialing' AND s.trial_end IS NOT NULL"
    )
    _forcing(True, "customer", "customer_mrr", "subscription")
    guards.guard("profile_trial")


def _forcing(forced: bool, *tables: str) -> None:
    """Whether PostgreSQL holds the owner of these tables to row-level security, too."""
    for table in tables if guards.on_postgres() else ():
        op.execute(f"ALTER TABLE {table} {'' if forced else 'NO '}FORCE ROW LEVEL SECURITY")


def _list_again() -> None:
    """Sums of who is listed had no days; they are added up anew from what they are sums of."""
    tables = ("account", "customer_day", "customer_mrr")
    _forcing(False, *tables)
    connection = op.get_bind()
    connection.execute(delete(_day).where(_day.c.what == LISTED))
    for account_id, zone in connection.execute(select(_account.c.account_id, _account.c.time_zone)).all():
        rows = connection.execute(
            select(_mrr.c.profile_id, _mrr.c.currency, _mrr.c.starts_at, _mrr.c.ends_at).where(
                _mrr.c.account_id == account_id
            )
        )
        sums = listed([], [(p, c, start, end) for p, c, start, end in rows], ZoneInfo(zone))
        for (what, day, until, currency), (amount, customers) in sums.items():
            connection.execute(
                insert(_day).values(
                    account_id=account_id,
                    what=what,
                    day=day,
                    until=until,
                    currency=currency,
                    amount=amount,
                    customers=customers,
                )
            )
    _forcing(True, *tables)


def downgrade() -> None:
    op.drop_table("profile_trial")
    op.drop_index("ix_subscription_products", table_name="subscription")
    for name, table, columns, _, only in _WIDER:
        _make_again(name, table, columns, only)


def _make_again(name: str, table: str, columns: tuple[str, ...], only: str | None, **more: Any) -> None:
    if not guards.on_postgres():  # it knows no columns that are only included
        return
    op.drop_index(name, table_name=table)
    where = sa.text(only) if only else None
    op.create_index(name, table, ["account_id", *columns], unique=False, postgresql_where=where, **more)
