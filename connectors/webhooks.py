"""Webhooks that were received (`inbox.py`) are worked on, by reading again what they are about.

Nothing of a body is kept but which objects it touched: vendors send events twice, late and in any order, and
their payload may be older than what is known. The fresh object is the same whichever event led to it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from connectors.base import Connector, Credential
from connectors.errors import KeyRefused, NotOffered, NotPermitted, SourceUnavailable
from connectors.http import Clock
from connectors.registry import connector_class
from connectors.sync import error_log_of, utc_now
from storage import sources
from storage.intake.derive import derive
from storage.intake.source_lock import SourceGone
from storage.intake.upsert import write_records
from storage.intake.writing import Writing
from storage.keys.source_keys import KeyDestroyed, SourceKeys
from storage.keys.vault import Vault
from storage.locks import exclusive
from storage.models import Source
from storage.records import Record
from storage.session import Database
from storage.trust import webhook_events
from storage.trust.webhook_events import Due, EventState

MOST_ATTEMPTS = 5
_AT_ONCE = 200

_touched = msgspec.json.Decoder(tuple[tuple[str, str], ...])
_LATER = (KeyRefused, SourceUnavailable, SourceGone, KeyDestroyed)
"""Nothing is wrong with an event that cannot be worked on now, or never will be again."""


@dataclass(slots=True)
class WorkedOff:
    """What became of the events that were worked on: `dead` ones are set aside until they are replayed."""

    done: int = 0
    failed: int = 0
    dead: int = 0


async def work_off(
    db: Database, vault: Vault, account_id: int, source_id: int, *, clock: Clock = utc_now
) -> WorkedOff:
    """Works on the events of a source that wait, until none does.

    Raises `storage.locks.Busy` while the source is being synced: the sync reads what they tell, or they are
    worked on after it. Raises KeyRefused and SourceUnavailable where nobody can be asked: they wait on.
    """
    result = WorkedOff()
    async with db.tenant(account_id, read_only=True) as session:
        keys = await vault.source_keys(account_id, source_id)
        if not await webhook_events.due(session, keys, limit=1):
            return result
    async with exclusive(db, f"sync:{account_id}:{source_id}"):
        source = await sources.get_source(db, account_id, source_id)
        secret = await sources.open_secret(vault, source)
        make = connector_class(source.kind)
        on_error = error_log_of(db, account_id, source_id)
        async with make(Credential(key=secret.key, base_url=source.base_url), on_error=on_error) as connector:
            await _Work(db, vault, source, connector, clock, result).run()
    if result.done:
        await derive(db, account_id, source_id, vault=vault)
    return result


class _Work:
    """One round over the events of one source."""

    def __init__(
        self,
        db: Database,
        vault: Vault,
        source: Source,
        connector: Connector,
        clock: Clock,
        result: WorkedOff,
    ) -> None:
        self.db, self.vault, self.source, self.connector = db, vault, source, connector
        self.clock, self.result = clock, result

    async def run(self) -> None:
        """Events that fail stay for the next round, behind those that wait for their first."""
        tried: set[bytes] = set()
        while True:
            keys = await self.vault.source_keys(self.source.account_id, self.source.source_id)
            async with self.db.tenant(keys.account_id, read_only=True) as session:
                waiting = await webhook_events.due(session, keys, limit=_AT_ONCE)
            waiting = [event for event in waiting if event.event_id not in tried]
            if not waiting:
                return
            tried |= {event.event_id for event in waiting}
            try:
                await self._apply(keys, waiting)
            except _LATER:
                raise
            except Exception:  # noqa: BLE001 - whichever way one event fails, it keeps none of the others
                await self._one_by_one(keys, waiting)

    async def _one_by_one(self, keys: SourceKeys, waiting: Sequence[Due]) -> None:
        """Whatever is wrong with one event keeps none of the others."""
        for event in waiting:
            try:
                await self._apply(keys, [event])
            except _LATER:
                raise
            except Exception as failure:  # noqa: BLE001 - it is set aside with the name of its failure
                is_last = event.attempts + 1 >= MOST_ATTEMPTS
                state = EventState.DEAD if is_last else EventState.FAILED
                async with self.db.tenant(keys.account_id) as session:
                    await webhook_events.note_attempt(session, keys, event.event_id, state, failure)
                self.result.dead += is_last
                self.result.failed += not is_last

    async def _apply(self, keys: SourceKeys, events: Sequence[Due]) -> None:
        """Reads again what the events touched, and notes them as done with it, in one transaction."""
        wanted: dict[str, dict[str, None]] = {}
        for event in events:
            for stream, id_ in _touched.decode(event.body) if event.body else ():
                wanted.setdefault(stream, {})[id_] = None
        pages = [
            page
            for stream, ids in wanted.items()
            if stream not in self.source.left_out and (page := await self._fetched(stream, list(ids)))
        ]
        now = self.clock()
        writing = Writing(keys.account_id, keys.source_id, keys, now)
        async with self.db.tenant(keys.account_id) as session:
            await write_records(session, writing, [record for page in pages for record in page])
            await webhook_events.note_attempts(
                session, keys, [event.event_id for event in events], EventState.DONE
            )
        self.result.done += len(events)

    async def _fetched(self, stream: str, ids: Sequence[str]) -> Sequence[Record]:
        try:
            return (await self.connector.fetch(self.connector.stream(stream), ids)).records
        except (NotPermitted, NotOffered):
            return ()
