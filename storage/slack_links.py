"""Connecting a Slack workspace: which account it is for, from the first click to Slack's answer.

A link carries a random token that stands for the account for an hour. Opening it makes a state, which works
once and for ten minutes, in the browser that it was made for. Stored are hashes.
"""

import hashlib
import secrets
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import delete, select

from storage.models import SlackInstall
from storage.session import Database

LINK_KEPT = timedelta(hours=1)
STATE_KEPT = timedelta(minutes=10)


class InstallStep(StrEnum):
    LINK = "link"
    STATE = "state"


_KEPT = {InstallStep.LINK: LINK_KEPT, InstallStep.STATE: STATE_KEPT}


async def begin_install(db: Database, account_id: int, step: InstallStep, *, now: datetime) -> str:
    """Returns the token of a new link, or a new state."""
    token = secrets.token_urlsafe(32)
    async with db.tenant(account_id) as session:
        await session.execute(delete(SlackInstall).where(SlackInstall.expires_at <= now))
        session.add(
            SlackInstall(
                account_id=account_id, install_id=_hash(token), step=step, expires_at=now + _KEPT[step]
            )
        )
    return token


async def linked_account(db: Database, said: str, *, now: datetime) -> int | None:
    """The account that a link's token stands for, unless it has expired."""
    return await _account(db, said, InstallStep.LINK, now)


async def use_state(db: Database, said: str, *, now: datetime) -> int | None:
    """The account that a state stands for, once."""
    account_id = await _account(db, said, InstallStep.STATE, now)
    if account_id is None:
        return None
    async with db.tenant(account_id) as session:
        used = delete(SlackInstall).where(SlackInstall.install_id == _hash(said))
        return (await session.execute(used.returning(SlackInstall.account_id))).scalar_one_or_none()


async def _account(db: Database, said: str, step: InstallStep, now: datetime) -> int | None:
    async with db.system() as session:
        return await session.scalar(
            select(SlackInstall.account_id).where(
                SlackInstall.install_id == _hash(said),
                SlackInstall.step == step,
                SlackInstall.expires_at > now,
            )
        )


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()[:16]
