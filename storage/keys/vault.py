"""The vault: a data key per source, wrapped by a master key, kept apart from the data.

Fetch a source's keys for every session or page, not once a process. Each fetch asks the key store, in one
small read, which epochs are alive: so a destroyed key is refused by every process from its next fetch on,
while sealing and opening cost no query at all. Keys are unwrapped anew after half of `CACHE_SECONDS` and
refuse to work after the whole of it: a fetched object is good for 30 s at least and 60 s at most.

A new epoch is announced first and seals only once every process must have seen it; `SourceKeys.settled`
says when none can still seal with the one before. So re-encryption fails no read: wait until settled, seal
every row of an older epoch anew, then retire the old epochs.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Self

from storage.errors import OperatorError
from storage.gathering import Gathered
from storage.keys.key_ring import KeyRing, Progress
from storage.keys.keystore import KeyStore, Slot, StoredKey
from storage.keys.keystore_schema import ACCOUNT_ITSELF, DATA, IDS, INSTALLATION, SIGNING
from storage.keys.master_keys import MasterKeys, load_master_keys
from storage.keys.source_keys import (
    KeyDestroyed,
    KeysExpired,
    Lease,
    SourceKeys,
    Tampered,
    VaultError,
)
from storage.settings import Settings

__all__ = ["KeyDestroyed", "KeysExpired", "SourceKeys", "Tampered", "Vault", "VaultError", "open_vault"]

CACHE_SECONDS = 60.0
# An epoch seals from this age on: the cache time, and a margin for the transaction that announces it.
ANNOUNCED_SECONDS = CACHE_SECONDS + 30.0
# From this age on, every key object that sealed with the epoch before has expired.
SETTLED_SECONDS = ANNOUNCED_SECONDS + CACHE_SECONDS
MOST_SEALS = 2**31  # of the 2^32 allowed: half is left for what killed processes did not report
REPORT_SEALS = 2**16
_ATTEMPTS = 3


class Vault:
    """Use as an async context manager: entering opens the key store and proves the master keys.

    Raises MasterKeyError or KeyStoreError (both OperatorError) where keys cannot be had at all, and
    KeyDestroyed where this source's are gone.
    """

    def __init__(
        self, keystore: KeyStore, master_keys: MasterKeys, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._store = keystore
        self._ring = KeyRing(keystore, master_keys)
        self._clock = clock
        self._cache: dict[tuple[int, int], tuple[float, SourceKeys]] = {}
        self._leases: defaultdict[tuple[int, int], Lease] = defaultdict(Lease)
        self._destructions = 0
        self._fetching = Gathered(self._fetch)
        self._sweeper: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> Self:
        try:
            await self._store.open()
            await self._ring.prove()
        except OperatorError:
            await self._store.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Reports how often keys have sealed, forgets all keys, closes the key store."""
        if self._sweeper:
            self._sweeper.cancel()
        with suppress(OperatorError):  # the count is a bound with room to spare: it must not stop a shutdown
            for _, keys in list(self._cache.values()):
                await self._report_seals(keys, least=1)
        self._cache.clear()
        await self._store.close()

    async def create_source_keys(self, account_id: int, source_id: int) -> None:
        """Makes a source's keys; those it has are kept. Raises KeyDestroyed where they were destroyed."""
        for _ in range(_ATTEMPTS):
            stored = await self._store.keys(account_id, source_id)
            if any(not key.destroyed for key in stored):
                return
            if stored:
                break
            slots = [Slot(account_id, source_id, purpose, 1) for purpose in (DATA, IDS)]
            if await self._ring.make(slots):
                return
        raise KeyDestroyed(f"the keys of source {source_id} of account {account_id} were destroyed")

    async def create_account_keys(self, account_id: int) -> None:
        """Makes the account's own keys, for credentials, second factors and messages; as for a source."""
        await self.create_source_keys(account_id, ACCOUNT_ITSELF)

    async def source_keys(self, account_id: int, source_id: int) -> SourceKeys:
        """The keys of a source, checked with the key store now. Raises KeyDestroyed.

        Those who ask while it is being asked are answered by its next read: none by one that began before.
        """
        return await self._fetching.do((account_id, source_id), None)

    async def _fetch(self, place: tuple[int, int], asking: Sequence[None]) -> Sequence[SourceKeys]:
        while True:
            destructions = self._destructions
            asked = self._clock()
            stored = await self._store.keys(*place)
            keys = self._cached(place, stored, asked) or await self._unlock(place, stored, asked)
            # Something was destroyed in this process while we read: what we have may be older than that.
            if destructions == self._destructions:
                break
        await self._report_seals(keys, least=REPORT_SEALS, stored=stored)
        return [keys] * len(asking)

    async def account_keys(self, account_id: int) -> SourceKeys:
        """The account's own keys; otherwise as `source_keys`."""
        return await self.source_keys(account_id, ACCOUNT_ITSELF)

    async def destroy_source_keys(self, account_id: int, source_id: int) -> None:
        """Makes everything that the source sealed unreadable, for good. May be repeated."""
        await self._store.destroy(account_id, source_id)
        self._forget(account_id, source_id)
        await self._store.scrub()

    async def destroy_account_keys(self, account_id: int) -> None:
        """Makes everything of the account and of all its sources unreadable, for good. May be repeated."""
        await self._store.destroy_account(account_id)
        for account, source in list(self._leases):
            if account == account_id:
                self._forget(account, source)
        await self._store.scrub()

    async def new_epoch(self, account_id: int, source_id: int) -> int:
        """Announces a new data key for a source and returns its epoch; one that is still being announced is
        returned again. It seals once it is ANNOUNCED_SECONDS old."""
        for _ in range(_ATTEMPTS):
            data = _of(DATA, await self._store.keys(account_id, source_id))
            if not data or data[-1].destroyed:
                break
            newest = data[-1]
            if newest.slot.epoch > data[0].slot.epoch and newest.age < ANNOUNCED_SECONDS:
                return newest.slot.epoch
            if await self._ring.make([newest.slot._replace(epoch=newest.slot.epoch + 1)]):
                return newest.slot.epoch + 1
        raise KeyDestroyed(f"source {source_id} of account {account_id} has no key to follow")

    async def retire_epochs(self, account_id: int, source_id: int, *, before: int) -> int:
        """Destroys the data keys of older epochs and says how many: what they sealed is gone, so first seal
        it anew. Raises VaultError while some process may still seal with them."""
        data = _of(DATA, await self._store.keys(account_id, source_id))
        heir = next((key for key in data if key.slot.epoch == before and not key.destroyed), None)
        if heir is None or heir.age < SETTLED_SECONDS:
            raise VaultError(f"epoch {before} is not settled: older keys may still be sealing")
        retired = await self._store.destroy(account_id, source_id, before_epoch=before)
        self._destructions += 1
        self._cache.pop((account_id, source_id), None)
        await self._store.scrub()
        return retired

    async def signing_seed(self) -> bytes:
        """32 random bytes of this installation that outlive every account: what receipts are signed with."""
        slot = Slot(INSTALLATION, ACCOUNT_ITSELF, SIGNING, 1)
        for _ in range(_ATTEMPTS):
            if kept := await self._store.keys(INSTALLATION, ACCOUNT_ITSELF):
                return await self._ring.unwrap(kept[0])
            await self._ring.make([slot])
        raise VaultError("the key store takes no key to sign receipts with")

    async def rewrap_all(self, progress: Progress | None = None) -> int:
        """Wraps every data key with the highest master key version held: see `KeyRing.rewrap_all`."""
        return await self._ring.rewrap_all(progress)

    def _cached(self, place: tuple[int, int], stored: list[StoredKey], now: float) -> SourceKeys | None:
        """The keys unlocked before, if they are fresh and the key store still says the same of them."""
        made, keys = self._cache.get(place, (0.0, None))
        if keys is None or now - made >= CACHE_SECONDS / 2:
            return None
        data = _of(DATA, stored)
        alive = {key.slot.epoch for key in data if not key.destroyed}
        return keys if alive == keys.epochs and _sealing(data) == keys.epoch else None

    async def _unlock(self, place: tuple[int, int], stored: list[StoredKey], now: float) -> SourceKeys:
        data = _of(DATA, stored)
        plain = {
            (key.slot.purpose, key.slot.epoch): await self._ring.unwrap(key)
            for key in stored
            if not key.destroyed
        }
        epochs = {epoch: key for (purpose, epoch), key in plain.items() if purpose == DATA}
        if (IDS, 1) not in plain or not epochs:
            self._forget(*place)
            raise KeyDestroyed(f"source {place[1]} of account {place[0]} has no keys: they were destroyed")
        epoch = _sealing(data)
        keys = SourceKeys(
            *place,
            ids=plain[IDS, 1],
            epochs=epochs,
            epoch=epoch,
            until=now + CACHE_SECONDS,
            settled=all(k.age >= SETTLED_SECONDS for k in data if not k.destroyed and k.slot.epoch > 1),
            destroyed=[key.slot.epoch for key in data if key.destroyed],
            lease=self._leases[place],
            clock=self._clock,
        )
        self._cache[place] = (now, keys)
        self._sweep_later()
        return keys

    async def _report_seals(self, keys: SourceKeys, *, least: int, stored: Iterable[StoredKey] = ()) -> None:
        """Keeps count of what a key has sealed, and starts a new epoch long before there are too many."""
        lease = self._leases[keys.account_id, keys.source_id]
        if lease.seals < least:
            return
        sealed, lease.seals = lease.seals, 0
        slot = Slot(keys.account_id, keys.source_id, DATA, keys.epoch)
        await self._store.count_seals(slot, sealed)
        if any(key.slot == slot and key.seals + sealed >= MOST_SEALS for key in stored):
            await self.new_epoch(keys.account_id, keys.source_id)

    def _forget(self, account_id: int, source_id: int) -> None:
        """From here on, whoever holds these keys in this process cannot use them."""
        self._destructions += 1
        self._cache.pop((account_id, source_id), None)
        if lease := self._leases.pop((account_id, source_id), None):
            lease.destroyed = True

    def _sweep_later(self) -> None:
        """Keys leave memory in time even when nobody asks for any."""
        if not self._sweeper:
            self._sweeper = asyncio.get_running_loop().call_later(CACHE_SECONDS, self._sweep)

    def _sweep(self) -> None:
        self._sweeper = None
        oldest = self._clock() - CACHE_SECONDS
        self._cache = {place: entry for place, entry in self._cache.items() if entry[0] > oldest}
        if self._cache:
            self._sweep_later()


def _of(purpose: str, stored: Iterable[StoredKey]) -> list[StoredKey]:
    """The keys of one purpose, oldest epoch first."""
    return [key for key in stored if key.slot.purpose == purpose]


def _sealing(data: Iterable[StoredKey]) -> int:
    """The epoch to seal with: the newest that everyone must know of, or the first there is. 0: none."""
    alive = [key for key in data if not key.destroyed]
    known = [key.slot.epoch for key in alive if key.age >= ANNOUNCED_SECONDS]
    return max(known, default=min((key.slot.epoch for key in alive), default=0))


@asynccontextmanager
async def open_vault(settings: Settings) -> AsyncIterator[Vault]:
    """The vault that the settings describe. Raises MasterKeyError or KeyStoreError at once."""
    master_keys = load_master_keys(settings)
    async with Vault(KeyStore(settings.keystore_url.get_secret_value()), master_keys) as vault:
        yield vault
