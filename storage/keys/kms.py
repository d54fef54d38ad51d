"""Master keys that never leave AWS KMS: it wraps and unwraps data keys, and keeps the key that does so.

`KMS_KEY_ID` names one key, or several as VERSION:KEY: a change of the key is a new version, as with local
ones (KMS's own yearly rotation needs nothing). What a wrapping is bound to goes along as the encryption
context, ids alone, since CloudTrail shows it. Credentials are found in the ways usual for AWS: a role of the
machine, or the environment.

Nothing is kept when KMS does not answer: the vault then stays shut, and the first call after it is back
succeeds. boto3 is an optional part of the installation (`chewbotta[aws]`) and blocks, so it works in threads.
"""

import asyncio
import re
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Any

from storage.keys.master_keys import MasterKeyError
from storage.setting_types import kms_keys
from storage.settings import Settings

WHERE = "KMS_KEY_ID"
CONNECT_SECONDS = 1.0
READ_SECONDS = 2.0
TRIES = 2
_THREADS = 16

_ARN = re.compile(r"arn:aws[\w-]*:kms:([\w-]+):\d{12}:(?:key|alias)/\S+")

_WRONG_KEY = frozenset({"IncorrectKeyException", "InvalidCiphertextException"})
_REFUSALS: Mapping[str, str] = {
    "NotFoundException": "KMS knows no such key: check KMS_KEY_ID and AWS_REGION",
    "DisabledException": "the key is disabled: enable it in KMS",
    "KMSInvalidStateException": "the key is not usable (is it waiting for its deletion?): see it in KMS",
    "InvalidKeyUsageException": "the key is not one for symmetric encryption",
    "AccessDeniedException": "the credentials may not use the key: allow kms:Encrypt and kms:Decrypt",
    "UnrecognizedClientException": "AWS does not know the credentials",
    "InvalidSignatureException": "AWS refuses the credentials' signature",
    "ExpiredTokenException": "the AWS credentials have expired",
}


class KmsUnavailable(MasterKeyError):
    """KMS does not answer: nothing can be read until it does."""


class KmsMasterKeys:
    """`MasterKeys` behind KMS. Opens no connection before it is first asked."""

    file: Path | None = None

    def __init__(
        self, keys: Mapping[int, str], *, region: str | None = None, endpoint_url: str | None = None
    ) -> None:
        """`keys` are ids, ARNs or aliases of KMS keys by version."""
        self._keys = dict(keys)
        self._region = region or _region_of(self._keys)
        self._endpoint_url = endpoint_url
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="kms")
        self._lock = Lock()
        self._made: Any = None

    def __repr__(self) -> str:
        return f"KmsMasterKeys(versions={self.versions()})"

    @property
    def where(self) -> str:
        return WHERE

    def versions(self) -> tuple[int, ...]:
        return tuple(sorted(self._keys))

    async def wrap(self, version: int, key: bytes, context: bytes) -> bytes:
        """The key as KMS encrypts it. Raises MasterKeyError, and KmsUnavailable when there is no answer."""
        answer = await self._call("encrypt", version, context, Plaintext=key)
        return bytes(answer["CiphertextBlob"])

    async def unwrap(self, version: int, wrapped: bytes, context: bytes) -> bytes:
        """Raises as `wrap` does, also when the context is another or the bytes were altered."""
        if not wrapped:  # boto3 would complain of it in words of its own
            raise _wrong_key(version)
        answer = await self._call("decrypt", version, context, CiphertextBlob=wrapped)
        opened = bytes(answer["Plaintext"])
        if not _is_same_key(self._keys[version], str(answer.get("KeyId", ""))):
            raise _wrong_key(version)
        return opened

    def _key(self, version: int) -> str:
        if version not in self._keys:
            raise MasterKeyError(
                f"the key store needs master key version {version}, which {WHERE} does not name: add it"
            )
        return self._keys[version]

    async def _call(self, operation: str, version: int, context: bytes, **what: bytes) -> dict[str, Any]:
        bound = {"KeyId": self._key(version), "EncryptionContext": _context(version, context)}
        asked = partial(self._ask, operation, version, {**what, **bound})
        return await asyncio.get_running_loop().run_in_executor(self._threads, asked)

    def _ask(self, operation: str, version: int, arguments: dict[str, Any]) -> dict[str, Any]:
        """One request, in a thread. `from None`: AWS's texts name accounts and keys."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            method: Callable[..., dict[str, Any]] = getattr(self._client(), operation)
            return method(**arguments)
        except ClientError as problem:
            code = str(problem.response.get("Error", {}).get("Code", ""))
        except (BotoCoreError, OSError) as problem:
            raise KmsUnavailable(f"AWS KMS does not answer ({type(problem).__name__})") from None
        if code in _WRONG_KEY:
            raise _wrong_key(version) from None
        if code in _REFUSALS:
            raise MasterKeyError(f"{WHERE}: {_REFUSALS[code]}") from None
        known = code if re.fullmatch(r"[A-Za-z]{1,60}", code) else "an unknown error"
        raise KmsUnavailable(f"AWS KMS does not answer ({known})") from None

    def _client(self) -> Any:
        """Made once, in a thread: reading its description takes a while. It may be used by many threads."""
        with self._lock:
            if self._made is None:
                import boto3
                from botocore.config import Config

                limits = Config(
                    connect_timeout=CONNECT_SECONDS,
                    read_timeout=READ_SECONDS,
                    retries={"mode": "standard", "total_max_attempts": TRIES},
                    max_pool_connections=_THREADS,
                )
                self._made = boto3.client(
                    "kms", region_name=self._region, endpoint_url=self._endpoint_url, config=limits
                )
            return self._made


def kms_master_keys(settings: Settings) -> KmsMasterKeys:
    """The KMS keys that the settings name. Raises MasterKeyError where boto3 is not installed."""
    if not find_spec("boto3"):
        raise MasterKeyError(f"{WHERE} needs boto3: install it with `pip install 'chewbotta[aws]'`")
    keys = kms_keys(settings.kms_key_id or "")
    return KmsMasterKeys(keys, region=settings.aws_region, endpoint_url=settings.aws_endpoint_url)


def _context(version: int, context: bytes) -> dict[str, str]:
    return {"chewbotta": context.hex(), "version": str(version)}


def _region_of(keys: Mapping[int, str]) -> str | None:
    found = {arn[1] for key in keys.values() if (arn := _ARN.fullmatch(key))}
    return found.pop() if len(found) == 1 else None


def _is_same_key(wanted: str, used: str) -> bool:
    """Whether the key that KMS used is the one asked for; what stands behind an alias only KMS knows."""
    return "alias/" in wanted or wanted.rpartition("/")[2] == used.rpartition("/")[2]


def _wrong_key(version: int) -> MasterKeyError:
    return MasterKeyError(
        f"master key version {version} from {WHERE} is not the one that this key store was made with: name "
        "that key (another one cannot open it)"
    )
