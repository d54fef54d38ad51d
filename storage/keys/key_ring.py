"""Wrapping: where the key store and the master keys meet. No data key is kept here."""

import asyncio
import os
import struct
from collections.abc import Callable, Iterable

from storage.keys.keystore import KeyStore, KeyStoreError, Slot, StoredKey
from storage.keys.master_keys import KEY_BYTES, MasterKeyError, MasterKeys
from storage.keys.source_keys import FORMAT

_BATCH = 200
_CANARY = b"chewbotta canary"
_CANARY_CONTEXT = bytes((FORMAT,)) + b"canary"
_CONTEXT = struct.Struct(">BQQI")

Progress = Callable[[int, int], None]


class KeyRing:
    """Makes, opens and rewraps the data keys of a key store. Raises MasterKeyError and KeyStoreError."""

    def __init__(self, store: KeyStore, master: MasterKeys) -> None:
        self._store = store
        self._master = master

    async def prove(self) -> None:
        """Proves, by a canary wrapped with each, that the master keys are those of this key store.

        The first start puts the highest version to use; later ones wait for `rewrap_all`, so that processes
        may be given a new master key one after another. Raises MasterKeyError.
        """
        summary = await self._store.summary()
        if not summary.canaries:
            if summary.live_by_version:
                raise KeyStoreError(
                    f"the key store {self._store.where} is damaged: restore it from its backup"
                )
            await self._put_to_use(max(self._master.versions()))
        canaries = await self._store.canaries()
        needed = {*summary.live_by_version, max(canaries)}
        for version in sorted(needed | canaries.keys() & set(self._master.versions())):
            await self._master.unwrap(version, canaries.get(version, b""), _CANARY_CONTEXT)

    async def make(self, slots: Iterable[Slot]) -> bool:
        """Makes a random data key for every slot; False, and none made, when the key store refuses."""
        version = max(await self._store.canaries())
        fresh = [
            (slot, version, await self._master.wrap(version, os.urandom(KEY_BYTES), _context(slot)))
            for slot in slots
        ]
        return await self._store.add(fresh)

    async def unwrap(self, key: StoredKey) -> bytes:
        """The data key itself."""
        return await self._master.unwrap(key.kek_version, key.wrapped, _context(key.slot))

    async def rewrap_all(self, progress: Progress | None = None) -> int:
        """Wraps every data key with the highest master key version held, and says how many it wrapped.

        A batch is one transaction, and both versions open what they wrapped: killed at any point, everything
        stays readable, and the next call goes on. `progress(done, total)` follows every batch.
        """
        version = max(self._master.versions())
        summary = await self._store.summary()
        in_use = max(summary.canaries, default=0)
        if version < in_use:
            raise MasterKeyError(
                f"{self._master.where} lacks master key version {in_use}, which is in use: add it"
            )
        await self._put_to_use(version)
        total = sum(count for other, count in summary.live_by_version.items() if other != version)
        done = 0
        while batch := await self._store.not_wrapped_by(version, _BATCH):
            wrapped = await asyncio.gather(*(self._rewrapped(key, version) for key in batch))
            await self._store.rewrap([(key, version, new) for key, new in zip(batch, wrapped, strict=True)])
            done += len(batch)
            if progress:
                progress(done, max(total, done))
        await self._store.scrub()
        return done

    async def _rewrapped(self, key: StoredKey, version: int) -> bytes:
        return await self._master.wrap(version, await self.unwrap(key), _context(key.slot))

    async def _put_to_use(self, version: int) -> None:
        await self._store.add_canary(version, await self._master.wrap(version, _CANARY, _CANARY_CONTEXT))


def _context(slot: Slot) -> bytes:
    """What a wrapping is bound to; the purpose comes last and so may have any length."""
    return _CONTEXT.pack(FORMAT, slot.account_id, slot.source_id, slot.epoch) + slot.purpose.encode()
