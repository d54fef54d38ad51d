"""Discord servers of an account"""

import sqlalchemy as sa
from alembic import op

from storage.migrations import guards

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "discord_guild",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("roles", sa.Text(), nullable=False),
        sa.Column("connected_at", guards.instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.account_id"], name=op.f("fk_discord_guild_account"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", "guild_id", name=op.f("pk_discord_guild")),
        sa.UniqueConstraint("guild_id", name=op.f("uq_discord_guild_guild_id")),
    )
    guards.guard("discord_guild")
    guards.guard_directory("discord_guild", "SELECT")


def downgrade() -> None:
    op.drop_table("discord_guild")
