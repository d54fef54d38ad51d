"""Master keys: the versioned keys that wrap every data key, and that never touch a database.

They come from `MASTER_KEYS`, from `MASTER_KEY_FILE`, or from `master.key` in `CHEWBOTTA_HOME`. There is no
default: without one nothing starts. What wraps and unwraps is a protocol, and asynchronous, so that a key
management service can stand behind it.
"""

import base64
import binascii
import fcntl
import os
import secrets
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from storage.errors import OperatorError
from storage.settings import Settings

KEY_BYTES = 32
_NONCE_BYTES = 12
_HIGHEST_VERSION = 2**31 - 1
_LARGEST_FILE = 65_536
_FEWEST_DISTINCT_BYTES = 8
_FILE_HEAD = """\
# Chewbotta's master keys, one a line: VERSION:KEY. Whoever has this file and the key store can read
# everything; whoever loses it can read nothing. Keep a copy in a safe place, apart from all backups.
"""


class MasterKeyError(OperatorError):
    """The master keys are missing, malformed, or not those that the key store was made with."""


class MasterKeys(Protocol):
    """What holds the master keys. `context` is bound into the wrapping: unwrapping demands the same one."""

    @property
    def where(self) -> str:
        """Where the keys come from, for messages: "MASTER_KEYS", "KMS_KEY_ID", or the path of a file."""

    @property
    def file(self) -> Path | None:
        """The file to which a new version can be added, if there is one."""

    def versions(self) -> tuple[int, ...]:
        """The versions held, ascending."""

    async def wrap(self, version: int, key: bytes, context: bytes) -> bytes:
        """Raises MasterKeyError when `version` is not held."""

    async def unwrap(self, version: int, wrapped: bytes, context: bytes) -> bytes:
        """Raises MasterKeyError when `version` is not held, or is not the key that wrapped this."""


class LocalMasterKeys:
    """Master keys held in this process. A file is read again when a version is asked for that it has since
    been given: a rotation needs no restart."""

    def __init__(self, keys: Mapping[int, bytes], *, where: str, file: Path | None = None) -> None:
        self._keys = {version: AESGCM(key) for version, key in keys.items()}
        self.where = where
        self.file = file

    def __repr__(self) -> str:
        return f"LocalMasterKeys(versions={self.versions()}, where={self.where!r})"

    def versions(self) -> tuple[int, ...]:
        return tuple(sorted(self._keys))

    async def wrap(self, version: int, key: bytes, context: bytes) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._key(version).encrypt(nonce, key, _bound(context, version))

    async def unwrap(self, version: int, wrapped: bytes, context: bytes) -> bytes:
        nonce, sealed = wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:]
        try:
            return self._key(version).decrypt(nonce, sealed, _bound(context, version))
        except (InvalidTag, ValueError):
            raise MasterKeyError(
                f"master key version {version} from {self.where} is not the one that this key store was made "
                "with: restore that key (a new one cannot open it)"
            ) from None

    def _key(self, version: int) -> AESGCM:
        if version not in self._keys and self.file:
            self._keys = {known: AESGCM(key) for known, key in read_file(self.file).items()}
        if version not in self._keys:
            raise MasterKeyError(
                f"the key store needs master key version {version}, which {self.where} does not hold: add it"
            )
        return self._keys[version]


def _bound(context: bytes, version: int) -> bytes:
    return version.to_bytes(4, "big") + context


def default_file(settings: Settings) -> Path:
    """Where `chewbotta init` and `chewbotta keys generate` put the master key."""
    return settings.master_key_file or settings.chewbotta_home / "master.key"


class MixedMasterKeys:
    """Some versions held in this process, others in KMS: while one changes from one to the other."""

    file: Path | None = None

    def __init__(self, *parts: MasterKeys) -> None:
        """Raises MasterKeyError when two parts hold the same version."""
        self._parts = {version: part for part in parts for version in part.versions()}
        self.where = " and ".join(part.where for part in parts)
        if len(self._parts) < sum(len(part.versions()) for part in parts):
            raise MasterKeyError(f"{self.where} hold the same version: give the new key the next number")

    def versions(self) -> tuple[int, ...]:
        return tuple(sorted(self._parts))

    async def wrap(self, version: int, key: bytes, context: bytes) -> bytes:
        return await self._part(version).wrap(version, key, context)

    async def unwrap(self, version: int, wrapped: bytes, context: bytes) -> bytes:
        return await self._part(version).unwrap(version, wrapped, context)

    def _part(self, version: int) -> MasterKeys:
        """For a version that nobody holds, any part will say so."""
        return self._parts.get(version) or next(iter(self._parts.values()))


def needs_file(settings: Settings) -> bool:
    """Whether the master key is to be found in a file, as neither the environment nor KMS has it."""
    return settings.master_keys is None and settings.kms_key_id is None


def load_master_keys(settings: Settings) -> MasterKeys:
    """The master keys that the settings name, here, in KMS or in both. Raises MasterKeyError when there are
    none, or unusable ones."""
    if not settings.kms_key_id:
        return _local_master_keys(settings)
    from storage.keys.kms import kms_master_keys

    in_kms = kms_master_keys(settings)
    if settings.master_keys or settings.master_key_file:
        return MixedMasterKeys(_local_master_keys(settings), in_kms)
    return in_kms


def _local_master_keys(settings: Settings) -> LocalMasterKeys:
    if settings.master_keys:
        keys = parse(settings.master_keys.get_secret_value().split(","), "MASTER_KEYS")
        return LocalMasterKeys(keys, where="MASTER_KEYS")
    file = default_file(settings)
    if not file.exists():
        raise MasterKeyError(
            f"there is no master key in {file} nor in MASTER_KEYS: `chewbotta init` makes one "
            "(`chewbotta keys generate` that alone); if this installation had one, put it back"
        )
    return LocalMasterKeys(read_file(file), where=str(file), file=file)


def parse(entries: Iterable[str], where: str) -> dict[int, bytes]:
    """`VERSION:BASE64` entries as keys by version. Raises MasterKeyError that never repeats an entry."""
    keys: dict[int, bytes] = {}
    for number, entry in enumerate((text.strip() for text in entries), start=1):
        if not entry:
            continue
        version, key = _parse_entry(entry, f"{where}: entry {number}")
        if version in keys or key in keys.values():
            raise MasterKeyError(f"{where}: entry {number} repeats a version or a key: keep each once")
        keys[version] = key
    if not keys:
        raise MasterKeyError(f"{where}: holds no key: make one with `chewbotta keys generate`")
    return keys


def _parse_entry(entry: str, where: str) -> tuple[int, bytes]:
    version, _, encoded = entry.partition(":")
    if not (version.isascii() and version.isdigit() and 1 <= int(version[:11]) <= _HIGHEST_VERSION):
        raise MasterKeyError(f"{where} is not VERSION:BASE64 (a version is a number from 1)")
    try:
        key = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise MasterKeyError(f"{where} is not VERSION:BASE64") from None
    if len(key) != KEY_BYTES or len(set(key)) < _FEWEST_DISTINCT_BYTES:
        raise MasterKeyError(f"{where} is not {KEY_BYTES} random bytes: use `chewbotta keys generate`")
    return int(version), key


def new_entry(version: int) -> str:
    """A fresh master key as `VERSION:BASE64`."""
    return f"{version}:{base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()}"


def read_file(file: Path) -> dict[int, bytes]:
    """The keys in a file, which must be a plain one that only its owner can read."""
    return parse(_lines(_read_private(file)), str(file))


def _lines(text: str) -> Iterator[str]:
    return ("" if line.lstrip().startswith("#") else line for line in text.splitlines())


def _read_private(file: Path) -> str:
    try:
        # Not blocking: a pipe put in the file's place must not hang the start.
        with os.fdopen(os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as opened:
            state = os.fstat(opened.fileno())
            if not stat.S_ISREG(state.st_mode) or state.st_size > _LARGEST_FILE:
                raise MasterKeyError(f"{file}: is not a file of master keys")
            if state.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise MasterKeyError(f"{file}: others than its owner may read it: run `chmod 600 {file}`")
            return opened.read().decode("ascii")
    except OSError as problem:
        raise MasterKeyError(f"{file}: cannot be read ({problem.strerror})") from None
    except UnicodeDecodeError:
        raise MasterKeyError(f"{file}: is not a file of master keys") from None


def create_file(file: Path) -> None:
    """Makes `file` with a first master key, readable by its owner alone. Never overwrites one."""
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise MasterKeyError(
            f"{file}: exists already; `chewbotta keys rotate` adds a new key to it"
        ) from None
    except OSError as problem:
        raise MasterKeyError(f"{file}: cannot be written ({problem.strerror})") from None
    with os.fdopen(descriptor, "w", encoding="ascii") as opened:
        opened.write(f"{_FILE_HEAD}{new_entry(1)}\n")
        opened.flush()
        os.fsync(opened.fileno())


def append_version(file: Path) -> int:
    """Adds a new highest version to `file` and returns it. A crash leaves the old file or the new one."""
    file = file.resolve()  # the file that a link leads to is replaced, not the link
    with _locked(file):
        text = _read_private(file)
        version = max(parse(_lines(text), str(file))) + 1
        replacement = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
        try:
            descriptor = os.open(replacement, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "w", encoding="ascii") as opened:
                owner = file.stat()
                os.fchown(descriptor, owner.st_uid, owner.st_gid)  # root may rotate for the service's user
                opened.write(f"{text.rstrip()}\n{new_entry(version)}\n")
                opened.flush()
                os.fsync(opened.fileno())
            replacement.replace(file)
        except OSError as problem:
            raise MasterKeyError(f"{file}: cannot be written ({problem.strerror})") from None
        finally:
            replacement.unlink(missing_ok=True)
    return version


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    """One writer at a time, held on the folder, which unlike the file is not replaced."""
    try:
        descriptor = os.open(file.parent, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as problem:
        raise MasterKeyError(f"{file}: cannot be read ({problem.strerror})") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
