"""Slack workspaces that an account has connected, and connections under way."""

from datetime import datetime

from sqlalchemy import ForeignKeyConstraint, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, Tenant
from storage.types import Instant, RecordId


class SlackWorkspace(Base, Tenant):
    """A workspace (T...) or a whole organisation (E...) that the app is installed in, for one account alone.

    `sealed` holds its tokens and its name, sealed with the account's key. A workspace that is served through
    its organisation's installation has none: `enterprise_id` names that then. `expires_at` is when the bot
    token ends, where tokens rotate; whoever renews it holds it until `renewing_until`.
    """

    __tablename__ = "slack_workspace"
    __table_args__ = (
        ForeignKeyConstraint(["account_id"], ["account.account_id"], ondelete="CASCADE"),
        UniqueConstraint("workspace_id"),
    )

    workspace_id: Mapped[str] = mapped_column(String(24), primary_key=True)
    enterprise_id: Mapped[str | None] = mapped_column(String(24))
    bot_user_id: Mapped[str] = mapped_column(String(24))
    bot_id: Mapped[str] = mapped_column(String(24))
    installed_by: Mapped[str] = mapped_column(String(24))
    installed_at: Mapped[datetime] = mapped_column(Instant)
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    expires_at: Mapped[datetime | None] = mapped_column(Instant)
    renewing_until: Mapped[datetime | None] = mapped_column(Instant)


class SlackInstall(Base, Tenant):
    """A connection under way: a link that begins one, or the state that Slack hands back, until it expires.

    `install_id` is a hash of what the browser holds, so that nothing here can be used to connect anything.
    """

    __tablename__ = "slack_install"
    __table_args__ = (
        ForeignKeyConstraint(["account_id"], ["account.account_id"], ondelete="CASCADE"),
        UniqueConstraint("install_id"),
        Index("ix_slack_install_expires_at", "expires_at"),
    )

    install_id: Mapped[bytes] = mapped_column(RecordId, primary_key=True)
    step: Mapped[str] = mapped_column(String(8))
    expires_at: Mapped[datetime] = mapped_column(Instant)
