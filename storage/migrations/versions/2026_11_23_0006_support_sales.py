"""Support and sales: contacts, owners, tickets, deals, and what people said of profiles"""

import sqlalchemy as sa
from alembic import op

from storage.migrations import guards

revision = "0006"
down_revision = "0004"
branch_labels = None
depends_on = None

_OPEN = sa.text("state NOT IN ('solved', 'closed')")
_HAS_EMAIL = sa.text("email_key IS NOT NULL")


def _of_source(name: str, *columns: sa.Column[object], key: tuple[str, ...]) -> None:
    """A table of a source's rows, whose primary key ends in `key`."""
    op.create_table(
        name,
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        *columns,
        sa.PrimaryKeyConstraint("account_id", "source_id", *key, name=op.f(f"pk_{name}")),
    )
    guards.guard(name)


def _id(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.LargeBinary(16), nullable=nullable)


def _records(name: str, *columns: sa.Column[object]) -> None:
    """A table of a source's objects."""
    _of_source(name, _id("id"), *columns, _id("fingerprint"), key=("id",))


def _sealed() -> sa.Column[object]:
    return sa.Column("sealed", sa.LargeBinary(), nullable=False)


def _instant(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, guards.instant(), nullable=nullable)


def upgrade() -> None:
    op.add_column("customer", _id("owner_id", nullable=True))
    op.add_column("customer_link", sa.Column("of", sa.String(length=8), nullable=False, server_default="id"))
    op.add_column("profile", _id("owner_id", nullable=True))
    _people()
    _support()
    _sales()
    op.create_table(
        "profile_link",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("one_source_id", sa.Integer(), nullable=False),
        _id("one_id"),
        sa.Column("other_source_id", sa.Integer(), nullable=False),
        _id("other_id"),
        sa.Column("apart", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint(
            "account_id",
            "one_source_id",
            "one_id",
            "other_source_id",
            "other_id",
            name=op.f("pk_profile_link"),
        ),
    )
    op.create_index("ix_profile_link_other", "profile_link", ["account_id", "other_source_id", "other_id"])
    guards.guard("profile_link")


def _people() -> None:
    _records("contact", _sealed(), _id("email_key", nullable=True), _instant("created_at"))
    op.create_index(
        "ix_contact_email_key",
        "contact",
        ["account_id", "source_id", "email_key"],
        sqlite_where=_HAS_EMAIL,
        postgresql_where=_HAS_EMAIL,
    )
    _of_source(
        "contact_customer",
        _id("contact_id"),
        _id("customer_id"),
        sa.Column("place", sa.SmallInteger(), nullable=False),
        key=("contact_id", "customer_id"),
    )
    op.create_index(
        "ix_contact_customer_customer", "contact_customer", ["account_id", "source_id", "customer_id"]
    )
    _records("owner", _sealed())


def _support() -> None:
    _records(
        "ticket",
        _sealed(),
        sa.Column("state", sa.String(length=16), nullable=False),
        _instant("opened_at"),
        _instant("closed_at", nullable=True),
        sa.Column("reply_seconds", sa.BigInteger(), nullable=True),
        _id("assignee_id", nullable=True),
        _id("customer_id", nullable=True),
        sa.Column("named", sa.Boolean(), nullable=False),
        _id("contact_id", nullable=True),
    )
    op.create_index("ix_ticket_opened", "ticket", ["account_id", "opened_at"])
    op.create_index("ix_ticket_customer", "ticket", ["account_id", "source_id", "customer_id"])
    op.create_index("ix_ticket_contact", "ticket", ["account_id", "source_id", "contact_id"])
    op.create_index(
        "ix_ticket_open",
        "ticket",
        ["account_id", "source_id", "customer_id"],
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )
    _records(
        "ticket_rating",
        _id("ticket_id"),
        sa.Column("good", sa.Boolean(), nullable=False),
        _instant("rated_at"),
    )
    op.create_index("ix_ticket_rating_rated", "ticket_rating", ["account_id", "rated_at"])
    op.create_index("ix_ticket_rating_ticket", "ticket_rating", ["account_id", "source_id", "ticket_id"])
    for of in ("ticket", "customer"):
        _of_source(
            f"{of}_tag",
            _id(f"{of}_id"),
            sa.Column("tag", sa.String(length=80), nullable=False),
            key=(f"{of}_id", "tag"),
        )
        op.create_index(f"ix_{of}_tag_tag", f"{of}_tag", ["account_id", "tag"])


def _sales() -> None:
    _records(
        "stage",
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("pipeline", sa.String(length=120), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
    )
    _records(
        "deal",
        _sealed(),
        sa.Column("state", sa.String(length=8), nullable=False),
        _id("stage_id", nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=True),
        _instant("closes_at", nullable=True),
        _id("owner_id", nullable=True),
        _id("customer_id", nullable=True),
        _instant("created_at"),
    )
    op.create_index("ix_deal_state", "deal", ["account_id", "state", "closes_at"])
    op.create_index("ix_deal_customer", "deal", ["account_id", "source_id", "customer_id"])


_TABLES = (
    "contact",
    "contact_customer",
    "owner",
    "ticket",
    "ticket_rating",
    "ticket_tag",
    "customer_tag",
    "stage",
    "deal",
    "profile_link",
)


def downgrade() -> None:
    for table in reversed(_TABLES):
        op.drop_table(table)
    op.drop_column("profile", "owner_id")
    op.drop_column("customer_link", "of")
    op.drop_column("customer", "owner_id")
