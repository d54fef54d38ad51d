"""Slack workspaces: connected to one account each, their tokens sealed, removed with all that is theirs."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Self

import msgspec
from sqlalchemy import delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from storage.doer import Doer
from storage.errors import OperatorError
from storage.intake.bulk import among
from storage.keys.vault import Vault
from storage.models import Alert, ChatAccess, Conversation, SlackWorkspace
from storage.session import Database
from storage.trust import audit
from storage.trust.audit import Action, Kind, Subject
from storage.trust.keys_due import renew_account_key_since

_RENEWED_WITHIN = timedelta(seconds=30)
_SLACK = "slack"


class WorkspaceTaken(OperatorError):
    """The workspace is connected to another account."""


class SlackTokens(msgspec.Struct, frozen=True, kw_only=True, repr_omit_defaults=True):
    """What Slack gave for a workspace. `refresh` is there where its tokens rotate."""

    bot: str
    refresh: str | None = None
    name: str = ""

    def __repr__(self) -> str:
        return "SlackTokens(...)"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectedSlack:
    """A workspace or an organisation, without what is secret."""

    workspace_id: str
    enterprise_id: str | None
    bot_user_id: str
    bot_id: str
    installed_by: str
    installed_at: datetime
    expires_at: datetime | None = None

    def served(self, team_id: str) -> Self:
        """A workspace of this organisation, served with its token."""
        return replace(self, workspace_id=team_id, expires_at=None)

    @property
    def is_organisation(self) -> bool:
        return self.workspace_id == self.enterprise_id


@dataclass(frozen=True, slots=True)
class OpenedSlack:
    """With its tokens; None for a workspace that its organisation's token is for."""

    at: ConnectedSlack
    tokens: SlackTokens | None


async def workspace_account(db: Database, workspace_id: str) -> int | None:
    """The account that a workspace or an organisation is connected to."""
    async with db.system() as session:
        return await session.scalar(
            select(SlackWorkspace.account_id).where(SlackWorkspace.workspace_id == workspace_id)
        )


async def connect_workspace(
    db: Database,
    vault: Vault,
    account_id: int,
    workspace: ConnectedSlack,
    tokens: SlackTokens | None,
    *,
    by: Doer,
) -> None:
    """Connects it, or gives it new tokens. Raises WorkspaceTaken where it is another account's."""
    if await workspace_account(db, workspace.workspace_id) not in (None, account_id):
        raise WorkspaceTaken("This workspace is connected to another account: disconnect it there first.")
    keys = await vault.account_keys(account_id)
    id_ = workspace.workspace_id
    plain = None if tokens is None else msgspec.json.encode(tokens)
    row = {
        "account_id": account_id,
        "workspace_id": id_,
        "enterprise_id": workspace.enterprise_id,
        "bot_user_id": workspace.bot_user_id,
        "bot_id": workspace.bot_id,
        "installed_by": workspace.installed_by,
        "installed_at": workspace.installed_at,
        "sealed": plain
        and keys.seal(table="slack_workspace", row_id=id_.encode(), column="sealed", plaintext=plain),
        "expires_at": workspace.expires_at,
        "renewing_until": None,
    }
    dialect: Any = postgresql if db.is_postgres else sqlite
    insert = dialect.insert(SlackWorkspace)
    changed = {name: insert.excluded[name] for name in row if name not in ("account_id", "workspace_id")}
    upsert = insert.on_conflict_do_update(index_elements=["account_id", "workspace_id"], set_=changed)
    try:
        async with db.tenant(account_id) as session:
            await session.execute(upsert, [row])
            await _note(session, by, Action.WORKSPACE_CONNECTED, keys.record_id("workspace", id_))
    except IntegrityError:  # another account's, a moment ago
        raise WorkspaceTaken("This workspace was connected to another account just now.") from None


async def open_workspace(
    db: Database, vault: Vault, account_id: int, workspace_id: str
) -> OpenedSlack | None:
    """A connected workspace with its tokens, or None."""
    async with db.tenant(account_id, read_only=True) as session:
        row = await session.scalar(select(SlackWorkspace).where(SlackWorkspace.workspace_id == workspace_id))
    if row is None:
        return None
    if row.sealed is None:
        return OpenedSlack(_plain(row), None)
    keys = await vault.account_keys(account_id)
    opened = keys.open(
        table="slack_workspace", row_id=workspace_id.encode(), column="sealed", sealed=row.sealed
    )
    return OpenedSlack(_plain(row), msgspec.json.decode(opened, type=SlackTokens))


async def list_workspaces(db: Database, account_id: int) -> list[ConnectedSlack]:
    """The account's workspaces and organisations, the oldest first."""
    async with db.tenant(account_id, read_only=True) as session:
        rows = await session.scalars(select(SlackWorkspace).order_by(SlackWorkspace.installed_at))
        return [_plain(row) for row in rows]


async def take_renewal(
    db: Database, account_id: int, workspace_id: str, expires_at: datetime | None, *, now: datetime
) -> bool:
    """Whether the caller is the one to renew the tokens that end at `expires_at`: one of several is."""
    is_free = or_(SlackWorkspace.renewing_until.is_(None), SlackWorkspace.renewing_until <= now)
    async with db.tenant(account_id) as session:
        taken = await session.execute(
            update(SlackWorkspace)
            .where(
                SlackWorkspace.workspace_id == workspace_id,
                SlackWorkspace.expires_at == expires_at,
                is_free,
            )
            .values(renewing_until=now + _RENEWED_WITHIN)
            .returning(SlackWorkspace.workspace_id)
        )
        return taken.first() is not None


async def keep_renewed(
    db: Database,
    vault: Vault,
    account_id: int,
    workspace_id: str,
    tokens: SlackTokens,
    expires_at: datetime | None,
) -> None:
    """Stores tokens that Slack gave in exchange for the last ones."""
    keys = await vault.account_keys(account_id)
    sealed = keys.seal(
        table="slack_workspace",
        row_id=workspace_id.encode(),
        column="sealed",
        plaintext=msgspec.json.encode(tokens),
    )
    async with db.tenant(account_id) as session:
        await session.execute(
            update(SlackWorkspace)
            .where(SlackWorkspace.workspace_id == workspace_id)
            .values(sealed=sealed, expires_at=expires_at, renewing_until=None)
        )


async def remove_workspace(
    db: Database, vault: Vault, account_id: int, workspace_id: str, *, before: datetime, by: Doer
) -> bool:
    """Deletes a workspace (with an organisation: all served through it), its tokens, its subscriptions and
    what conversations were about; within a day old copies of the tokens cannot be opened. One connected again
    after `before` stays. Returns whether it was there.

    What conversations were about is kept under keyed hashes that name no workspace: all of the account's go.
    """
    keys = await vault.account_keys(account_id)
    of_it = or_(
        SlackWorkspace.workspace_id == workspace_id,
        (SlackWorkspace.enterprise_id == workspace_id) & SlackWorkspace.sealed.is_(None),
    )
    async with db.tenant(account_id) as session:
        known = (await session.scalars(select(SlackWorkspace).where(of_it))).all()
        if not any(row.workspace_id == workspace_id and row.installed_at <= before for row in known):
            return False
        gone = [row.workspace_id for row in known]
        await session.execute(delete(SlackWorkspace).where(among(session, SlackWorkspace.workspace_id, gone)))
        await session.execute(delete(Alert).where(Alert.platform == _SLACK, among(session, Alert.team, gone)))
        await session.execute(delete(Conversation))
        if await session.scalar(select(SlackWorkspace.workspace_id).limit(1)) is None:
            await session.execute(delete(ChatAccess).where(ChatAccess.platform == _SLACK))
        await renew_account_key_since(session, account_id, before)
        await _note(session, by, Action.WORKSPACE_REMOVED, keys.record_id("workspace", workspace_id))
    return True


async def _note(session: AsyncSession, by: Doer, action: Action, reference: bytes) -> None:
    await audit.record(
        session, actor=by.actor, action=action, subject=Subject(Kind.WORKSPACE, reference), origin=by.origin
    )


def _plain(row: SlackWorkspace) -> ConnectedSlack:
    return ConnectedSlack(
        workspace_id=row.workspace_id,
        enterprise_id=row.enterprise_id,
        bot_user_id=row.bot_user_id,
        bot_id=row.bot_id,
        installed_by=row.installed_by,
        installed_at=row.installed_at,
        expires_at=row.expires_at,
    )
