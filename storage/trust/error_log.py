"""What sources answered wrongly: visible to the account, kept for 30 days (`retention.py`).

Facts of an allow-list, each in the only form it may have: no body, no header, no key, nothing about a person.
What does not have the form is left out; the fact that something failed stays.
"""

import re
import secrets
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

from sqlalchemy import select

from storage.intake.source_lock import SourceGone, hold_source
from storage.models import SourceError
from storage.session import Database

_MOST = 1_000

_PATH = re.compile(r"(?:/(?:[a-z][a-z_]{0,39}|v[0-9]{1,3}|\{[a-z_]{1,32}\})){1,12}")
"""A template: lower-case words, a version, and names of ids in braces; never an id."""

_REASONS = "timeout|connection|certificate|redirect|status|shape|loop"
_CODE = re.compile(rf"(?=.{{1,64}}$)(?:{_REASONS}|[a-z]+(?:_[a-z]+)+)")
_REQUEST_ID = re.compile(r"(?=[^A-Za-z]*[A-Za-z])(?=[^0-9]*[0-9])[A-Za-z0-9_-]{4,64}")
"""Reasons are ours. A single word, or letters without a digit, could be a name: no code and no id is."""

_STATUS = range(100, 1_000)
_ATTEMPTS = range(1_000)


async def record_error(
    db: Database,
    account_id: int,
    source_id: int,
    *,
    at: datetime,
    path: str,
    status: int | None,
    code: str | None,
    request_id: str | None,
    attempt: int,
) -> None:
    """Adds one failed attempt, unless the source is being removed: then nothing more is said of it.

    `path` is the template; `code` and `request_id` are kept where a connector has found them to be the
    vendor's own (`connectors/http.py`) and they have the form of such.
    """
    row = SourceError(
        account_id=account_id,
        source_id=source_id,
        error_id=secrets.token_bytes(16),
        at=at,
        path=_like(_PATH, path) or "",
        status=status if status in _STATUS else None,
        code=_like(_CODE, code),
        request_id=_like(_REQUEST_ID, request_id),
        attempt=attempt if attempt in _ATTEMPTS else 0,
    )
    async with db.tenant(account_id) as session:
        with suppress(SourceGone):
            await hold_source(session, account_id, source_id)
            session.add(row)


def _like(pattern: re.Pattern[str], value: str | None) -> str | None:
    return value if value is not None and pattern.fullmatch(value) else None


async def list_errors(
    db: Database, account_id: int, *, source_id: int | None = None, limit: int = _MOST
) -> Sequence[SourceError]:
    """The account's error log, newest first."""
    errors = select(SourceError).order_by(SourceError.at.desc(), SourceError.error_id).limit(limit)
    if source_id is not None:
        errors = errors.where(SourceError.source_id == source_id)
    async with db.tenant(account_id, read_only=True) as session:
        return (await session.scalars(errors)).all()
