"""Settings: what is accepted, what is refused and how, where secrets come from, and the written pages."""

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from storage import settings_docs
from storage.features import features
from storage.settings import Settings, SettingsError, load_settings

PROJECT = Path(__file__).parents[2]
NO_DOTENV = Path("no-such-file")


def _set(monkeypatch: pytest.MonkeyPatch, **values: object) -> None:
    for name, value in values.items():
        monkeypatch.setenv(name, str(value))


def _complaint(monkeypatch: pytest.MonkeyPatch, **values: object) -> str:
    _set(monkeypatch, **values)
    with pytest.raises(SettingsError) as refused:
        load_settings(NO_DOTENV)
    text = str(refused.value)
    assert "\n" not in text
    return text


def test_nothing_set_is_a_complete_local_installation(tmp_path: Path) -> None:
    """With no setting at all both databases are files in CHEWBOTTA_HOME."""
    settings = load_settings(NO_DOTENV)
    home = tmp_path / "home"
    assert settings.database_url.get_secret_value() == f"sqlite+aiosqlite:///{home}/chewbotta.sqlite3"
    assert settings.keystore_url.get_secret_value() == f"sqlite+aiosqlite:///{home}/keys.sqlite3"
    assert settings.slack_bot_token is None
    assert settings.log_level == "INFO"


@pytest.mark.parametrize(
    ("written", "taken"),
    [
        ("postgres://u:p@db.example/x", "postgresql+asyncpg://u:p@db.example/x"),
        ("postgresql://u:p%40@db:6432/x", "postgresql+asyncpg://u:p%40@db:6432/x"),
        ("postgresql+asyncpg://db/x", "postgresql+asyncpg://db/x"),
        ("postgresql://db/x?sslmode=verify-full", "postgresql+asyncpg://db/x?ssl=verify-full"),
        ("postgresql:///x?host=/run/postgresql", "postgresql+asyncpg:///x?host=/run/postgresql"),
        ("sqlite:////data/x.db", "sqlite+aiosqlite:////data/x.db"),
        ("sqlite+aiosqlite:////data/x.db", "sqlite+aiosqlite:////data/x.db"),
        ("  sqlite:////data/x.db\n", "sqlite+aiosqlite:////data/x.db"),
    ],
)
def test_a_database_url_names_its_async_driver(
    monkeypatch: pytest.MonkeyPatch, written: str, taken: str
) -> None:
    """Database URLs as hosting services write them are taken as the async drivers need them."""
    _set(monkeypatch, DATABASE_URL=written)
    assert load_settings(NO_DOTENV).database_url.get_secret_value() == taken


def test_a_relative_file_is_relative_to_the_working_directory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """`sqlite:///x` stays the same file when the process later changes its directory."""
    monkeypatch.chdir(tmp_path)
    _set(monkeypatch, DATABASE_URL="sqlite:///here.db")
    assert load_settings(NO_DOTENV).database_url.get_secret_value().endswith(f"{tmp_path}/here.db")


HIDDEN = "h1dden-passw0rd"


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("DATABASE_URL", f"mysql://u:{HIDDEN}@h/x", "postgresql://"),
        ("DATABASE_URL", f"postgresql://u:{HIDDEN}@h", "names no database"),
        ("DATABASE_URL", f"postgresql://u:{HIDDEN}/{HIDDEN}@h:x/x", "%23"),
        ("DATABASE_URL", f"postgresql://u:{HIDDEN}#@h/x", "%23"),
        ("DATABASE_URL", f"postgresql://u:{HIDDEN}@h/x?channel_binding=require", "channel_binding"),
        ("DATABASE_URL", "sqlite://", "must name a file"),
        ("DATABASE_URL", "sqlite:///:memory:", "must name a file"),
        ("DATABASE_URL", "sqlite:///x?mode=ro", "options"),
        ("REPLICA_URL", "sqlite:////x", "postgresql://"),
        ("SLACK_BOT_TOKEN", f"xapp-{HIDDEN}", "xoxb-"),
        ("SLACK_APP_TOKEN", f"xoxb-{HIDDEN}", "xapp-"),
        ("SLACK_SIGNING_SECRET", f"{HIDDEN} {HIDDEN}", "space"),
        ("STRIPE_SECRET_KEY", f"pk_{HIDDEN}", "sk_"),
        ("STRIPE_WEBHOOK_SECRET", HIDDEN, "whsec_"),
        ("PUBLIC_URL", "http://chewbotta.example.com", "https://"),
        ("PUBLIC_URL", f"https://u:{HIDDEN}@example.com", "no user"),
        ("PUBLIC_URL", "chewbotta.example.com", "https://"),
        ("SMTP_URL", f"http://u:{HIDDEN}@mail", "smtp://"),
        ("SENTRY_DSN", HIDDEN, "https://"),
        ("OPENAI_BASE_URL", "openai", "https://"),
        ("LOG_LEVEL", "LOUD", "DEBUG"),
        ("CHEWBOTTA_HOME", "/dev/null", "folder"),
        ("KMS_KEY_ID", "a key", "VERSION:KEY"),
        ("KMS_KEY_ID", "alias/one,alias/two", "VERSION:KEY"),
        ("KMS_KEY_ID", "1:alias/one,1:alias/two", "repeats"),
    ],
)
def test_an_unusable_value_is_refused_in_one_line(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, why: str
) -> None:
    """A set but unusable value stops the start with one line: the setting and the reason, never a secret."""
    text = _complaint(monkeypatch, **{name: value})
    assert text.startswith(f"{name}:")
    assert why in text
    assert HIDDEN not in text


def test_every_unusable_setting_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two mistakes take one start to find, not two."""
    text = _complaint(monkeypatch, LOG_LEVEL="LOUD", SLACK_BOT_TOKEN="nonsense")
    assert "LOG_LEVEL:" in text
    assert "SLACK_BOT_TOKEN:" in text


def test_a_refusal_carries_no_value_in_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error does not drag along the report that quotes the input."""
    _set(monkeypatch, SLACK_BOT_TOKEN=HIDDEN)
    with pytest.raises(SettingsError) as refused:
        load_settings(NO_DOTENV)
    assert refused.value.__suppress_context__
    assert HIDDEN not in str(refused.value.__context__)


@pytest.mark.parametrize("value", ["maybe", "enabled", "2", "ja"])
def test_a_boolean_with_an_unlisted_spelling_fails(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """A switch is on or off by a listed spelling; anything else is an error, not off."""

    class WithSwitch(Settings):
        switch: bool = False

    _set(monkeypatch, SWITCH=value)
    with pytest.raises(ValidationError, match="switch"):
        WithSwitch()
    _set(monkeypatch, SWITCH="On")
    assert WithSwitch().switch


def test_empty_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """`NAME=` in a copied .env means that the setting is not used."""
    _set(monkeypatch, SLACK_BOT_TOKEN="", DATABASE_URL="", LOG_LEVEL="")
    assert load_settings(NO_DOTENV) == load_settings(NO_DOTENV)
    assert load_settings(NO_DOTENV).slack_bot_token is None


def test_a_secret_may_stand_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """NAME_FILE is read for every secret, without the line break at its end."""
    file = tmp_path / "token"
    file.write_text("xoxb-from-a-file\n")
    _set(monkeypatch, SLACK_BOT_TOKEN_FILE=file)
    token = load_settings(NO_DOTENV).slack_bot_token
    assert token is not None
    assert token.get_secret_value() == "xoxb-from-a-file"


def test_a_secret_is_set_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """NAME and NAME_FILE together are a mistake, as are MASTER_KEYS and MASTER_KEY_FILE."""
    file = tmp_path / "token"
    file.write_text("xoxb-a")
    assert "SLACK_BOT_TOKEN_FILE" in _complaint(
        monkeypatch, SLACK_BOT_TOKEN="xoxb-b", SLACK_BOT_TOKEN_FILE=file
    )
    monkeypatch.delenv("SLACK_BOT_TOKEN")
    assert "MASTER_KEY_FILE" in _complaint(monkeypatch, MASTER_KEYS="1:x", MASTER_KEY_FILE=file)


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe", b"x" * 70_000])
def test_an_unusable_secret_file_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None
) -> None:
    """A missing, empty, binary or huge secret file stops the start in one line."""
    file = tmp_path / "token"
    if content is not None:
        file.write_bytes(content)
    assert _complaint(monkeypatch, OPENAI_API_KEY_FILE=file).startswith("OPENAI_API_KEY_FILE:")


def test_the_environment_goes_before_dotenv(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`.env` fills in what the environment leaves open, also through NAME_FILE."""
    secret = tmp_path / "secret"
    secret.write_text("from-a-file")
    dotenv = tmp_path / ".env"
    dotenv.write_text(f"OPENAI_MODEL=small\nLOG_LEVEL=debug\nOPENAI_API_KEY_FILE={secret}\nUNKNOWN=1\n")
    _set(monkeypatch, OPENAI_MODEL="large")
    settings = load_settings(dotenv)
    assert (settings.openai_model, settings.log_level) == ("large", "DEBUG")
    assert settings.openai_api_key is not None
    assert settings.openai_api_key.get_secret_value() == "from-a-file"


def test_an_unreadable_dotenv_is_refused(tmp_path: Path) -> None:
    """A `.env` that is no text stops the start in one line."""
    dotenv = tmp_path / ".env"
    dotenv.write_bytes(b"LOG_LEVEL=\xff")
    with pytest.raises(SettingsError, match="UTF-8"):
        load_settings(dotenv)


@pytest.mark.parametrize(
    ("data", "keys"),
    [
        ({"DATABASE_URL": "postgresql://a:b@localhost/x"}, "postgres://c:d@127.0.0.1:5432/x"),
        ({"DATABASE_URL": "postgresql://h/x", "REPLICA_URL": "postgresql://r/x"}, "postgresql://r/x"),
        ({"DATABASE_URL": "postgresql://h/x", "DATABASE_ADMIN_URL": "postgresql://o@g/x"}, "postgres://g/x"),
        ({"DATABASE_URL": "sqlite:///{tmp}/a.db"}, "sqlite:///{tmp}/./a.db"),
        ({"DATABASE_URL": "sqlite:///{tmp}/a.db"}, "sqlite:///{tmp}/link.db"),
    ],
)
def test_keys_never_stand_beside_the_data(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, data: dict[str, str], keys: str
) -> None:
    """A key store in the main database, by whatever name, is refused."""
    (tmp_path / "link.db").symlink_to(tmp_path / "a.db")
    values = {name: value.format(tmp=tmp_path) for name, value in data.items()}
    assert "KEYSTORE_URL" in _complaint(monkeypatch, KEYSTORE_URL=keys.format(tmp=tmp_path), **values)


def test_a_second_database_of_one_server_may_hold_the_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Apart means another database; the server may be the same."""
    _set(monkeypatch, DATABASE_URL="postgresql://h/data", KEYSTORE_URL="postgresql://h/keys")
    assert load_settings(NO_DOTENV).keystore_url.get_secret_value().endswith("/keys")


def test_settings_show_no_secret_and_do_not_change(monkeypatch: pytest.MonkeyPatch) -> None:
    """Printing settings shows stars, and nothing can be set on them later."""
    _set(monkeypatch, DATABASE_URL=f"postgresql://u:{HIDDEN}@h/x", MASTER_KEYS=HIDDEN)
    settings = load_settings(NO_DOTENV)
    assert HIDDEN not in repr(settings) + str(settings) + str(settings.model_dump())
    with pytest.raises(ValidationError, match="frozen"):
        settings.log_level = "DEBUG"


def test_the_written_pages_are_those_of_the_code() -> None:
    """`.env.example` and docs/settings.md are current; `python -m storage.settings_docs` writes them."""
    assert (PROJECT / ".env.example").read_text(encoding="utf-8") == settings_docs.env_example()
    assert (PROJECT / "docs" / "settings.md").read_text(encoding="utf-8") == settings_docs.settings_page()


def test_every_setting_is_described() -> None:
    """Each setting has a sentence, and stands in both pages."""
    for name, field in Settings.model_fields.items():
        assert field.description
        assert f"#{name.upper()}=" in settings_docs.env_example()
        assert f"`{name.upper()}`" in settings_docs.settings_page()


def test_reading_settings_loads_no_heavy_library() -> None:
    """The command line reads settings before anything else: no database layer, no HTTP client comes along."""
    code = (
        "import sys, storage.settings, storage.features;"
        "print([m for m in ('sqlalchemy','aiohttp','cryptography','slack_sdk') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_the_doctor_hears_what_is_off_and_why(monkeypatch: pytest.MonkeyPatch) -> None:
    """A half-configured feature is off, and the advice names what is missing."""
    _set(monkeypatch, SLACK_BOT_TOKEN="xoxb-a")
    found = {feature.name: feature for feature in features(load_settings(NO_DOTENV))}
    assert not found["Slack over Socket Mode"].on
    assert "SLACK_APP_TOKEN" in found["Slack over Socket Mode"].advice
    assert "SLACK_BOT_TOKEN" not in found["Slack over Socket Mode"].advice
    assert "keys generate" in found["Master key"].advice
    _set(monkeypatch, SLACK_APP_TOKEN="xapp-a", MASTER_KEYS="1:x")
    found = {feature.name: feature for feature in features(load_settings(NO_DOTENV))}
    assert found["Slack over Socket Mode"] == ("Slack over Socket Mode", True, "")
    assert found["Master key"].on


def test_the_doctor_warns_of_a_local_key_store_for_a_shared_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL is for several machines; a key store in a file serves one."""
    _set(monkeypatch, DATABASE_URL="postgresql://h/x")
    found = {feature.name: feature for feature in features(load_settings(NO_DOTENV))}
    assert "KEYSTORE_URL" in found["Key store"].advice
