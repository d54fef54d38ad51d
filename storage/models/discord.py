"""Discord servers (guilds) that an account has connected."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKeyConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, Tenant
from storage.types import Document, Instant


class DiscordGuild(Base, Tenant):
    """A Discord server whose people may ask for this account's data; it belongs to one account at most.

    `roles` are the ids of the server's roles whose members may ask: nobody else does.
    """

    __tablename__ = "discord_guild"
    __table_args__ = (
        ForeignKeyConstraint(["account_id"], ["account.account_id"], ondelete="CASCADE"),
        UniqueConstraint("guild_id"),
    )

    guild_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    roles: Mapped[tuple[int, ...]] = mapped_column(Document(tuple[int, ...]), default=tuple)
    connected_at: Mapped[datetime] = mapped_column(Instant)
