"""Accounts: making one, and finding the one that a process of a single tenant works for."""

from datetime import datetime

from sqlalchemy import select

from storage.errors import OperatorError
from storage.keys.vault import Vault
from storage.metrics.scope import Asking
from storage.models import Account
from storage.session import Database
from storage.trust import audit
from storage.trust.audit import COMMAND_LINE, Action, Actor, Kind, Subject


class NoAccountError(OperatorError):
    """There is no account to work for, or several and none was named."""


async def create_account(
    db: Database, vault: Vault, *, name: str, now: datetime, time_zone: str = "UTC", currency: str = "usd"
) -> int:
    """Makes an account and its own keys; returns its id."""
    async with db.system() as session:
        account = Account(name=name, time_zone=time_zone, currency=currency, created_at=now)
        session.add(account)
        await session.flush()
        account_id = account.account_id
    await vault.create_account_keys(account_id)
    async with db.tenant(account_id) as session:
        await audit.record(
            session,
            actor=Actor.operator(),
            action=Action.ACCOUNT_CREATED,
            subject=Subject(Kind.ACCOUNT, account_id),
            origin=COMMAND_LINE,
        )
    return account_id


async def all_accounts(db: Database) -> list[int]:
    """The ids of all accounts, oldest first."""
    async with db.system() as session:
        return list(await session.scalars(select(Account.account_id).order_by(Account.account_id)))


async def sole_account(db: Database) -> int:
    """The account of an installation that has just one; raises NoAccountError otherwise."""
    found = await all_accounts(db)
    if not found:
        raise NoAccountError("There is no account yet: run `chewbotta init`.")
    if len(found) > 1:
        raise NoAccountError("There are several accounts: say which with --account.")
    return found[0]


async def rated(db: Database, account_id: int) -> tuple[str, ...]:
    """The currencies that the account has exchange rates of."""
    async with db.tenant(account_id, read_only=True) as session:
        found = await session.scalar(select(Account.rated).where(Account.account_id == account_id))
    return tuple(found or ())


async def asking(db: Database, account_id: int, now: datetime) -> Asking:
    """Who asks and when, for running plans."""
    async with db.tenant(account_id, read_only=True) as session:
        account = await session.get_one(Account, account_id)
    return Asking(account_id, account.currency, account.time_zone, now, account.rated)
