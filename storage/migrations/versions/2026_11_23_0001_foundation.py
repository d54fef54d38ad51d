"""The foundation: accounts, sources, customers, billing, derived figures"""

import sqlalchemy as sa
from alembic import op

from storage.migrations import guards

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("account_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("sources_made", sa.Integer(), nullable=False),
        sa.Column("created_at", guards.instant(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_account")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "customer",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.LargeBinary(16), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("email_key", sa.LargeBinary(16), nullable=True),
        sa.Column("domain_key", sa.LargeBinary(16), nullable=True),
        sa.Column("name_key", sa.LargeBinary(16), nullable=True),
        sa.Column("phone_key", sa.LargeBinary(16), nullable=True),
        sa.Column("profile_id", sa.LargeBinary(16), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column("discounts", sa.Text(), nullable=False),
        sa.Column("created_at", guards.instant(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(16), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "source_id", "id", name=op.f("pk_customer")),
    )
    op.create_index(
        "ix_customer_domain_key",
        "customer",
        ["account_id", "source_id", "domain_key"],
        unique=False,
        sqlite_where=sa.text("domain_key IS NOT NULL"),
        postgresql_where=sa.text("domain_key IS NOT NULL"),
    )
    op.create_index(
        "ix_customer_email_key",
        "customer",
        ["account_id", "source_id", "email_key"],
        unique=False,
        sqlite_where=sa.text("email_key IS NOT NULL"),
        postgresql_where=sa.text("email_key IS NOT NULL"),
    )
    op.create_index(
        "ix_customer_name_key",
        "customer",
        ["account_id", "source_id", "name_key"],
        unique=False,
        sqlite_where=sa.text("name_key IS NOT NULL"),
        postgresql_where=sa.text("name_key IS NOT NULL"),
    )
    op.create_index(
        "ix_customer_phone_key",
        "customer",
        ["account_id", "source_id", "phone_key"],
        unique=False,
        sqlite_where=sa.text("phone_key IS NOT NULL"),
        postgresql_where=sa.text("phone_key IS NOT NULL"),
    )
    op.create_index("ix_customer_profile", "customer", ["account_id", "profile_id"], unique=False)
    op.create_table(
        "customer_link",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.LargeBinary(16), nullable=False),
        sa.Column("link_key", sa.LargeBinary(16), nullable=False),
        sa.PrimaryKeyConstraint(
            "account_id", "source_id", "customer_id", "link_key", name=op.f("pk_customer_link")
        ),
    )
    op.create_index(
        "ix_customer_link_key", "customer_link", ["account_id", "source_id", "link_key"], unique=False
    )
    op.create_table(
        "dispute",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.LargeBinary(16), nullable=False),
        sa.Column("payment_id", sa.LargeBinary(16), nullable=True),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("created_at", guards.instant(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(16), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "source_id", "id", name=op.f("pk_dispute")),
    )
    op.create_index("ix_dispute_created", "dispute", ["account_id", "created_at"], unique=False)
    op.create_table(
        "invoice",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.LargeBinary(16), nullable=False),
        sa.Column("customer_id", sa.LargeBinary(16), nullable=True),
        sa.Column("subscription_id", sa.LargeBinary(16), nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("amount_due", sa.BigInteger(), nullable=False),
        sa.Column("amount_paid", sa.BigInteger(), nullable=False),
        sa.Column("amount_remaining", sa.BigInteger(), nullable=False),
        sa.Column("created_at", guards.instant(), nullable=False),
        sa.Column("due_at", guards.instant(), nullable=True),
        sa.Column("finalized_at", guards.instant(), nullable=True),
        sa.Column("paid_at", guards.instant(), nullable=True),
        sa.Column("voided_at", guards.instant(), nullable=True),
        sa.Column("attempt_count", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", guards.instant(), nullable=True),
        sa.Column("intent_id", sa.LargeBinary(16), nullable=True),
        sa.Column("lines", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(16), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "source_id", "id", name=op.f("pk_invoice")),
    )
    op.create_index("ix_invoice_created", "invoice", ["account_id", "created_at"], unique=False)
    op.create_index(
        "ix_invoice_customer", "invoice", ["account_id", "source_id", "customer_id"], unique=False
    )
    op.create_index(
        "ix_invoice_open",
        "invoice",
        ["account_id", "due_at"],
        unique=False,
        sqlite_where=sa.text("status = 'open'"),
        postgresql_where=sa.text("status = 'open'"),
    )
    op.create_table(
        "movement",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("profile_id", sa.LargeBinary(16), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("at", guards.instant(), nullable=False),
        sa.Column("type", sa.String(length=16), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=True),
        sa.Column("product_id", sa.LargeBinary(16), nullable=True),
        sa.Column("interval", sa.String(length=16), nullable=True),
        sa.PrimaryKeyConstraint("account_id", "profile_id", "currency", "day", name=op.f("pk_movement")),
    )
    op.create_index("ix_movement_at", "movement", ["account_id", "at"], unique=False)
    op.create_table(
        "mrr_span",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("subscription_id", sa.LargeBinary(16), nullable=False),
        sa.Column("starts_at", guards.instant(), nullable=False),
        sa.Column("ends_at", guards.instant(), nullable=True),
        sa.Column("customer_id", sa.LargeBinary(16), nullable=False),
        sa.Column("profile_id", sa.LargeBinary(16), nullable=False),
        sa.Column("product_id", sa.LargeBinary(16), nullable=True),
        sa.Column("interval", sa.String(length=16), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("mrr", sa.BigInteger(), nullable=False),
        sa.Column("trial", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint(
            "account_id", "source_id", "subscription_id", "starts_at", name=op.f("pk_mrr_span")
        ),
    )
    op.create_index(
        "ix_mrr_span_customer", "mrr_span", ["account_id", "source_id", "customer_id"], unique=False
    )
    op.create_index("ix_mrr_span_profile", "mrr_span", ["account_id", "profile_id"], unique=False)
    op.create_index("ix_mrr_span_time", "mrr_span", ["account_id", "ends_at", "starts_at"], unique=False)
    op.create_table(
        "payment",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.LargeBinary(16), nullable=False),
        sa.Column("customer_id", sa.LargeBinary(16), nullable=True),
        sa.Column("attempt_of", sa.LargeBinary(16), nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("created_at", guards.instant(), nullable=False),
        sa.Column("failure", sa.String(length=64), nullable=True),
        sa.Column("fingerprint", sa.LargeBinary(16), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "source_id", "id", name=op.f("pk_payment")),
    )
    op.create_index("ix_payment_created", "payment", ["account_id", "created_at"], unique=False)
    op.create_index(
        "ix_payment_customer",
        "payment",
        ["account_id", "source_id", "customer_id", "created_at"],
        unique=False,
    )
    op.create_index(
        "ix_payment_failed",
        "payment",
        ["account_id", "source_id", "attempt_of"],
        unique=False,
        sqlite_where=sa.text("status = 'failed'"),
        postgresql_where=sa.text("status = 'failed'"),
    )
    op.create_table(
        "price",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.LargeBinary(16), nullable=False),
        sa.Column("product_id", sa.LargeBinary(16), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(16), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "source_id", "id", name=op.f("pk_price")),
    )
    op.create_table(
        "product",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.LargeBinary(16), nullable=False),
        sa.Column("name", sa.String(length=250), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", guards.instant(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(16), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "source_id", "id", name=op.f("pk_product")),
    )
    op.create_table(
        "profile",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("profile_id", sa.LargeBinary(16), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=True),
        sa.Column("signed_up_at", guards.instant(), nullable=True),
        sa.Column("customer_since", guards.instant(), nullable=True),
        sa.Column("failing", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "profile_id", name=op.f("pk_profile")),
    )
    op.create_index("ix_profile_signed_up", "profile", ["account_id", "signed_up_at"], unique=False)
    op.create_index("ix_profile_since", "profile", ["account_id", "customer_since"], unique=False)
    op.create_index(
        "ix_profile_failing",
        "profile",
        ["account_id", "profile_id"],
        unique=False,
        sqlite_where=sa.text("failing = 1"),
        postgresql_where=sa.text("failing"),
    )
    op.create_table(
        "refund",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.LargeBinary(16), nullable=False),
        sa.Column("payment_id", sa.LargeBinary(16), nullable=True),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("created_at", guards.instant(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(16), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "source_id", "id", name=op.f("pk_refund")),
    )
    op.create_index("ix_refund_created", "refund", ["account_id", "created_at"], unique=False)
    op.create_table(
        "stale_customer",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.LargeBinary(16), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "source_id", "customer_id", name=op.f("pk_stale_customer")),
    )
    op.create_table(
        "subscription",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.LargeBinary(16), nullable=False),
        sa.Column("customer_id", sa.LargeBinary(16), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("items", sa.Text(), nullable=False),
        sa.Column("discounts", sa.Text(), nullable=False),
        sa.Column("created_at", guards.instant(), nullable=False),
        sa.Column("started_at", guards.instant(), nullable=False),
        sa.Column("trial_start", guards.instant(), nullable=True),
        sa.Column("trial_end", guards.instant(), nullable=True),
        sa.Column("current_period_start", guards.instant(), nullable=True),
        sa.Column("current_period_end", guards.instant(), nullable=True),
        sa.Column("cancel_at", guards.instant(), nullable=True),
        sa.Column("cancel_at_period_end", sa.Boolean(), nullable=False),
        sa.Column("canceled_at", guards.instant(), nullable=True),
        sa.Column("ended_at", guards.instant(), nullable=True),
        sa.Column("collection_paused", sa.Boolean(), nullable=False),
        sa.Column("first_seen_at", guards.instant(), nullable=False),
        sa.Column("products", sa.LargeBinary(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(16), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "source_id", "id", name=op.f("pk_subscription")),
    )
    op.create_index(
        "ix_subscription_customer", "subscription", ["account_id", "source_id", "customer_id"], unique=False
    )
    op.create_index(
        "ix_subscription_renews", "subscription", ["account_id", "current_period_end"], unique=False
    )
    op.create_index(
        "ix_subscription_trial",
        "subscription",
        ["account_id", "trial_end"],
        unique=False,
        sqlite_where=sa.text("status = 'trialing'"),
        postgresql_where=sa.text("status = 'trialing'"),
    )
    op.create_index(
        "ix_subscription_canceling",
        "subscription",
        ["account_id", "current_period_end"],
        unique=False,
        sqlite_where=sa.text("cancel_at_period_end = 1 OR cancel_at IS NOT NULL"),
        postgresql_where=sa.text("cancel_at_period_end OR cancel_at IS NOT NULL"),
    )
    op.create_table(
        "subscription_change",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("subscription_id", sa.LargeBinary(16), nullable=False),
        sa.Column("at", guards.instant(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("items", sa.Text(), nullable=False),
        sa.Column("discounts", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(
            "account_id", "source_id", "subscription_id", "at", name=op.f("pk_subscription_change")
        ),
    )
    op.create_table(
        "conversation",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.LargeBinary(length=16), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", guards.instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.account_id"], name=op.f("fk_conversation_account"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", "key", name=op.f("pk_conversation")),
    )
    op.create_index(op.f("ix_conversation_expires_at"), "conversation", ["expires_at"], unique=False)
    op.create_table(
        "seen_event",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("seen_at", guards.instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.account_id"], name=op.f("fk_seen_event_account"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", "key", name=op.f("pk_seen_event")),
    )
    op.create_index(op.f("ix_seen_event_seen_at"), "seen_event", ["seen_at"], unique=False)
    op.create_table(
        "source",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("label", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("base_url", sa.String(length=500), nullable=True),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.Column("credential", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", guards.instant(), nullable=False),
        sa.Column("backfilled_at", guards.instant(), nullable=True),
        sa.Column("synced_at", guards.instant(), nullable=True),
        sa.Column("left_out", sa.Text(), nullable=False),
        sa.Column("add_ons", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.account_id"], name=op.f("fk_source_account"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", "source_id", name=op.f("pk_source")),
    )
    op.create_table(
        "checkpoint",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("stream", sa.String(length=32), nullable=False),
        sa.Column("window", sa.String(length=64), nullable=False),
        sa.Column("cursor", sa.LargeBinary(), nullable=True),
        sa.Column("done", sa.Boolean(), nullable=False),
        sa.Column("updated_at", guards.instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id", "source_id"],
            ["source.account_id", "source.source_id"],
            name=op.f("fk_checkpoint_source"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("account_id", "source_id", "stream", "window", name=op.f("pk_checkpoint")),
    )
    op.create_table(
        "source_error",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("error_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("at", guards.instant(), nullable=False),
        sa.Column("path", sa.String(length=200), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("code", sa.String(length=64), nullable=True),
        sa.Column("request_id", sa.String(length=64), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id", "source_id"],
            ["source.account_id", "source.source_id"],
            name=op.f("fk_source_error_source"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("account_id", "source_id", "error_id", name=op.f("pk_source_error")),
    )
    op.create_index(op.f("ix_source_error_at"), "source_error", ["at"], unique=False)
    op.create_table(
        "tombstone",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.LargeBinary(16), nullable=False),
        sa.Column("deleted_at", guards.instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id", "source_id"],
            ["source.account_id", "source.source_id"],
            name=op.f("fk_tombstone_source"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("account_id", "source_id", "customer_id", name=op.f("pk_tombstone")),
    )
    guards.create_roles()
    guards.guard(
        "checkpoint",
        "conversation",
        "customer",
        "customer_link",
        "dispute",
        "invoice",
        "movement",
        "mrr_span",
        "payment",
        "price",
        "product",
        "profile",
        "refund",
        "seen_event",
        "source",
        "source_error",
        "stale_customer",
        "subscription",
        "subscription_change",
        "tombstone",
    )
    guards.guard("account", grants="SELECT, UPDATE, DELETE")
    guards.guard_directory("account", "SELECT, INSERT")
    guards.guard_directory("source", "SELECT")
    guards.allow_numbering("account_account_id_seq")


def downgrade() -> None:
    op.drop_table("tombstone")
    op.drop_index(op.f("ix_source_error_at"), table_name="source_error")
    op.drop_table("source_error")
    op.drop_table("checkpoint")
    op.drop_table("source")
    op.drop_index(op.f("ix_seen_event_seen_at"), table_name="seen_event")
    op.drop_table("seen_event")
    op.drop_index(op.f("ix_conversation_expires_at"), table_name="conversation")
    op.drop_table("conversation")
    op.drop_table("subscription_change")
    op.drop_index("ix_subscription_canceling", table_name="subscription")
    op.drop_index("ix_subscription_customer", table_name="subscription")
    op.drop_table("subscription")
    op.drop_table("stale_customer")
    op.drop_index("ix_refund_created", table_name="refund")
    op.drop_table("refund")
    op.drop_index("ix_profile_failing", table_name="profile")
    op.drop_index("ix_profile_since", table_name="profile")
    op.drop_index("ix_profile_signed_up", table_name="profile")
    op.drop_table("profile")
    op.drop_table("product")
    op.drop_table("price")
    op.drop_index(
        "ix_payment_failed",
        table_name="payment",
        sqlite_where=sa.text("status = 'failed'"),
        postgresql_where=sa.text("status = 'failed'"),
    )
    op.drop_index("ix_payment_customer", table_name="payment")
    op.drop_index("ix_payment_created", table_name="payment")
    op.drop_table("payment")
    op.drop_index("ix_mrr_span_time", table_name="mrr_span")
    op.drop_index("ix_mrr_span_profile", table_name="mrr_span")
    op.drop_index("ix_mrr_span_customer", table_name="mrr_span")
    op.drop_table("mrr_span")
    op.drop_index("ix_movement_at", table_name="movement")
    op.drop_table("movement")
    op.drop_index(
        "ix_invoice_open",
        table_name="invoice",
        sqlite_where=sa.text("status = 'open'"),
        postgresql_where=sa.text("status = 'open'"),
    )
    op.drop_index("ix_invoice_customer", table_name="invoice")
    op.drop_table("invoice")
    op.drop_index("ix_dispute_created", table_name="dispute")
    op.drop_table("dispute")
    op.drop_index("ix_customer_link_key", table_name="customer_link")
    op.drop_table("customer_link")
    op.drop_index("ix_customer_profile", table_name="customer")
    op.drop_index(
        "ix_customer_phone_key",
        table_name="customer",
        sqlite_where=sa.text("phone_key IS NOT NULL"),
        postgresql_where=sa.text("phone_key IS NOT NULL"),
    )
    op.drop_index(
        "ix_customer_name_key",
        table_name="customer",
        sqlite_where=sa.text("name_key IS NOT NULL"),
        postgresql_where=sa.text("name_key IS NOT NULL"),
    )
    op.drop_index(
        "ix_customer_email_key",
        table_name="customer",
        sqlite_where=sa.text("email_key IS NOT NULL"),
        postgresql_where=sa.text("email_key IS NOT NULL"),
    )
    op.drop_index(
        "ix_customer_domain_key",
        table_name="customer",
        sqlite_where=sa.text("domain_key IS NOT NULL"),
        postgresql_where=sa.text("domain_key IS NOT NULL"),
    )
    op.drop_table("customer")
    op.drop_table("account")
