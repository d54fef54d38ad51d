"""Every setting, from the environment and from `.env`; this file is the one place that describes them.

`.env.example` and `docs/settings.md` are written from these descriptions (`storage/settings_docs.py`). A
value that is set but unusable stops the start with one line; a missing optional one switches its feature
off (`storage/features.py` says which).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import AliasChoices, Field, SecretStr, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from storage import setting_types as kinds
from storage.errors import OperatorError

_LARGEST_SECRET_FILE = 65_536


class SettingsError(OperatorError):
    """A setting is unusable; the text names it and says why, and never repeats a secret."""


def _setting(group: str, description: str, default: Any = None, shown: str = "", **more: Any) -> Any:
    """One documented setting. `shown` is its default in words, where the default is computed."""
    if "default_factory" not in more:
        more["default"] = default
    return Field(description=description, json_schema_extra={"group": group, "shown": shown}, **more)


def _file_in_home(name: str) -> Any:
    return lambda data: SecretStr(kinds.sqlite_url(data["chewbotta_home"] / name))


class _SecretsFromFiles(PydanticBaseSettingsSource):
    """Reads `NAME_FILE` for every secret NAME that its sibling (environment or .env) does not set itself."""

    def __init__(self, beside: EnvSettingsSource) -> None:
        super().__init__(beside.settings_cls)
        self._variables: Mapping[str, str | None] = beside.env_vars

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        path = self._variables.get(f"{field_name}_file")
        if not path or not is_secret(field) or field_name == "master_keys":
            return None, field_name, False
        name = field_name.upper()
        if self._variables.get(field_name):
            raise SettingsError(f"{name} and {name}_FILE are both set: keep one of them")
        return _secret_in(f"{name}_FILE", Path(path).expanduser()), field_name, False

    def __call__(self) -> dict[str, Any]:
        found = {name: self.get_field_value(field, name)[0] for name, field in Settings.model_fields.items()}
        return {name: value for name, value in found.items() if value is not None}


def _secret_in(name: str, file: Path) -> str:
    try:
        if not file.is_file() or file.stat().st_size > _LARGEST_SECRET_FILE:
            raise SettingsError(f"{name}: names no file that could hold a secret")
        text = file.read_text(encoding="utf-8").strip()
    except OSError as problem:
        raise SettingsError(f"{name}: the file cannot be read ({problem.strerror})") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{name}: the file is not text") from None
    if not text:
        raise SettingsError(f"{name}: the file is empty")
    return text


class Settings(BaseSettings):
    """All settings of one process; frozen. Secrets are `SecretStr` and print as stars."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="ignore",
        env_ignore_empty=True,
        hide_input_in_errors=True,
        env_file_encoding="utf-8",
    )

    chewbotta_home: kinds.Home = _setting(
        "Storage",
        "The folder for local files: the SQLite databases and the master key.",
        shown="~/.chewbotta",
        default_factory=lambda: Path.home() / ".chewbotta",
    )
    database_url: kinds.DatabaseUrl = _setting(
        "Storage",
        "The main database: postgresql://user:password@host/database, or sqlite:///file.",
        shown="chewbotta.sqlite3 in CHEWBOTTA_HOME",
        default_factory=_file_in_home("chewbotta.sqlite3"),
    )
    database_admin_url: kinds.PostgresUrl | None = _setting(
        "Storage",
        "The same PostgreSQL database as the role that owns its tables, for migrations; DATABASE_URL then "
        "names a role that owns nothing.",
        shown="DATABASE_URL",
    )
    replica_url: kinds.PostgresUrl | None = _setting(
        "Storage", "A read replica of the PostgreSQL database, for questions.", shown="DATABASE_URL"
    )
    keystore_url: kinds.DatabaseUrl = _setting(
        "Keys",
        "The key store: a second database, apart from the main one and its backups, for wrapped data keys.",
        shown="keys.sqlite3 in CHEWBOTTA_HOME",
        default_factory=_file_in_home("keys.sqlite3"),
    )
    master_keys: SecretStr | None = _setting(
        "Keys",
        "The master keys: VERSION:BASE64 of 32 bytes, between commas. `chewbotta keys generate` makes one.",
    )
    master_key_file: kinds.File | None = _setting(
        "Keys",
        "A file with one master key a line, readable by its owner alone; used when MASTER_KEYS is not set.",
        shown="master.key in CHEWBOTTA_HOME, if that file exists",
        validation_alias=AliasChoices("MASTER_KEY_FILE", "MASTER_KEYS_FILE"),
    )
    kms_key_id: kinds.KmsKeyId | None = _setting(
        "Keys",
        "AWS KMS in place of a master key of one's own: the id, ARN or alias of a key, or several as "
        "VERSION:KEY with commas. Needs `chewbotta[aws]`.",
    )
    aws_region: str | None = _setting(
        "Keys",
        "The AWS region of the KMS key.",
        shown="that of the ARN in KMS_KEY_ID",
        validation_alias=AliasChoices("AWS_REGION", "AWS_DEFAULT_REGION"),
    )
    aws_endpoint_url: kinds.WebUrl | None = _setting("Keys", "Another KMS than Amazon's, for tests.")
    public_url: kinds.PublicUrl | None = _setting(
        "Web", "Where people and webhooks reach this installation: https://chewbotta.example.com"
    )
    signup: Literal["open", "closed"] = _setting(
        "Web",
        "open: anybody may make an account. closed: members are invited (`chewbotta member invite`).",
        "closed",
    )
    slack_bot_token: kinds.SlackBotToken | None = _setting(
        "Slack", "The bot token of the Slack app (xoxb-...)."
    )
    slack_app_token: kinds.SlackAppToken | None = _setting(
        "Slack", "The app-level token (xapp-...) for Socket Mode: Slack without a public address."
    )
    slack_signing_secret: kinds.Secret | None = _setting(
        "Slack", "The signing secret: Slack over HTTP is accepted only when signed with it."
    )
    slack_client_id: str | None = _setting("Slack", "The client id, for other workspaces to install the app.")
    slack_client_secret: kinds.Secret | None = _setting("Slack", "The client secret that goes with it.")
    slack_api_url: kinds.WebUrl = _setting("Slack", "Another Slack, for tests.", "https://slack.com/api")
    discord_bot_token: kinds.Secret | None = _setting("Discord", "The token of the Discord bot.")
    discord_api_url: kinds.WebUrl = _setting(
        "Discord", "Another Discord, for tests.", "https://discord.com/api/v10"
    )
    openai_api_key: kinds.Secret | None = _setting(
        "Language model", "A key of OpenAI, or of any service that speaks the same API. Optional."
    )
    openai_base_url: kinds.WebUrl = _setting(
        "Language model", "Where that API is.", "https://api.openai.com/v1"
    )
    openai_model: str = _setting("Language model", "The model to ask.", "gpt-4.1-mini")
    openai_daily_questions: int = _setting(
        "Language model", "How many questions of one account it is asked in 24 hours at most.", 200, ge=0
    )
    google_client_id: str | None = _setting(
        "Sign-in with Google", "The OAuth client id of this installation."
    )
    google_client_secret: kinds.Secret | None = _setting(
        "Sign-in with Google", "The client secret that goes with it."
    )
    google_url: kinds.WebUrl = _setting(
        "Sign-in with Google", "Another Google, for tests.", "https://accounts.google.com"
    )
    stripe_secret_key: kinds.StripeKey | None = _setting(
        "Billing",
        "Stripe, for charging for Chewbotta itself. A Stripe source is added by `chewbotta source add`.",
    )
    stripe_webhook_secret: kinds.StripeWebhookSecret | None = _setting(
        "Billing", "The signing secret (whsec_...) of the billing webhook."
    )
    stripe_api_base: kinds.WebUrl = _setting(
        "Billing", "Another Stripe, for tests.", "https://api.stripe.com"
    )
    smtp_url: kinds.SmtpUrl | None = _setting(
        "Operation", "The mail server: smtps://user:password@host:465 or smtp://host:587."
    )
    mail_from: str | None = _setting(
        "Operation", "The address that mails are from.", shown="chewbotta@ the host of PUBLIC_URL"
    )
    sentry_dsn: kinds.SentryDsn | None = _setting("Operation", "Sentry, for reports of errors.")
    otel_exporter_otlp_endpoint: kinds.WebUrl | None = _setting(
        "Operation", "An OpenTelemetry collector, for traces."
    )
    log_level: kinds.LogLevel = _setting("Operation", "DEBUG, INFO, WARNING or ERROR.", "INFO")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment goes before `.env`; in each, a secret is NAME or in the file NAME_FILE."""
        sources: list[PydanticBaseSettingsSource] = [init_settings]
        for source in (env_settings, dotenv_settings):
            sources.append(source)
            if isinstance(source, EnvSettingsSource):
                sources.append(_SecretsFromFiles(source))
        return tuple(sources)

    @model_validator(mode="after")
    def _settings_agree(self) -> Self:
        if self.master_keys and self.master_key_file:
            raise ValueError("MASTER_KEYS and MASTER_KEY_FILE are both set: keep one of them")
        keystore = kinds.database_identity(self.keystore_url.get_secret_value())
        for name in ("database_url", "database_admin_url", "replica_url"):
            other: SecretStr | None = getattr(self, name)
            if other and kinds.database_identity(other.get_secret_value()) == keystore:
                raise ValueError(
                    f"KEYSTORE_URL: names the database of {name.upper()}; keys must live apart from the data"
                )
        return self


def is_secret(field: FieldInfo) -> bool:
    """Whether a setting may also come from a file, and must never be shown."""
    return "SecretStr" in str(field.annotation)


def load_settings(dotenv: Path = Path(".env")) -> Settings:
    """The settings of this process, from the environment and, after it, the file `dotenv`.

    Raises SettingsError with one line that names every unusable setting.
    """
    try:
        return Settings(_env_file=dotenv)
    except ValidationError as problem:
        # `from None`: pydantic's own report would show the values.
        raise SettingsError("; ".join(_complaints(problem))) from None
    except OSError as problem:
        raise SettingsError(f"{dotenv}: cannot be read ({problem.strerror})") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{dotenv}: is not UTF-8 text") from None


def _complaints(problem: ValidationError) -> list[str]:
    lines = []
    for error in problem.errors(include_input=False, include_url=False):
        if error["type"] == "default_factory_not_called":
            continue
        reason = str(error["ctx"]["error"]) if error["type"] == "value_error" else error["msg"]
        name = str(error["loc"][0]).upper() if error["loc"] else ""
        lines.append(f"{name}: {reason}" if name else reason)
    return lines
