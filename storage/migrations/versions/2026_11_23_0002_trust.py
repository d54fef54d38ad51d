"""Trust: the audit trail, purges, Messages, receipts, erasures, received webhooks"""

import sqlalchemy as sa
from alembic import op

from storage.migrations import append_only, guards

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "deleted_account",
        sa.Column("account_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("deleted_at", guards.instant(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_deleted_account")),
    )
    op.create_table(
        "purge_run",
        sa.Column("purge", sa.String(length=48), nullable=False),
        sa.Column("ran_at", guards.instant(), nullable=False),
        sa.Column("deleted", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("purge", name=op.f("pk_purge_run")),
    )
    op.create_table(
        "webhook_event",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.LargeBinary(16), nullable=False),
        sa.Column("received_at", guards.instant(), nullable=False),
        sa.Column("type", sa.String(length=80), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("failure", sa.String(length=120), nullable=True),
        sa.Column("customer_id", sa.LargeBinary(16), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "source_id", "event_id", name=op.f("pk_webhook_event")),
    )
    op.create_index("ix_webhook_event_received", "webhook_event", ["received_at"], unique=False)
    op.create_index(
        "ix_webhook_event_state",
        "webhook_event",
        ["account_id", "source_id", "state", "received_at"],
        unique=False,
    )
    op.create_index(
        "ix_webhook_event_customer", "webhook_event", ["account_id", "source_id", "customer_id"], unique=False
    )
    op.create_table(
        "audit_entry",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("at", guards.instant(), nullable=False),
        sa.Column("actor_kind", sa.String(length=16), nullable=False),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=120), nullable=False),
        sa.Column("origin", sa.String(length=64), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("before", sa.LargeBinary(length=32), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.account_id"], name=op.f("fk_audit_entry_account"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", "number", name=op.f("pk_audit_entry")),
    )
    op.create_index(op.f("ix_audit_entry_at"), "audit_entry", ["at"], unique=False)
    op.create_table(
        "audit_head",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("at", guards.instant(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.account_id"], name=op.f("fk_audit_head_account"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_audit_head")),
    )
    op.create_table(
        "message",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.LargeBinary(16), nullable=False),
        sa.Column("at", guards.instant(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("platform", sa.String(length=16), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("places", sa.LargeBinary(), nullable=True),
        sa.Column("due", sa.String(length=8), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.account_id"], name=op.f("fk_message_account"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", "message_id", name=op.f("pk_message")),
    )
    op.create_index("ix_message_at", "message", ["account_id", "at"], unique=False)
    op.create_table(
        "receipt",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("receipt_id", sa.LargeBinary(16), nullable=False),
        sa.Column("at", guards.instant(), nullable=False),
        sa.Column("content", sa.String(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.account_id"], name=op.f("fk_receipt_account"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", "receipt_id", name=op.f("pk_receipt")),
    )
    op.create_table(
        "erased",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("email_key", sa.LargeBinary(16), nullable=False),
        sa.Column("erased_at", guards.instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id", "source_id"],
            ["source.account_id", "source.source_id"],
            name=op.f("fk_erased_source"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("account_id", "source_id", "email_key", name=op.f("pk_erased")),
    )
    op.create_table(
        "message_profile",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.LargeBinary(16), nullable=False),
        sa.Column("profile_id", sa.LargeBinary(16), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id", "message_id"],
            ["message.account_id", "message.message_id"],
            name=op.f("fk_message_profile_message"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("account_id", "message_id", "profile_id", name=op.f("pk_message_profile")),
    )
    op.create_index(
        "ix_message_profile_profile", "message_profile", ["account_id", "profile_id"], unique=False
    )
    op.add_column("account", sa.Column("message_days", sa.Integer(), nullable=False, server_default="90"))
    op.add_column(
        "account",
        sa.Column("on_customer_deleted", sa.String(length=8), nullable=False, server_default="keep"),
    )
    op.add_column("account", sa.Column("deleting", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("account", sa.Column("rekey_since", guards.instant(), nullable=True))
    op.add_column(
        "conversation", sa.Column("personal", sa.Boolean(), nullable=False, server_default=sa.true())
    )
    op.add_column("source", sa.Column("switched_off", sa.Text(), nullable=False, server_default="[]"))
    op.add_column("source", sa.Column("reconciled_at", guards.instant(), nullable=True))
    op.add_column("source", sa.Column("rekey_since", guards.instant(), nullable=True))
    guards.guard("message", "message_profile", "receipt", "erased", "webhook_event")
    guards.open_to_system("deleted_account", "SELECT, INSERT")
    guards.open_to_system("alembic_version", "SELECT")
    _guard_audit_trail()
    _appoint_keeper()


def _guard_audit_trail() -> None:
    """Entries can be added and read. Nobody changes one; only the keeper takes away what is old enough."""
    guards.guard("audit_entry", grants="SELECT, INSERT")
    guards.guard("audit_head", grants="SELECT, INSERT, UPDATE")
    append_only.keep_appended(days=60)


def _appoint_keeper() -> None:
    """The role of purges: of each table it sees and deletes what is past its time by the database's clock."""
    guards.create_roles(guards.KEEPER_ROLE)
    guards.guard_directory("account", "SELECT (account_id, message_days, deleting)", guards.KEEPER_ROLE)
    for table, columns, expired in _EXPIRED:
        guards.let_expire(table, columns, expired)
    guards.let_expire(
        "audit_entry",
        "account_id, number, at, action, before, digest",
        "at < now() - interval '1440 hours' OR EXISTS (SELECT FROM account AS owner"
        " WHERE owner.account_id = audit_entry.account_id AND owner.deleting)",
    )
    guards.let_note("audit_entry", "INSERT", guards.KEEPER_ROLE, "action = 'purge:ran'")
    guards.let_note("audit_head", "SELECT, INSERT, UPDATE", guards.KEEPER_ROLE, "true")
    guards.open_to("purge_run", "SELECT, INSERT, UPDATE", guards.KEEPER_ROLE)
    guards.open_to_system("purge_run", "SELECT")


_EXPIRED = (
    ("source_error", "account_id, source_id, error_id, at", "at < now() - interval '720 hours'"),
    (
        "webhook_event",
        "account_id, source_id, event_id, received_at",
        "received_at < now() - interval '720 hours'",
    ),
    ("conversation", "account_id, key, expires_at", "expires_at < now()"),
    ("seen_event", "account_id, key, seen_at", "seen_at < now() - interval '24 hours'"),
    (
        "message",
        "account_id, message_id, at",
        "at < now() - make_interval(hours => 24 * (SELECT message_days FROM account AS owner"
        " WHERE owner.account_id = message.account_id))",
    ),
)
"""Table, the columns that the keeper may read of it, and which of its rows are past their time."""


def downgrade() -> None:
    op.drop_column("source", "rekey_since")
    op.drop_column("source", "reconciled_at")
    op.drop_column("source", "switched_off")
    op.drop_column("conversation", "personal")
    for table in ("source_error", "conversation", "seen_event"):
        guards.stop_expiring(table)
    guards.stop_directory("account", guards.KEEPER_ROLE)
    op.drop_index("ix_message_profile_profile", table_name="message_profile")
    op.drop_table("message_profile")
    op.drop_table("erased")
    op.drop_table("receipt")
    op.drop_index("ix_message_at", table_name="message")
    op.drop_table("message")
    op.drop_table("audit_head")
    op.drop_index(op.f("ix_audit_entry_at"), table_name="audit_entry")
    op.drop_table("audit_entry")
    append_only.drop_functions()
    op.drop_index("ix_webhook_event_customer", table_name="webhook_event")
    op.drop_index("ix_webhook_event_state", table_name="webhook_event")
    op.drop_index("ix_webhook_event_received", table_name="webhook_event")
    op.drop_table("webhook_event")
    op.drop_table("purge_run")
    op.drop_table("deleted_account")
    op.drop_column("account", "rekey_since")
    op.drop_column("account", "deleting")
    op.drop_column("account", "on_customer_deleted")
    op.drop_column("account", "message_days")
