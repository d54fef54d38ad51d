"""`chewbotta keys`: what its commands do, what they say, and how they fail."""

import asyncio
import json
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from storage.cli import keys_app
from storage.keys.master_keys import new_entry, read_file
from storage.keys.vault import Vault, open_vault
from storage.settings import load_settings
from tests.storage.keys.some_keys import PLACE


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No `.env` of the project's folder is read."""
    monkeypatch.chdir(tmp_path)


def _keys(*arguments: str) -> Result:
    return CliRunner().invoke(keys_app, arguments)


def _fails(result: Result, *says: str) -> None:
    """Exit code 1, nothing on stdout, one line on stderr."""
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1
    for text in says:
        assert text in result.stderr


def _home_key(tmp_path: Path) -> Path:
    return tmp_path / "home" / "master.key"


async def _seal() -> bytes:
    async with open_vault(load_settings()) as vault:
        await vault.create_source_keys(1, 1)
        return (await vault.source_keys(1, 1)).seal(**PLACE, plaintext=b"Ada")


async def _open(sealed: bytes) -> bytes:
    async with open_vault(load_settings()) as vault:
        return (await vault.source_keys(1, 1)).open(**PLACE, sealed=sealed)


def test_help_teaches() -> None:
    """`keys` alone and every `--help` say what the command does; the option names are there."""
    assert "rotate" in _keys().output
    for command, word in (("generate", "--file"), ("rotate", "Interrupted"), ("status", "--json")):
        result = _keys(command, "--help")
        assert result.exit_code == 0
        assert word in result.output


def test_generate_makes_a_private_file_once(tmp_path: Path) -> None:
    """The first call makes master.key, says where, and does not show the key; the second refuses."""
    result = _keys("generate")
    assert result.exit_code == 0
    file = _home_key(tmp_path)
    assert str(file) in result.output
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_text().split(":")[-1].strip() not in result.output
    _fails(_keys("generate"), "exists already", "keys rotate")


def test_generate_can_put_the_file_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--file` names another place, and the setting that then has to be made is printed."""
    file = tmp_path / "secrets" / "m.key"
    assert f"MASTER_KEY_FILE={file}" in _keys("generate", "--file", str(file)).output
    monkeypatch.setenv("MASTER_KEY_FILE", str(file))
    assert json.loads(_keys("status", "--json").stdout)["master_keys"] == str(file)


def test_generate_prints_an_entry_for_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """`--file -` prints the next entry of MASTER_KEYS, and nothing else."""
    first = _keys("generate", "--file", "-").stdout.strip()
    assert first.startswith("1:")
    monkeypatch.setenv("MASTER_KEYS", first)
    second = _keys("generate", "--file", "-").stdout.strip()
    assert second.startswith("2:")
    monkeypatch.setenv("MASTER_KEYS", f"{second},{first}")
    assert json.loads(_keys("status", "--json").stdout)["versions"] == [1, 2]


def test_generate_does_not_replace_a_lost_key(tmp_path: Path) -> None:
    """With a key store that a lost master key made, a new key is no help: the command says so."""
    _keys("generate")
    asyncio.run(_seal())
    _home_key(tmp_path).unlink()
    _fails(_keys("status"), "there is no master key")
    _fails(_keys("generate"), "version 1", "put the old one back")
    assert not _home_key(tmp_path).exists()


def test_rotate_adds_a_version_and_keeps_everything_readable(tmp_path: Path) -> None:
    """After a rotation the new version wraps all; what was sealed before opens, also with it alone."""
    _keys("generate")
    sealed = asyncio.run(_seal())
    result = _keys("rotate")
    assert result.exit_code == 0, result.output
    assert "version 2 is now in" in result.stdout
    assert "2 data keys" in result.stdout
    assert asyncio.run(_open(sealed)) == b"Ada"
    file = _home_key(tmp_path)
    assert sorted(read_file(file)) == [1, 2]
    kept = [line for line in file.read_text().splitlines() if not line.startswith("1:")]
    file.write_text("\n".join(kept))
    assert asyncio.run(_open(sealed)) == b"Ada"
    status = json.loads(_keys("status", "--json").stdout)
    assert (status["in_use"], status["data_keys"], status["rotation_pending"]) == (2, {"2": 2}, False)


def test_rotate_finishes_what_was_interrupted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken off after the new version was written, the next call adds no third one."""
    _keys("generate")
    asyncio.run(_seal())

    async def broken(*_: object) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Vault, "rewrap_all", broken)
        assert _keys("rotate").exit_code != 0
    assert "not finished" in _keys("status").stdout
    assert _keys("rotate").exit_code == 0
    assert sorted(read_file(_home_key(tmp_path))) == [1, 2]
    assert "not finished" not in _keys("status").stdout


def test_rotate_with_keys_from_the_environment_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command cannot change the environment: it explains, and works once that has been done."""
    first, second = new_entry(1), new_entry(2)
    monkeypatch.setenv("MASTER_KEYS", first)
    sealed = asyncio.run(_seal())
    _fails(_keys("rotate"), "MASTER_KEYS", "keys generate --file -", "restart")
    monkeypatch.setenv("MASTER_KEYS", f"{second},{first}")
    assert "2 data keys" in _keys("rotate").stdout
    monkeypatch.setenv("MASTER_KEYS", second)
    assert asyncio.run(_open(sealed)) == b"Ada"


def test_rotate_changes_nothing_with_a_wrong_master_key(tmp_path: Path) -> None:
    """The keys are proved before a new version is written."""
    _keys("generate")
    asyncio.run(_seal())
    file = _home_key(tmp_path)
    file.write_text(new_entry(1))
    _fails(_keys("rotate"), "restore that key")
    assert sorted(read_file(file)) == [1]


def test_status_is_for_people_and_for_programs() -> None:
    """Plain text with the figures; JSON with the same, and no key in either."""
    _keys("generate")
    asyncio.run(_seal())
    text = _keys("status").stdout
    assert "2 wrapped by version 1" in text
    status = json.loads(_keys("status", "--json").stdout)
    assert status["sources"] == 1
    assert status["data_keys"] == {"1": 2}


def test_an_unusable_setting_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Errors of settings reach the terminal as one line with exit code 1."""
    monkeypatch.setenv("LOG_LEVEL", "LOUD")
    _fails(_keys("status"), "LOG_LEVEL")
