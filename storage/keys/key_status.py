"""What may be said of the keys without showing any: `chewbotta keys status` and `chewbotta doctor`."""

from typing import NamedTuple

from storage.keys.keystore import KeyStore
from storage.keys.master_keys import load_master_keys
from storage.keys.vault import Vault
from storage.settings import Settings


class KeyStatus(NamedTuple):
    """`versions` are the master keys held, `in_use` the one that wraps new keys, `data_keys` how many live
    keys each version wraps."""

    master_keys: str
    versions: tuple[int, ...]
    in_use: int
    key_store: str
    data_keys: dict[int, int]
    accounts: int
    sources: int
    destroyed: int
    rotation_pending: bool


async def key_status(settings: Settings) -> KeyStatus:
    """Raises MasterKeyError when the master keys do not open the key store, KeyStoreError when it is down."""
    master_keys = load_master_keys(settings)
    store = KeyStore(settings.keystore_url.get_secret_value())
    async with Vault(store, master_keys):
        summary = await store.summary()
    in_use, newest = max(summary.canaries), max(master_keys.versions())
    return KeyStatus(
        master_keys.where,
        master_keys.versions(),
        in_use,
        store.where,
        dict(sorted(summary.live_by_version.items())),
        summary.accounts,
        summary.sources,
        summary.destroyed,
        newest > in_use or any(version != newest for version in summary.live_by_version),
    )
