"""Takes webhooks: verified, noted once, and only then acknowledged, many in one transaction.

While one transaction of a source commits, what comes meanwhile gathers for the next: so a burst costs as
many commits as the disk can do, not as many as there are events, and a single event waits for nobody.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from typing import NamedTuple, Self

import msgspec

from connectors.base import Hook
from connectors.http import Clock
from connectors.registry import connector_class
from connectors.signatures import Asked
from connectors.stripe.hook import HOOK as ANY_HOOK
from connectors.sync import utc_now
from storage import sources
from storage.gathering import Gathered
from storage.intake.source_lock import SourceGone
from storage.keys.source_keys import KeyDestroyed
from storage.keys.vault import Vault
from storage.session import Database
from storage.trust.webhook_events import Incoming, store

LARGEST = 2**20
"""Bytes that a body may have; the largest of the four vendors' are a tenth of it."""

_STRANGER = ("no source has this secret",)
_KNOWN_SECONDS = 5.0
_MOST_KNOWN = 10_000
_MOST_WAITING = 20_000
_TRANSACTIONS = 4

_Place = tuple[int, int]


class InboxFull(RuntimeError):
    """More waits to be stored than fits: the vendor is to send it again later."""


class _Signer(NamedTuple):
    """How a source's webhooks are read and the secrets that sign them; none for a source that is none."""

    hook: Hook
    secrets: tuple[str, ...]


class Inbox:
    """One a process. Use as an async context manager: leaving it, what was accepted is stored first."""

    def __init__(self, db: Database, vault: Vault, *, clock: Clock = utc_now) -> None:
        self._db, self._vault, self._clock = db, vault, clock
        self._signers: OrderedDict[_Place, tuple[float, _Signer]] = OrderedDict()
        self._storing = Gathered(self._store)
        self._waiting = 0
        self._transactions = asyncio.Semaphore(_TRANSACTIONS)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._storing.settle()

    async def receive(self, account_id: int, source_id: int, asked: Asked) -> bool:
        """Notes what a request tells, each event once; False where it is not signed by the source's vendor.

        A source that there is not looks the same as a wrong signature, and takes as long. Raises InboxFull,
        and what the database raises: then nothing is acknowledged, and the vendor sends it again.
        """
        now = self._clock()
        signer = await self._signer((account_id, source_id))
        if not signer.hook.verify(asked, signer.secrets or _STRANGER, now) or not signer.secrets:
            return False
        try:
            notices = signer.hook.read(asked.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return True  # signed, and not of a form that we know: nothing to note, nothing to send again
        events = [
            Incoming(one.event, one.type, msgspec.json.encode(one.touched), one.customer, now)
            for one in notices
        ]
        return await self._stored((account_id, source_id), events)

    async def _signer(self, place: _Place) -> _Signer:
        """What is known of a source, for some seconds: a secret that was taken back signs no longer."""
        clock = asyncio.get_running_loop().time
        until, signer = self._signers.get(place, (0.0, None))
        if signer is None or clock() >= until:
            signer = await self._looked_up(place)
            self._signers[place] = (clock() + _KNOWN_SECONDS, signer)
            self._signers.move_to_end(place)
            if len(self._signers) > _MOST_KNOWN:
                self._signers.popitem(last=False)
        return signer

    async def _looked_up(self, place: _Place) -> _Signer:
        try:
            source = await sources.get_source(self._db, *place)
            secret = await sources.open_secret(self._vault, source)
        except (sources.NoSourceError, KeyDestroyed):
            return _Signer(ANY_HOOK, ())
        return _Signer(connector_class(source.kind).hook or ANY_HOOK, secret.signing)

    async def _stored(self, place: _Place, events: Sequence[Incoming]) -> bool:
        if self._waiting >= _MOST_WAITING:
            raise InboxFull
        self._waiting += 1
        try:
            return await self._storing.do(place, events)
        finally:
            self._waiting -= 1

    async def _store(self, place: _Place, letters: Sequence[Sequence[Incoming]]) -> list[bool]:
        """The events of several requests in one transaction; False for each where the source is gone."""
        try:
            async with self._transactions:
                keys = await self._vault.source_keys(*place)
                async with self._db.tenant(place[0]) as session:
                    await store(session, keys, [event for events in letters for event in events])
        except (SourceGone, KeyDestroyed):
            return [False] * len(letters)
        return [True] * len(letters)
