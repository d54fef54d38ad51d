"""Exchange rates of an account"""

import sqlalchemy as sa
from alembic import op

from storage.migrations import guards

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "currency_rate",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("base", sa.String(length=3), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("rate", sa.String(length=40), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.account_id"], name=op.f("fk_currency_rate_account"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", "base", "currency", "day", name=op.f("pk_currency_rate")),
    )
    op.add_column("account", sa.Column("rated", sa.Text(), nullable=False, server_default="[]"))
    guards.guard("currency_rate")


def downgrade() -> None:
    op.drop_column("account", "rated")
    op.drop_table("currency_rate")
