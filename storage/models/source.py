"""A connected source, how far its sync has come, and what it answered wrongly."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKeyConstraint, Integer, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, OfSource, Tenant
from storage.types import Document, Instant, RecordId


class SourceState(StrEnum):
    """A source takes rows only while `active`; `removing` says that its key is gone and its rows follow."""

    ACTIVE = "active"
    PAUSED = "paused"
    REMOVING = "removing"


class Source(Base, Tenant):
    """A system that the account has connected. The credential is sealed with the source's own key.

    `synced_at` is the end of the last complete sync: the "as of" of every answer. `left_out` names the
    streams that the key may not read or the server does not offer, with the reason; `live` is False for
    the vendor's test data. `switched_off` names optional fields that are not to be stored; `rekey_since` is
    when a customer was first deleted under the present data key: within a day it is renewed. `add_ons` are
    the products that were taken for add-ons when spans were last computed. `news_since` is when its
    very first load ended: what came before is history, and no news.
    """

    __tablename__ = "source"
    __table_args__ = (ForeignKeyConstraint(["account_id"], ["account.account_id"], ondelete="CASCADE"),)

    source_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    label: Mapped[str] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(16), default=SourceState.ACTIVE)
    base_url: Mapped[str | None] = mapped_column(String(500))
    live: Mapped[bool] = mapped_column(default=True)
    credential: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(Instant)
    switched_off: Mapped[tuple[str, ...]] = mapped_column(Document(tuple[str, ...]), default=tuple)
    reconciled_at: Mapped[datetime | None] = mapped_column(Instant)
    rekey_since: Mapped[datetime | None] = mapped_column(Instant)
    backfilled_at: Mapped[datetime | None] = mapped_column(Instant)
    synced_at: Mapped[datetime | None] = mapped_column(Instant)
    news_since: Mapped[datetime | None] = mapped_column(Instant)
    left_out: Mapped[dict[str, str]] = mapped_column(Document(dict[str, str]), default=dict)
    add_ons: Mapped[tuple[bytes, ...]] = mapped_column(Document(tuple[bytes, ...]), default=tuple)


class Checkpoint(Base, OfSource):
    """How far one window of one stream has come: the cursor after its last committed page.

    The cursor holds a vendor's id, so it is sealed. A full sync starts by deleting the source's
    checkpoints; an interrupted one goes on from them.
    """

    __tablename__ = "checkpoint"
    __table_args__ = (
        ForeignKeyConstraint(
            ["account_id", "source_id"], ["source.account_id", "source.source_id"], ondelete="CASCADE"
        ),
    )

    stream: Mapped[str] = mapped_column(String(32), primary_key=True)
    window: Mapped[str] = mapped_column(String(64), primary_key=True)
    cursor: Mapped[bytes | None] = mapped_column(LargeBinary)
    done: Mapped[bool] = mapped_column(default=False)
    updated_at: Mapped[datetime] = mapped_column(Instant)


class SourceError(Base, OfSource):
    """A wrong answer of a source: facts from an allow-list, never a body, a key or a person. Kept 30 days."""

    __tablename__ = "source_error"
    __table_args__ = (
        ForeignKeyConstraint(
            ["account_id", "source_id"], ["source.account_id", "source.source_id"], ondelete="CASCADE"
        ),
    )

    error_id: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant, index=True)
    path: Mapped[str] = mapped_column(String(200))
    status: Mapped[int | None] = mapped_column(Integer)
    code: Mapped[str | None] = mapped_column(String(64))
    request_id: Mapped[str | None] = mapped_column(String(64))
    attempt: Mapped[int] = mapped_column(Integer)


class Erased(Base, OfSource):
    """A person erased here on request: keyed look-ups that keep the source from bringing them back."""

    __tablename__ = "erased"
    __table_args__ = (
        ForeignKeyConstraint(
            ["account_id", "source_id"], ["source.account_id", "source.source_id"], ondelete="CASCADE"
        ),
    )

    email_key: Mapped[bytes] = mapped_column(RecordId, primary_key=True)
    erased_at: Mapped[datetime] = mapped_column(Instant)


class Tombstone(Base, OfSource):
    """A customer that the source deleted, as a keyed hash: late pages and events cannot bring it back.

    `deleted_at` None: a person who was erased here on request, and whose source still has them.
    """

    __tablename__ = "tombstone"
    __table_args__ = (
        ForeignKeyConstraint(
            ["account_id", "source_id"], ["source.account_id", "source.source_id"], ondelete="CASCADE"
        ),
    )

    customer_id: Mapped[bytes] = mapped_column(RecordId, primary_key=True)
    deleted_at: Mapped[datetime | None] = mapped_column(Instant)
