"""MRR by product: what each product brings of a span"""

import sqlalchemy as sa
from alembic import op

from storage.migrations import guards

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "mrr_part",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("subscription_id", sa.LargeBinary(16), nullable=False),
        sa.Column("starts_at", guards.instant(), nullable=False),
        sa.Column("product_id", sa.LargeBinary(16), nullable=False),
        sa.Column("mrr", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "account_id",
            "source_id",
            "subscription_id",
            "starts_at",
            "product_id",
            name=op.f("pk_mrr_part"),
        ),
    )
    guards.guard("mrr_part")


def downgrade() -> None:
    op.drop_table("mrr_part")
