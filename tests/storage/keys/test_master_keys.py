"""Master keys: how they are written, where they may stand, and what they are bound to."""

import base64
import os
from pathlib import Path

import pytest

from storage.keys import master_keys as m
from storage.settings import load_settings
from tests.storage.keys.some_keys import FIRST, SECOND, masters

NO_DOTENV = Path("no-such-file")
GOOD = f"1:{base64.b64encode(bytes(range(200, 232))).decode()}"
OTHER = f"1:{base64.b64encode(bytes(range(100, 132))).decode()}"


def _load() -> m.LocalMasterKeys:
    return m.load_master_keys(load_settings(NO_DOTENV))


@pytest.mark.parametrize(
    "entries",
    [
        "nonsense",
        "1",
        "1:",
        ":abc",
        "0:" + GOOD[2:],
        "-1:" + GOOD[2:],
        "x:" + GOOD[2:],
        "٣:" + GOOD[2:],
        "99999999999999999999:" + GOOD[2:],
        GOOD[:-4],
        GOOD + "AAAA",
        GOOD.replace("=", "!"),
        "1:" + "A" * 43 + "=",
        f"{GOOD},{OTHER}",
        f"{GOOD},2:{GOOD[2:]}",
        ",",
    ],
)
def test_a_malformed_master_key_is_refused_without_being_shown(
    monkeypatch: pytest.MonkeyPatch, entries: str
) -> None:
    """Whatever is not VERSION:BASE64 of 32 random bytes, each once, is refused in one line."""
    monkeypatch.setenv("MASTER_KEYS", entries)
    with pytest.raises(m.MasterKeyError) as refused:
        _load()
    text = str(refused.value)
    assert text.startswith("MASTER_KEYS:")
    assert "\n" not in text
    assert GOOD[2:20] not in text


def test_versions_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """MASTER_KEYS holds several versions in any order, with spaces if one likes."""
    monkeypatch.setenv("MASTER_KEYS", f" {m.new_entry(7)} , {GOOD} ")
    assert _load().versions() == (1, 7)


def test_no_master_key_says_what_to_do() -> None:
    """There is no default: without a key the text names the command that makes one."""
    with pytest.raises(m.MasterKeyError, match="chewbotta keys generate"):
        _load()


def test_a_new_file_is_private_and_used_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """`master.key` in CHEWBOTTA_HOME is readable by its owner alone, and is found without a setting."""
    old = os.umask(0)
    try:
        file = m.default_file(load_settings(NO_DOTENV))
        m.create_file(file)
    finally:
        os.umask(old)
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o077 == 0
    assert _load().versions() == (1,)
    monkeypatch.setenv("MASTER_KEY_FILE", str(file))
    assert _load().where == str(file)


def test_a_file_is_never_overwritten(tmp_path: Path) -> None:
    """A second `generate` leaves the first key alone."""
    file = tmp_path / "master.key"
    m.create_file(file)
    before = file.read_bytes()
    with pytest.raises(m.MasterKeyError, match="exists already"):
        m.create_file(file)
    assert file.read_bytes() == before


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o610, 0o601])
def test_a_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    """Group or others with any right to the file: refused, with the command that puts it right."""
    file = tmp_path / "master.key"
    m.create_file(file)
    file.chmod(mode)
    with pytest.raises(m.MasterKeyError, match="chmod 600"):
        m.read_file(file)


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    """A folder, a pipe, a binary file or nothing at all is refused, and does not hang the start."""
    pipe, binary = tmp_path / "pipe", tmp_path / "binary"
    os.mkfifo(pipe, 0o600)
    binary.write_bytes(b"\xff" * 32)
    binary.chmod(0o600)
    for file in (tmp_path, pipe, binary, tmp_path / "missing"):
        with pytest.raises(m.MasterKeyError):
            m.read_file(file)


def test_a_new_version_joins_the_old_ones(tmp_path: Path) -> None:
    """Appending keeps what the file has, its comments and its mode, also behind a link."""
    file, link = tmp_path / "master.key", tmp_path / "link.key"
    m.create_file(file)
    link.symlink_to(file)
    before = file.read_text()
    assert m.append_version(link) == 2
    assert link.is_symlink()
    assert file.read_text().startswith(before)
    assert file.stat().st_mode & 0o777 == 0o600
    assert sorted(m.read_file(file)) == [1, 2]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.key", "master.key"]


async def test_a_file_is_read_again_for_a_version_it_was_given_later(tmp_path: Path) -> None:
    """A running process opens what a newer master key wrapped, without a restart."""
    file = tmp_path / "master.key"
    m.create_file(file)
    running = m.LocalMasterKeys(m.read_file(file), where=str(file), file=file)
    m.append_version(file)
    newer = m.LocalMasterKeys(m.read_file(file), where=str(file), file=file)
    wrapped = await newer.wrap(2, b"k" * 32, b"context")
    assert await running.unwrap(2, wrapped, b"context") == b"k" * 32


async def test_a_wrapping_is_bound_to_its_context_and_version() -> None:
    """A wrapped key opens with the same version and context only, and the error shows neither key."""
    keys = masters(FIRST, SECOND)
    wrapped = await keys.wrap(1, b"k" * 32, b"context")
    assert await keys.unwrap(1, wrapped, b"context") == b"k" * 32
    same_key = m.LocalMasterKeys({1: SECOND, 2: FIRST}, where="MASTER_KEYS")
    for holder, version, context, blob in (
        (keys, 2, b"context", wrapped),
        (keys, 1, b"another", wrapped),
        (same_key, 2, b"context", wrapped),
        (keys, 1, b"context", wrapped[:-1]),
        (keys, 1, b"context", b""),
    ):
        with pytest.raises(m.MasterKeyError, match="restore"):
            await holder.unwrap(version, blob, context)


async def test_a_version_that_is_not_held_is_named() -> None:
    """The error says which version is missing, and where."""
    with pytest.raises(m.MasterKeyError, match="version 3, which MASTER_KEYS does not hold"):
        await masters(FIRST).unwrap(3, b"x" * 60, b"")


def test_master_keys_show_no_key() -> None:
    """Their repr has versions and place only."""
    assert repr(masters(FIRST)) == "LocalMasterKeys(versions=(1,), where='MASTER_KEYS')"
