"""Members: who signs in, their sessions, second factors, one-time links, and counted tries"""

import sqlalchemy as sa
from alembic import op

from storage.migrations import guards

revision = "0013"
down_revision = "0011"
branch_labels = None
depends_on = None

_OF_MEMBER = (["account_id", "member_id"], ["member.account_id", "member.member_id"])


def upgrade() -> None:
    op.add_column(
        "account",
        sa.Column("second_factor_required", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    _member()
    _recovery_code()
    _web_session()
    _mail_link()
    _of_no_account()
    guards.guard("member", "recovery_code", "web_session", "mail_link")
    # By its keyed hash a person is found before it is known of which account; nothing else is seen of them.
    guards.guard_directory("member", "SELECT (account_id, member_id, email_key, google_key)")
    for table in ("web_session", "mail_link"):
        guards.let_expire(table, "account_id, token_hash, expires_at", "expires_at < now()")
    # Of no account: for sessions of none, and for purges as far as they are past their time.
    guards.shut("pending_signup", "throttle")
    guards.guard_directory("pending_signup", "SELECT, INSERT, DELETE")
    guards.guard_directory("throttle", "SELECT, INSERT, UPDATE, DELETE")
    guards.let_expire("pending_signup", "token_hash, expires_at", "expires_at < now()")
    guards.let_expire("throttle", "key, expires_at", "expires_at < now()")


def _member() -> None:
    op.create_table(
        "member",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.LargeBinary(16), nullable=False),
        sa.Column("email_key", sa.LargeBinary(16), nullable=False),
        sa.Column("google_key", sa.LargeBinary(16), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("role", sa.String(length=8), nullable=False),
        sa.Column("password", sa.String(length=80), nullable=True),
        sa.Column("totp", sa.LargeBinary(), nullable=True),
        sa.Column("totp_since", guards.instant(), nullable=True),
        sa.Column("totp_step", sa.BigInteger(), nullable=False),
        sa.Column("created_at", guards.instant(), nullable=False),
        sa.Column("signed_in_at", guards.instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.account_id"], name=op.f("fk_member_account"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", "member_id", name=op.f("pk_member")),
        sa.UniqueConstraint("email_key", name=op.f("uq_member_email_key")),
        sa.UniqueConstraint("google_key", name=op.f("uq_member_google_key")),
    )


def _recovery_code() -> None:
    op.create_table(
        "recovery_code",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.LargeBinary(16), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(length=32), nullable=False),
        sa.ForeignKeyConstraint(*_OF_MEMBER, name=op.f("fk_recovery_code_member"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("account_id", "member_id", "code_hash", name=op.f("pk_recovery_code")),
    )


def _web_session() -> None:
    op.create_table(
        "web_session",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("member_id", sa.LargeBinary(16), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("method", sa.String(length=16), nullable=False),
        sa.Column("device", sa.String(length=80), nullable=False),
        sa.Column("created_at", guards.instant(), nullable=False),
        sa.Column("seen_at", guards.instant(), nullable=False),
        sa.Column("confirmed_at", guards.instant(), nullable=False),
        sa.Column("expires_at", guards.instant(), nullable=False),
        sa.ForeignKeyConstraint(*_OF_MEMBER, name=op.f("fk_web_session_member"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("account_id", "token_hash", name=op.f("pk_web_session")),
    )
    op.create_index("ix_web_session_member", "web_session", ["account_id", "member_id"], unique=False)
    op.create_index(op.f("ix_web_session_expires_at"), "web_session", ["expires_at"], unique=False)


def _mail_link() -> None:
    op.create_table(
        "mail_link",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("member_id", sa.LargeBinary(16), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("role", sa.String(length=8), nullable=True),
        sa.Column("created_at", guards.instant(), nullable=False),
        sa.Column("expires_at", guards.instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.account_id"], name=op.f("fk_mail_link_account"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", "token_hash", name=op.f("pk_mail_link")),
    )
    op.create_index("ix_mail_link_member", "mail_link", ["account_id", "member_id"], unique=False)
    op.create_index(op.f("ix_mail_link_expires_at"), "mail_link", ["expires_at"], unique=False)


def _of_no_account() -> None:
    op.create_table(
        "pending_signup",
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", guards.instant(), nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_pending_signup")),
    )
    op.create_index(op.f("ix_pending_signup_expires_at"), "pending_signup", ["expires_at"], unique=False)
    op.create_table(
        "throttle",
        sa.Column("key", sa.LargeBinary(16), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("expires_at", guards.instant(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_throttle")),
    )
    op.create_index(op.f("ix_throttle_expires_at"), "throttle", ["expires_at"], unique=False)


def downgrade() -> None:
    for table in ("throttle", "pending_signup", "mail_link", "web_session", "recovery_code", "member"):
        op.drop_table(table)
    op.drop_column("account", "second_factor_required")
