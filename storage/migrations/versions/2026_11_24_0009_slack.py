"""Slack workspaces of an account, and connections under way"""

import sqlalchemy as sa
from alembic import op

from storage.migrations import guards

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_TABLES = ("slack_workspace", "slack_install")


def upgrade() -> None:
    op.create_table(
        "slack_workspace",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("workspace_id", sa.String(length=24), nullable=False),
        sa.Column("enterprise_id", sa.String(length=24), nullable=True),
        sa.Column("bot_user_id", sa.String(length=24), nullable=False),
        sa.Column("bot_id", sa.String(length=24), nullable=False),
        sa.Column("installed_by", sa.String(length=24), nullable=False),
        sa.Column("installed_at", guards.instant(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("expires_at", guards.instant(), nullable=True),
        sa.Column("renewing_until", guards.instant(), nullable=True),
        _of_account("slack_workspace"),
        sa.PrimaryKeyConstraint("account_id", "workspace_id", name=op.f("pk_slack_workspace")),
        sa.UniqueConstraint("workspace_id", name=op.f("uq_slack_workspace_workspace_id")),
    )
    op.create_table(
        "slack_install",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("install_id", sa.LargeBinary(16), nullable=False),
        sa.Column("step", sa.String(length=8), nullable=False),
        sa.Column("expires_at", guards.instant(), nullable=False),
        _of_account("slack_install"),
        sa.PrimaryKeyConstraint("account_id", "install_id", name=op.f("pk_slack_install")),
        sa.UniqueConstraint("install_id", name=op.f("uq_slack_install_install_id")),
    )
    op.create_index("ix_slack_install_expires_at", "slack_install", ["expires_at"], unique=False)
    guards.guard(*_TABLES)
    guards.guard_directory("slack_workspace", "SELECT (account_id, workspace_id)")
    guards.guard_directory("slack_install", "SELECT")
    guards.let_expire("slack_install", "account_id, install_id, expires_at", "expires_at < now()")


def _of_account(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["account_id"], ["account.account_id"], name=op.f(f"fk_{table}_account"), ondelete="CASCADE"
    )


def downgrade() -> None:
    for table in reversed(_TABLES):
        op.drop_table(table)
