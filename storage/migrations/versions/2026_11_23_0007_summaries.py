"""Summaries: sums by day and each customer's last MRR; indexes that questions of a time need"""

import sqlalchemy as sa
from alembic import op

from storage.migrations import guards

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_INDEXES = (
    ("ix_mrr_span_starts", "mrr_span", ("account_id", "starts_at"), None),
    ("ix_payment_failed_at", "payment", ("account_id", "created_at"), "status = 'failed'"),
)


def upgrade() -> None:
    _mrr_day()
    _customer_day()
    _customer_mrr()
    guards.guard("mrr_day", "customer_day", "customer_mrr")
    for name, table, columns, only in _INDEXES:
        where = sa.text(only) if only else None
        op.create_index(name, table, list(columns), unique=False, sqlite_where=where, postgresql_where=where)


def _mrr_day() -> None:
    op.create_table(
        "mrr_day",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("whole_month", sa.Boolean(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("product_id", sa.LargeBinary(16), nullable=False),
        sa.Column("interval", sa.String(length=16), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("spans", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "account_id", "source_id", "whole_month", "day", "currency", "product_id", "interval",
            name=op.f("pk_mrr_day"),
        ),
    )  # fmt: skip


def _customer_day() -> None:
    op.create_table(
        "customer_day",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("what", sa.String(length=16), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("customers", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "account_id", "what", "day", "until", "currency", name=op.f("pk_customer_day")
        ),
    )


def _customer_mrr() -> None:
    op.create_table(
        "customer_mrr",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("profile_id", sa.LargeBinary(16), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("starts_at", guards.instant(), nullable=False),
        sa.Column("ends_at", guards.instant(), nullable=True),
        sa.Column("mrr", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "account_id", "profile_id", "currency", "starts_at", name=op.f("pk_customer_mrr")
        ),
    )
    unending = sa.text("ends_at IS NULL")
    op.create_index(
        "ix_customer_mrr_rank",
        "customer_mrr",
        ["account_id", "currency", "mrr", "total", "profile_id"],
        unique=False,
        sqlite_where=unending,
        postgresql_where=unending,
    )
    op.create_index("ix_customer_mrr_ends", "customer_mrr", ["account_id", "ends_at"], unique=False)
    op.create_index("ix_customer_mrr_starts", "customer_mrr", ["account_id", "starts_at"], unique=False)


def downgrade() -> None:
    for name, table, _, _ in reversed(_INDEXES):
        op.drop_index(name, table_name=table)
    for table in ("customer_mrr", "customer_day", "mrr_day"):
        op.drop_table(table)
