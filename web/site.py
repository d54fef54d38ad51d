"""What every page works with: one object a process."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import structlog

from storage.keys.vault import Vault
from storage.members.identity import Identity
from storage.members.passwords import Passwords
from storage.session import Database
from storage.settings import Settings
from web.google import Google
from web.mail import Mailer

log = structlog.get_logger()


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class Site:
    """`origin` is where browsers reach us, without a slash at the end; None: only from this machine."""

    settings: Settings
    db: Database
    vault: Vault
    identity: Identity
    passwords: Passwords
    mailer: Mailer | None
    google: Google | None
    clock: Callable[[], datetime] = _utc_now
    _later: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def origin(self) -> str | None:
        return self.settings.public_url

    @property
    def is_secure(self) -> bool:
        """Whether browsers come over HTTPS; settings allow anything else on this machine alone."""
        return urlsplit(self.origin or "").scheme == "https"

    def cookie(self, name: str) -> str:
        """The full name of a cookie: with its prefix browsers keep it to this host and to HTTPS."""
        return f"__Host-{name}" if self.is_secure else name

    def later(self, work: Coroutine[Any, Any, None]) -> None:
        """Does something after the answer, so that the time of the answer tells nothing about it."""
        task = asyncio.create_task(_logged(work))
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    async def settle(self) -> None:
        """Waits for what is still to be done."""
        while self._later:
            await asyncio.gather(*self._later)


async def _logged(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except Exception:
        log.exception("web.later_failed")


async def open_site(
    settings: Settings, db: Database, vault: Vault, *, passwords: Passwords | None = None
) -> Site:
    """The site of this installation. `passwords` are quicker ones, in tests."""
    identity = await Identity.of(vault)
    return Site(
        settings=settings,
        db=db,
        vault=vault,
        identity=identity,
        passwords=passwords or Passwords(identity.pepper),
        mailer=Mailer.of(settings),
        google=Google.of(settings),
    )
