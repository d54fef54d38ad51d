"""Chat: who may see what, messages that wait, long buttons, votes on answers"""

import sqlalchemy as sa
from alembic import op

from storage.migrations import guards

revision = "0010"
down_revision = "0012"
branch_labels = None
depends_on = None

_TABLES = ("chat_access", "outgoing", "kept_button", "feedback")


def upgrade() -> None:
    op.create_table(
        "chat_access",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("platform", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("subject", sa.String(length=32), nullable=False),
        sa.Column("choice", sa.String(length=16), nullable=False),
        sa.Column("chosen_at", guards.instant(), nullable=False),
        *_keys("chat_access", "platform", "kind", "subject"),
    )
    op.create_table(
        "outgoing",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.LargeBinary(16), nullable=False),
        sa.Column("lane", sa.LargeBinary(16), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("address", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("personal", sa.Boolean(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", guards.instant(), nullable=False),
        sa.Column("held_until", guards.instant(), nullable=True),
        sa.Column("until", guards.instant(), nullable=False),
        *_keys("outgoing", "item_id"),
    )
    op.create_index("ix_outgoing_lane", "outgoing", ["account_id", "lane", "number"], unique=False)
    op.create_index("ix_outgoing_until", "outgoing", ["until"], unique=False)
    op.create_table(
        "kept_button",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("button_id", sa.LargeBinary(16), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("personal", sa.Boolean(), nullable=False),
        sa.Column("expires_at", guards.instant(), nullable=False),
        *_keys("kept_button", "button_id"),
    )
    op.create_index("ix_kept_button_expires_at", "kept_button", ["expires_at"], unique=False)
    op.create_table(
        "feedback",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("feedback_id", sa.LargeBinary(16), nullable=False),
        sa.Column("at", guards.instant(), nullable=False),
        sa.Column("platform", sa.String(length=16), nullable=False),
        sa.Column("is_good", sa.Boolean(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("interpreter", sa.String(length=16), nullable=False),
        sa.Column("plan", sa.Text(), nullable=True),
        *_keys("feedback", "feedback_id"),
    )
    op.create_index("ix_feedback_at", "feedback", ["account_id", "at"], unique=False)
    guards.guard(*_TABLES)
    guards.let_expire("outgoing", "account_id, item_id, until", "until < now()")
    guards.let_expire("kept_button", "account_id, button_id, expires_at", "expires_at < now()")


def _keys(table: str, *columns: str) -> tuple[sa.ForeignKeyConstraint, sa.PrimaryKeyConstraint]:
    owner = sa.ForeignKeyConstraint(
        ["account_id"], ["account.account_id"], name=op.f(f"fk_{table}_account"), ondelete="CASCADE"
    )
    return owner, sa.PrimaryKeyConstraint("account_id", *columns, name=op.f(f"pk_{table}"))


def downgrade() -> None:
    for table in reversed(_TABLES):
        op.drop_table(table)
