"""Who wants to hear which thoughts, and where: kept sealed, by number, one account at a time."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from storage.doer import Doer
from storage.errors import OperatorError
from storage.keys.source_keys import SourceKeys
from storage.keys.vault import Vault
from storage.models import Alert
from storage.session import Database
from storage.trust import audit
from storage.trust.audit import Action, Actor, Channel, Kind, Origin, Subject
from storage.types import number_as_id
from thoughts.schedule import next_digest
from thoughts.wants import Wants, read_wants, write_wants

MOST = 200
"""Subscriptions of one account."""

_SLACK_ID = re.compile(r"[UW][A-Z0-9]{2,20}")


class State(StrEnum):
    ON = "on"
    PAUSED = "paused"
    BROKEN = "broken"


class NoSubscriptionError(OperatorError):
    """There is no such subscription, or there are too many."""


@dataclass(frozen=True, slots=True)
class Where:
    """A place on a platform: a channel, or for direct messages a person's id."""

    platform: str
    team: str
    place: str


@dataclass(frozen=True, slots=True)
class Subscription:
    """Numbers are of the account. `made_by` is a person's id of the platform, or "command line"."""

    number: int
    where: Where
    state: State
    made_by: str
    made_at: datetime
    digest_at: datetime | None
    wants: Wants

    @property
    def is_direct(self) -> bool:
        """Whether it goes to one person's direct messages."""
        return self.where.place[:1] in ("U", "W", "D")

    def concerns(self, platform: str, team: str, person: str) -> bool:
        """Whether somebody there may see and manage it: those of channels, and their own."""
        is_there = self.where.platform == platform and self.where.team == team
        return is_there and (not self.is_direct or self.where.place == person)


async def subscribe(
    db: Database, vault: Vault, account_id: int, where: Where, wants: Wants, *, by: str, now: datetime
) -> Subscription:
    """Adds a subscription; raises NoSubscriptionError where there are too many already."""
    keys = await vault.account_keys(account_id)
    async with db.tenant(account_id) as session:
        count, last = (
            await session.execute(
                select(func.count(Alert.alert_id), func.max(Alert.alert_id)).where(
                    Alert.account_id == account_id
                )
            )
        ).one()
        if count >= MOST:
            raise NoSubscriptionError(f"There are {MOST} subscriptions already: remove one first.")
        number = (last or 0) + 1
        row = Alert(
            account_id=account_id,
            alert_id=number,
            platform=where.platform,
            team=where.team,
            place=where.place,
            state=State.ON,
            made_by=by,
            made_at=now,
            digest_at=next_digest(wants, now),
            sealed=_seal(keys, number, wants),
        )
        session.add(row)
        await session.flush()
        await _record(session, Action.SUBSCRIPTION_MADE, number, doer_of(where.platform, by))
        return _opened(keys, row)


async def subscriptions(
    db: Database, vault: Vault, account_id: int, *, at: Where | None = None
) -> list[Subscription]:
    """All of an account, or those of one place, by number."""
    keys = await vault.account_keys(account_id)
    async with db.tenant(account_id, read_only=True) as session:
        return await read_subscriptions(session, keys, account_id, at=at)


async def read_subscriptions(
    session: AsyncSession, keys: SourceKeys, account_id: int, *, at: Where | None = None
) -> list[Subscription]:
    """As `subscriptions`, in a transaction that is open already."""
    wanted = select(Alert).where(Alert.account_id == account_id).order_by(Alert.alert_id)
    if at is not None:
        wanted = wanted.where(Alert.platform == at.platform, Alert.team == at.team, Alert.place == at.place)
    return [_opened(keys, row) for row in await session.scalars(wanted)]


async def subscription(db: Database, vault: Vault, account_id: int, number: int) -> Subscription:
    """One by its number; raises NoSubscriptionError."""
    keys = await vault.account_keys(account_id)
    async with db.tenant(account_id, read_only=True) as session:
        row = await session.get(Alert, (account_id, number))
        if row is None:
            raise NoSubscriptionError("There is no such subscription.")
        return _opened(keys, row)


async def change(
    db: Database, vault: Vault, account_id: int, number: int, wants: Wants, *, now: datetime, by: Doer
) -> Subscription:
    """Gives a subscription other wants; raises NoSubscriptionError."""
    keys = await vault.account_keys(account_id)
    async with db.tenant(account_id) as session:
        row = await session.get(Alert, (account_id, number))
        if row is None:
            raise NoSubscriptionError("There is no such subscription.")
        row.sealed = _seal(keys, number, wants)
        row.digest_at = next_digest(wants, now)
        await session.flush()
        await _record(session, Action.SUBSCRIPTION_CHANGED, number, by)
        return _opened(keys, row)


async def set_state(db: Database, account_id: int, number: int, state: State, *, by: Doer) -> None:
    """Pauses or resumes; raises NoSubscriptionError."""
    async with db.tenant(account_id) as session:
        done = await session.execute(
            update(Alert)
            .where(Alert.account_id == account_id, Alert.alert_id == number)
            .values(state=state)
            .returning(Alert.alert_id)
        )
        if done.first() is None:
            raise NoSubscriptionError("There is no such subscription.")
        await _record(session, Action.SUBSCRIPTION_CHANGED, number, by)


async def unsubscribe(db: Database, account_id: int, numbers: Sequence[int], *, by: Doer) -> None:
    """Removes these, with what waits to be posted for them; raises NoSubscriptionError where one is not."""
    async with db.tenant(account_id) as session:
        done = await session.execute(
            delete(Alert)
            .where(Alert.account_id == account_id, Alert.alert_id.in_(numbers))
            .returning(Alert.alert_id)
        )
        if len(done.all()) != len(set(numbers)):
            raise NoSubscriptionError("There is no such subscription.")
        for number in sorted(set(numbers)):
            await _record(session, Action.SUBSCRIPTION_REMOVED, number, by)


def doer_of(platform: str, by: str) -> Doer:
    """Who it is for the audit trail: a person of the platform by id, else whoever ran the command."""
    if platform == "slack" and _SLACK_ID.fullmatch(by):
        return Doer(Actor.slack_user(by), Origin(Channel.SLACK))
    if platform == "discord" and by.isascii() and by.isdigit():
        return Doer(Actor.discord_user(int(by)), Origin(Channel.DISCORD))
    return Doer.operator()


async def _record(session: AsyncSession, action: Action, number: int, by: Doer) -> None:
    await audit.record(
        session, actor=by.actor, action=action, subject=Subject(Kind.SUBSCRIPTION, number), origin=by.origin
    )


def _seal(keys: SourceKeys, number: int, wants: Wants) -> bytes:
    return keys.seal(
        table="alert", row_id=number_as_id(number), column="sealed", plaintext=write_wants(wants)
    )


def _opened(keys: SourceKeys, row: Alert) -> Subscription:
    opened = keys.open(table="alert", row_id=number_as_id(row.alert_id), column="sealed", sealed=row.sealed)
    return Subscription(
        number=row.alert_id,
        where=Where(row.platform, row.team, row.place),
        state=State(row.state),
        made_by=row.made_by,
        made_at=row.made_at,
        digest_at=row.digest_at,
        wants=read_wants(opened),
    )
