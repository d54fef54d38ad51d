"""Thoughts: what was decided, who wants it where, what was posted for it, what is muted"""

from datetime import datetime

import sqlalchemy as sa
from alembic import op

from storage.migrations import guards

revision = "0012"
down_revision = "0007"
branch_labels = None
depends_on = None

_TABLES = ("thought", "thought_profile", "alert", "letter", "delivery", "mute")


def upgrade() -> None:
    op.add_column("source", sa.Column("news_since", guards.instant(), nullable=True))
    _thought()
    _alert()
    _letter()
    _delivery()
    _mute()
    guards.guard(*_TABLES)
    guards.let_expire(
        "thought", "account_id, thought_id, decided_at", "decided_at < now() - interval '2160 hours'"
    )
    guards.let_expire("letter", "account_id, letter_id, made_at", "made_at < now() - interval '2160 hours'")


def downgrade() -> None:
    guards.stop_expiring("letter")
    guards.stop_expiring("thought")
    for table in reversed(_TABLES):
        op.drop_table(table)
    with op.batch_alter_table("source") as source:
        source.drop_column("news_since")


def _id(name: str, *, nullable: bool = False) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary(16), nullable=nullable)


def _number(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), autoincrement=False, nullable=nullable)


def _word(name: str, length: int, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=length), nullable=nullable)


def _moment(name: str, *, nullable: bool = False) -> sa.Column[datetime]:
    return sa.Column(name, guards.instant(), nullable=nullable)


def _key(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint("account_id", *columns, name=op.f(f"pk_{table}"))


def _of_account(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["account_id"], ["account.account_id"], name=op.f(f"fk_{table}_account"), ondelete="CASCADE"
    )


def _of(table: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["account_id", f"{other}_id"],
        [f"{other}.account_id", f"{other}.{other}_id"],
        name=op.f(f"fk_{table}_{other}"),
        ondelete="CASCADE",
    )


def _index(name: str, table: str, *columns: str, where: str | None = None) -> None:
    only = sa.text(where) if where else None
    op.create_index(name, table, list(columns), unique=False, sqlite_where=only, postgresql_where=only)


def _thought() -> None:
    op.create_table(
        "thought",
        _number("account_id"),
        _id("thought_id"),
        _word("kind", 40),
        _id("matter_id"),
        _number("source_id", nullable=True),
        _word("stage", 12),
        sa.Column("critical", sa.Boolean(), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        _moment("at"),
        _moment("decided_at"),
        _moment("routed_at", nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        _of_account("thought"),
        _key("thought", "thought_id"),
    )
    _index("ix_thought_decided", "thought", "decided_at")
    _index("ix_thought_matter", "thought", "account_id", "matter_id")
    _index("ix_thought_unrouted", "thought", "account_id", "decided_at", where="routed_at IS NULL")
    op.create_table(
        "thought_profile",
        _number("account_id"),
        _id("thought_id"),
        _id("profile_id"),
        _of("thought_profile", "thought"),
        _key("thought_profile", "thought_id", "profile_id"),
    )
    _index("ix_thought_profile_profile", "thought_profile", "account_id", "profile_id")


def _alert() -> None:
    op.create_table(
        "alert",
        _number("account_id"),
        _number("alert_id"),
        _word("platform", 16),
        _word("team", 64),
        _word("place", 64),
        _word("state", 8),
        _word("made_by", 64),
        _moment("made_at"),
        _moment("digest_at", nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        _of_account("alert"),
        _key("alert", "alert_id"),
    )
    _index("ix_alert_place", "alert", "account_id", "platform", "team", "place")


def _letter() -> None:
    op.create_table(
        "letter",
        _number("account_id"),
        _id("letter_id"),
        _number("alert_id"),
        _word("kind", 12),
        _id("under", nullable=True),
        _word("state", 8),
        _moment("made_at"),
        _moment("due_at"),
        sa.Column("tries", sa.Integer(), nullable=False),
        _moment("leased_until", nullable=True),
        _id("lease", nullable=True),
        _moment("sent_at", nullable=True),
        _word("channel", 64, nullable=True),
        _word("ts", 64, nullable=True),
        _word("note", 64, nullable=True),
        _of("letter", "alert"),
        _key("letter", "letter_id"),
    )
    _index("ix_letter_made", "letter", "made_at")
    _index("ix_letter_alert", "letter", "account_id", "alert_id", "made_at")
    _index("ix_letter_due", "letter", "account_id", "due_at", where="state IN ('due', 'sending')")


def _delivery() -> None:
    op.create_table(
        "delivery",
        _number("account_id"),
        _number("alert_id"),
        _id("thought_id"),
        _word("state", 8),
        _word("why", 24, nullable=True),
        _moment("at"),
        _id("letter_id", nullable=True),
        _of("delivery", "alert"),
        _of("delivery", "thought"),
        _key("delivery", "alert_id", "thought_id"),
    )
    _index("ix_delivery_letter", "delivery", "account_id", "letter_id")
    _index("ix_delivery_thought", "delivery", "account_id", "thought_id")


def _mute() -> None:
    op.create_table(
        "mute",
        _number("account_id"),
        _number("alert_id"),
        _word("kind", 40),
        _id("profile_id"),
        _moment("until", nullable=True),
        _word("made_by", 64),
        _moment("made_at"),
        _of("mute", "alert"),
        _key("mute", "alert_id", "kind", "profile_id"),
    )
    _index("ix_mute_profile", "mute", "account_id", "profile_id")
