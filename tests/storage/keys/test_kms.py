"""Master keys in AWS KMS, against moto's KMS on loopback and against one that fails in every way."""

import json
import os
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from aiohttp import web
from moto.server import ThreadedMotoServer

from storage.keys import kms
from storage.keys.key_status import key_status
from storage.keys.keystore import KeyStore
from storage.keys.kms import KmsMasterKeys, KmsUnavailable
from storage.keys.master_keys import LocalMasterKeys, MasterKeyError, MixedMasterKeys, load_master_keys
from storage.keys.vault import Vault
from storage.settings import load_settings
from storage.setup import initialise
from tests.storage.keys.some_keys import FIRST, PLACE, Clock, masters

NO_DOTENV = Path("no-such-file")
KEY = os.urandom(32)


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    """The address of moto's KMS."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Made-up credentials, and none of this machine's."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "made-up")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def new_key(address: str) -> str:
    """The ARN of a new KMS key."""
    client: Any = boto3.client("kms", endpoint_url=address, region_name="eu-central-1")
    return str(client.create_key()["KeyMetadata"]["Arn"])


@pytest.fixture
def in_kms(moto: str) -> KmsMasterKeys:
    return KmsMasterKeys({1: new_key(moto)}, endpoint_url=moto)


@pytest.fixture
def keystore_url(tmp_path: Path) -> str:
    return f"sqlite+aiosqlite:///{tmp_path}/keys.sqlite3"


# ---- wrapping -------------------------------------------------------------------------------------------


async def test_a_key_comes_back_as_it_was(in_kms: KmsMasterKeys) -> None:
    """What KMS wrapped it unwraps; the wrapping does not hold the key."""
    wrapped = await in_kms.wrap(1, KEY, b"context")
    assert KEY not in wrapped
    assert await in_kms.unwrap(1, wrapped, b"context") == KEY


@pytest.mark.promises("P15")
@pytest.mark.parametrize("change", ["context", "version", "bytes", "empty", "short"])
async def test_a_wrapping_opens_in_its_own_place_alone(moto: str, change: str) -> None:
    """Moved to another context or version, or altered, a wrapping does not open."""
    arn = new_key(moto)
    keys = KmsMasterKeys({1: arn, 2: new_key(moto)}, endpoint_url=moto)
    wrapped = await keys.wrap(1, KEY, b"context")
    version = 2 if change == "version" else 1
    altered = {"bytes": wrapped[:-1] + bytes([wrapped[-1] ^ 1]), "empty": b"", "short": wrapped[:20]}
    with pytest.raises(MasterKeyError, match="not the one"):
        await keys.unwrap(
            version, altered.get(change, wrapped), b"another" if change == "context" else b"context"
        )


async def test_a_version_that_is_not_named_is_asked_for(in_kms: KmsMasterKeys) -> None:
    """A version that KMS_KEY_ID does not name is named in the error."""
    with pytest.raises(MasterKeyError, match="version 3, which KMS_KEY_ID does not name"):
        await in_kms.wrap(3, KEY, b"context")


async def test_an_unknown_key_is_no_outage(moto: str) -> None:
    """A KMS key that does not exist is the operator's to put right, said without its id."""
    arn = new_key(moto)[:-4] + "0000"
    with pytest.raises(MasterKeyError, match="KMS knows no such key") as refused:
        await KmsMasterKeys({1: arn}, endpoint_url=moto).wrap(1, KEY, b"context")
    assert not isinstance(refused.value, KmsUnavailable)
    assert arn not in str(refused.value)


# ---- the vault on KMS -----------------------------------------------------------------------------------


async def test_the_vault_works_on_kms(in_kms: KmsMasterKeys, keystore_url: str) -> None:
    """Keys are made, used, found again by another process, and gone from the file once destroyed."""
    async with Vault(KeyStore(keystore_url), in_kms) as vault:
        await vault.create_source_keys(1, 1)
        sealed = (await vault.source_keys(1, 1)).seal(**PLACE, plaintext=b"a name")
    async with Vault(KeyStore(keystore_url), in_kms) as vault:
        assert (await vault.source_keys(1, 1)).open(**PLACE, sealed=sealed) == b"a name"
        store = KeyStore(keystore_url)
        wrapped = [key.wrapped for key in await store.keys(1, 1)]
        await vault.destroy_source_keys(1, 1)
        await store.close()
    left = _bytes_of(keystore_url)
    assert len(wrapped) == 2
    assert [one for one in wrapped if one in left or one[-40:] in left] == []


async def test_another_kms_key_is_told_at_the_start(
    in_kms: KmsMasterKeys, moto: str, keystore_url: str
) -> None:
    """A vault made with one KMS key does not start with another."""
    async with Vault(KeyStore(keystore_url), in_kms):
        pass
    other = KmsMasterKeys({1: new_key(moto)}, endpoint_url=moto)
    with pytest.raises(
        MasterKeyError, match=r"may not use the key|not the one"
    ):  # moto's words, and Amazon's
        async with Vault(KeyStore(keystore_url), other):
            pass


def _bytes_of(sqlite_url: str) -> bytes:
    return Path(sqlite_url.removeprefix("sqlite+aiosqlite:///")).read_bytes()


@pytest.mark.parametrize("before", ["another KMS key", "a local key"])
async def test_changing_to_a_new_kms_key(
    in_kms: KmsMasterKeys, moto: str, keystore_url: str, before: str
) -> None:
    """Old and new side by side: `rewrap_all` moves every data key, and then the new one alone is enough."""
    old = in_kms if before == "another KMS key" else masters(FIRST)
    new = KmsMasterKeys({2: new_key(moto)}, endpoint_url=moto)
    async with Vault(KeyStore(keystore_url), old) as vault:
        for source in range(1, 4):
            await vault.create_source_keys(1, source)
        sealed = (await vault.source_keys(1, 3)).seal(**PLACE, plaintext=b"a name")
    async with Vault(KeyStore(keystore_url), MixedMasterKeys(old, new)) as vault:
        assert await vault.rewrap_all() == 6
    async with Vault(KeyStore(keystore_url), new) as vault:
        assert (await vault.source_keys(1, 3)).open(**PLACE, sealed=sealed) == b"a name"


async def test_rewrapping_a_thousand_sources_is_quick_enough(
    in_kms: KmsMasterKeys, keystore_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many keys are rewrapped at a time: a KMS of 10 ms does not take a second for each hundred."""
    waited = 0

    async def slow(self: KmsMasterKeys, version: int, key: bytes, context: bytes) -> bytes:
        nonlocal waited
        import asyncio

        waited += 1
        await asyncio.sleep(0.01)
        return key

    monkeypatch.setattr(KmsMasterKeys, "wrap", slow)
    monkeypatch.setattr(KmsMasterKeys, "unwrap", slow)
    keys = KmsMasterKeys({1: "alias/one", 2: "alias/two"}, region="eu-central-1")
    async with Vault(KeyStore(keystore_url), KmsMasterKeys({1: "alias/one"}, region="x")) as vault:
        for source in range(1, 51):
            await vault.create_source_keys(1, source)
    async with Vault(KeyStore(keystore_url), keys) as vault:
        started = time.monotonic()
        assert await vault.rewrap_all() == 100
        assert time.monotonic() - started < 1


# ---- when KMS fails -------------------------------------------------------------------------------------


@dataclass
class FailingKms:
    """A KMS that answers every request with `answer`, or never."""

    address: str = ""
    answer: tuple[int, str] | None = None
    asked: int = 0
    waiting: list[Any] = field(default_factory=list)

    async def serve(self, request: web.Request) -> web.Response:
        self.asked += 1
        await request.read()
        if self.answer is None:
            import asyncio

            await asyncio.sleep(60)
        status, code = self.answer or (500, "")
        body = {"__type": code, "message": f"arn:aws:kms:eu-central-1:123456789012:key/{code}"}
        return web.Response(status=status, text=json.dumps(body), content_type="application/x-amz-json-1.1")


@pytest.fixture
async def failing() -> AsyncIterator[FailingKms]:
    server = FailingKms()
    app = web.Application()
    app.router.add_post("/", server.serve)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.address = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield server
    await runner.cleanup()


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("DisabledException", "disabled"),
        ("KMSInvalidStateException", "deletion"),
        ("AccessDeniedException", "kms:Decrypt"),
        ("ExpiredTokenException", "expired"),
        ("IncorrectKeyException", "not the one"),
    ],
)
async def test_a_refusal_says_what_to_do(failing: FailingKms, code: str, words: str) -> None:
    """What KMS refuses is said in words of ours, once, without AWS's text, which names accounts and keys."""
    failing.answer = (400, code)
    keys = KmsMasterKeys({1: "alias/one"}, region="eu-central-1", endpoint_url=failing.address)
    with pytest.raises(MasterKeyError, match=words) as refused:
        await keys.unwrap(1, b"wrapped", b"context")
    assert failing.asked == 1
    assert "123456789012" not in str(refused.value)
    assert refused.value.__cause__ is None


@pytest.mark.parametrize("how", ["500", "throttled", "closed", "hangs"])
async def test_an_outage_is_tried_twice_and_ends_soon(
    failing: FailingKms, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """A KMS that is down, busy or silent is an outage after a second try and a few seconds."""
    monkeypatch.setattr(kms, "READ_SECONDS", 0.3)
    failing.answer = {"500": (500, "InternalException"), "throttled": (400, "ThrottlingException")}.get(how)
    address = "http://127.0.0.1:1" if how == "closed" else failing.address
    keys = KmsMasterKeys({1: "alias/one"}, region="eu-central-1", endpoint_url=address)
    started = time.monotonic()
    with pytest.raises(KmsUnavailable, match="does not answer"):
        await keys.unwrap(1, b"wrapped", b"context")
    assert time.monotonic() - started < 7
    assert failing.asked == (0 if how == "closed" else 2)


@pytest.mark.promises("P15", "P16")
async def test_without_kms_the_vault_stays_shut_and_opens_when_it_is_back(
    moto: str, keystore_url: str, failing: FailingKms
) -> None:
    """Fails closed: once cached keys expire nothing opens; the first fetch after the outage does."""
    clock, arn = Clock(), new_key(moto)
    keys = KmsMasterKeys({1: arn}, endpoint_url=moto)
    async with Vault(KeyStore(keystore_url), keys, clock=clock) as vault:
        await vault.create_source_keys(1, 1)
        opened = await vault.source_keys(1, 1)
        sealed = opened.seal(**PLACE, plaintext=b"a name")
        failing.answer = (500, "InternalException")
        down = KmsMasterKeys({1: arn}, endpoint_url=failing.address)
        vault._ring._master = down
        clock.now += 61
        with pytest.raises(KmsUnavailable):
            await vault.source_keys(1, 1)
        vault._ring._master = keys
        started = time.monotonic()
        assert (await vault.source_keys(1, 1)).open(**PLACE, sealed=sealed) == b"a name"
        assert time.monotonic() - started < 5


# ---- settings -------------------------------------------------------------------------------------------


async def test_an_installation_on_kms_needs_no_key_file(
    moto: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With KMS_KEY_ID, `init` makes no master key, and `keys status` says where the key is."""
    monkeypatch.setenv("KMS_KEY_ID", new_key(moto))
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto)
    settings = load_settings(NO_DOTENV)
    done = await initialise(settings, name="Ours")
    assert done.key_file is None
    assert list(settings.chewbotta_home.glob("*.key")) == []
    assert (await key_status(settings)).master_keys == "KMS_KEY_ID"


@pytest.mark.parametrize(
    ("text", "versions"),
    [
        ("alias/chewbotta", (1,)),
        ("1234abcd-12ab-34cd-56ef-1234567890ab", (1,)),
        ("mrk-1234abcd12ab34cd56ef1234567890ab", (1,)),
        ("arn:aws:kms:us-east-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab", (1,)),
        ("3:arn:aws-us-gov:kms:us-gov-west-1:111122223333:alias/chewbotta", (3,)),
        ("1:alias/old, 2:alias/new", (1, 2)),
    ],
)
def test_key_ids_are_taken_as_aws_writes_them(
    monkeypatch: pytest.MonkeyPatch, text: str, versions: tuple[int, ...]
) -> None:
    """Ids, ARNs and aliases, one alone or several with versions."""
    monkeypatch.setenv("KMS_KEY_ID", text)
    assert load_master_keys(load_settings(NO_DOTENV)).versions() == versions


def test_local_and_kms_keys_must_differ_in_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both may be set, for moving from one to the other, but a version stands in one place."""
    import base64

    monkeypatch.setenv("MASTER_KEYS", f"1:{base64.b64encode(FIRST).decode()}")
    monkeypatch.setenv("KMS_KEY_ID", "2:alias/new")
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    assert load_master_keys(load_settings(NO_DOTENV)).versions() == (1, 2)
    monkeypatch.setenv("KMS_KEY_ID", "alias/new")
    with pytest.raises(MasterKeyError, match="next number"):
        load_master_keys(load_settings(NO_DOTENV))


def test_without_boto3_the_start_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """KMS_KEY_ID without the optional part is a clear error at the start."""
    monkeypatch.setenv("KMS_KEY_ID", "alias/chewbotta")
    monkeypatch.setattr(kms, "find_spec", lambda _: None)
    with pytest.raises(MasterKeyError, match=r"chewbotta\[aws\]"):
        load_master_keys(load_settings(NO_DOTENV))


def test_keys_print_as_versions(in_kms: KmsMasterKeys) -> None:
    """The repr shows neither the key's id nor anything of it."""
    assert repr(in_kms) == "KmsMasterKeys(versions=(1,))"
    assert isinstance(masters(FIRST), LocalMasterKeys)
