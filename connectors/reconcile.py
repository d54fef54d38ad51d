"""Finds what has vanished at a source without a word: ids are compared stream by stream.

What is known here is noted before the list is read, so that what is created meanwhile is safe. A list that
fails is no list, and deletes nothing. What a whole list lacks is not believed at once either:

- a few missing customers are asked for one by one, and only those that the vendor says are gone go;
- many (an empty list, or more than a fifth of what is known) are more often a broken API than a mass
  deletion: a second whole list must lack them too, and a sample is asked for by name;
- objects that cannot be asked for by name (their vendor's id is not kept) need the second list always, and
  a list that lacks even one object of those that never vanish is not whole.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from connectors.base import Connector, Credential, Stream, Window
from connectors.errors import NotOffered, NotPermitted
from connectors.id_sets import IdSet
from connectors.registry import connector_class
from connectors.sync import error_log_of, utc_now
from storage import models, records, sources
from storage.batches import count_rows
from storage.doer import Doer
from storage.intake.bulk import among
from storage.intake.departures import apply_departures
from storage.intake.derive import derive
from storage.intake.rows import TARGETS
from storage.intake.source_lock import hold_source
from storage.intake.stale import mark_customers_stale
from storage.keys.source_keys import SourceKeys
from storage.keys.vault import Vault
from storage.locks import exclusive
from storage.models.base import table_of
from storage.personal_document import open_personal
from storage.records import Deletion
from storage.session import Database
from storage.trust import audit
from storage.trust.audit import Action, Fact, Job, Kind, Subject

SUSPICIOUS = 0.2
"""The share of what is known that may be missing before a second list is asked for."""

LONGEST = timedelta(hours=24)
_READ_AT_ONCE = 5_000
_DELETED_AT_ONCE = 500
_ASKED_BY_NAME = 200
_SAMPLE = 20

Clock = Callable[[], datetime]


@dataclass(slots=True)
class Reconciled:
    """What a reconciliation did, by stream. `doubted`: missing in a list, but not gone beyond doubt."""

    compared: dict[str, int] = field(default_factory=dict)
    deleted: dict[str, int] = field(default_factory=dict)
    doubted: dict[str, int] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)


def interval(connector: type[Connector], known: int) -> timedelta:
    """How long to wait between two reconciliations of a source with `known` customers; a day at most."""
    by_rate = timedelta(seconds=known / connector.ids_a_second)
    return min(max(connector.reconcile_every, by_rate), LONGEST)


async def is_due(db: Database, source: models.Source, now: datetime) -> bool:
    """Whether a source is active and was last reconciled longer ago than its interval."""
    connector = connector_class(source.kind)
    if source.state != models.SourceState.ACTIVE or source.backfilled_at is None:
        return False
    if not any(stream.vanishing for stream in connector.streams):
        return False
    if source.reconciled_at is None:
        return True
    async with db.tenant(source.account_id, read_only=True) as session:
        table = table_of(models.Customer)
        of_source = (table.c.account_id == source.account_id, table.c.source_id == source.source_id)
        known = await count_rows(session, table, *of_source)
    return now - source.reconciled_at >= interval(connector, known)


async def reconcile_source(
    db: Database,
    vault: Vault,
    account_id: int,
    source_id: int,
    *,
    clock: Clock = utc_now,
    by: Doer | None = None,
) -> Reconciled:
    """Compares one source with its vendor and deletes what is gone there.

    Raises `storage.locks.Busy` while another one runs, ConnectorError (nothing of that stream was deleted),
    SourceGone and KeyDestroyed where the source is removed meanwhile.
    """
    async with exclusive(db, f"reconcile:{account_id}:{source_id}"):
        source = await sources.get_source(db, account_id, source_id)
        secret = await sources.open_secret(vault, source)
        credential = Credential(key=secret.key, base_url=source.base_url)
        make = connector_class(source.kind)
        async with make(credential, on_error=error_log_of(db, account_id, source_id)) as connector:
            by = by or Doer.job(Job.RECONCILE)
            return await _Reconciliation(db, vault, source, connector, clock, by).run()


def _states(stream: Stream) -> tuple[str, ...]:
    return stream.vanishing.while_status if stream.vanishing else ()


class _Reconciliation:
    """One comparison of one source."""

    def __init__(
        self, db: Database, vault: Vault, source: models.Source, connector: Connector, clock: Clock, by: Doer
    ) -> None:
        self.db, self.vault, self.connector, self.clock, self.by = db, vault, connector, clock, by
        self.account_id, self.source_id = source.account_id, source.source_id
        self.result = Reconciled()

    async def run(self) -> Reconciled:
        started = self.clock()
        for stream in self.connector.streams:
            if stream.vanishing is None:
                continue
            try:
                await self._compare(stream)
            except (NotPermitted, NotOffered) as reason:
                self.result.left_out[stream.name] = str(reason)
        if self.result.deleted:
            await derive(self.db, self.account_id, self.source_id, vault=self.vault)
        async with self.db.tenant(self.account_id) as session:
            source = models.Source
            await session.execute(
                update(source)
                .where(source.account_id == self.account_id, source.source_id == self.source_id)
                .values(reconciled_at=started)
            )
            if self.result.deleted:
                await self._note(session)
        return self.result

    async def _note(self, session: AsyncSession) -> None:
        await audit.record(
            session,
            actor=self.by.actor,
            action=Action.RECONCILIATION_HELD,
            subject=Subject(Kind.SOURCE, self.source_id),
            origin=self.by.origin,
            details={Fact.DELETED: sum(self.result.deleted.values())},
        )

    async def _compare(self, stream: Stream) -> None:
        with IdSet() as known:
            oldest = await self._read_known(stream, known)
            self.result.compared[stream.name] = known.added
            if not known.added:
                return
            missing = await self._missing(stream, oldest, known)
            gone = await self._confirmed(stream, oldest, known, missing)
            if len(gone) < len(missing):
                self.result.doubted[stream.name] = len(missing) - len(gone)
            await self._delete(stream, gone)

    async def _read_known(self, stream: Stream, known: IdSet) -> datetime | None:
        """Notes the ids of all rows that may vanish. Of a stream that is listed by date of creation: from the
        oldest such row on, and returns when that was created."""
        table = table_of(TARGETS[stream.record].model)
        of_source = (table.c.account_id == self.account_id, table.c.source_id == self.source_id)
        oldest = await self._oldest(stream) if stream.windows else None
        since = [table.c.created_at >= oldest] if oldest is not None else []
        last = b"" if oldest is not None or not stream.windows else None
        while last is not None:
            page = select(table.c.id).where(*of_source, *since, table.c.id > last)
            async with self.db.tenant(self.account_id, read_only=True) as session:
                connection = await session.connection()
                rows = (await connection.execute(page.order_by(table.c.id).limit(_READ_AT_ONCE))).all()
            known.add(bytes(row.id) for row in rows)
            last = rows[-1].id if rows else None
        return oldest

    async def _oldest(self, stream: Stream) -> datetime | None:
        """When the oldest row that may vanish was created."""
        table = table_of(TARGETS[stream.record].model)
        of_source = (table.c.account_id == self.account_id, table.c.source_id == self.source_id)
        may_vanish = [table.c.status.in_(states)] if (states := _states(stream)) else []
        first = select(table.c.created_at).where(*of_source, *may_vanish).order_by(table.c.created_at)
        async with self.db.tenant(self.account_id, read_only=True) as session:
            oldest: datetime | None = await (await session.connection()).scalar(first.limit(1))
        return oldest

    async def _missing(self, stream: Stream, oldest: datetime | None, known: IdSet) -> set[bytes]:
        """The known ids that one whole list of the vendor lacks."""
        with IdSet() as listed:
            window = Window(start=oldest) if stream.windows else Window()
            async for page in self.connector.ids(stream, window):
                keys = await self._keys()
                listed.add(keys.record_id(stream.record.KIND, id_) for id_ in page.ids)
            return set(await asyncio.to_thread(lambda: list(known.missing_from(listed))))

    async def _confirmed(
        self, stream: Stream, oldest: datetime | None, known: IdSet, missing: set[bytes]
    ) -> set[bytes]:
        """Those that are gone beyond doubt."""
        by_name = stream.record is records.Customer
        if not missing or not await self._all_may_vanish(stream, sorted(missing)):
            return set()
        if by_name and len(missing) <= min(_ASKED_BY_NAME, SUSPICIOUS * known.added):
            return await self._gone_by_name(stream, sorted(missing))
        missing = missing & await self._missing(stream, oldest, known)
        if by_name and len(missing) <= _ASKED_BY_NAME:
            return await self._gone_by_name(stream, sorted(missing))
        if by_name:
            sample = random.sample(sorted(missing), _SAMPLE)
            if len(await self._gone_by_name(stream, sample)) < _SAMPLE:
                return set()
        return missing

    async def _gone_by_name(self, stream: Stream, ids: Sequence[bytes]) -> set[bytes]:
        """Asks for these customers; those of whom the vendor says that they are deleted."""
        vendor_ids = await self._vendor_ids(ids)
        page = await self.connector.fetch(stream, list(vendor_ids))
        return {vendor_ids[found.id] for found in page.records if isinstance(found, Deletion)}

    async def _vendor_ids(self, ids: Sequence[bytes]) -> dict[str, bytes]:
        keys = await self._keys()
        customer = models.Customer
        async with self.db.tenant(self.account_id, read_only=True) as session:
            rows = await session.execute(
                select(customer.id, customer.sealed).where(
                    customer.account_id == self.account_id,
                    customer.source_id == self.source_id,
                    among(session, customer.id, ids),
                )
            )
            return {open_personal(keys, row.id, row.sealed).id: row.id for row in rows}

    async def _delete(self, stream: Stream, gone: set[bytes]) -> None:
        ordered = sorted(gone)
        for start in range(0, len(ordered), _DELETED_AT_ONCE):
            chunk = ordered[start : start + _DELETED_AT_ONCE]
            await self._delete_some(stream, chunk)
            self.result.deleted[stream.name] = self.result.deleted.get(stream.name, 0) + len(chunk)

    async def _delete_some(self, stream: Stream, ids: Sequence[bytes]) -> None:
        now = self.clock()
        async with self.db.tenant(self.account_id) as session:
            await hold_source(session, self.account_id, self.source_id, alone=True)
            if stream.record is not records.Customer:
                ids = await self._still_vanishing(session, stream, ids)
            deleted = dict.fromkeys(ids, now)
            stale = await apply_departures(
                session, stream.record, self.account_id, self.source_id, deleted, noticed_at=now
            )
            await mark_customers_stale(session, self.account_id, self.source_id, stale)

    async def _all_may_vanish(self, stream: Stream, ids: Sequence[bytes]) -> bool:
        for start in range(0, len(ids), _READ_AT_ONCE):
            some = ids[start : start + _READ_AT_ONCE]
            async with self.db.tenant(self.account_id, read_only=True) as session:
                if len(await self._still_vanishing(session, stream, some)) < len(some):
                    return False
        return True

    async def _still_vanishing(
        self, session: AsyncSession, stream: Stream, ids: Sequence[bytes]
    ) -> Sequence[bytes]:
        """Those of these that are in a state in which they may vanish."""
        if not (states := _states(stream)):
            return ids
        table: Any = TARGETS[stream.record].model
        found = await session.scalars(
            select(table.id).where(
                table.account_id == self.account_id,
                table.source_id == self.source_id,
                among(session, table.id, ids),
                table.status.in_(states),
            )
        )
        return list(found)

    async def _keys(self) -> SourceKeys:
        return await self.vault.source_keys(self.account_id, self.source_id)
