"""What a value must look like to be usable: the types of the settings.

Every complaint here ends up on a terminal or in a log, so none of them repeats the value.
"""

import re
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import SplitResult, parse_qsl, quote, urlencode, urlsplit

from pydantic import AfterValidator, BeforeValidator, SecretStr

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_POSTGRES_SCHEMES = frozenset({"postgres", "postgresql", "postgresql+asyncpg"})
_POSTGRES_OPTIONS = frozenset(
    {"ssl", "sslmode", "host", "port", "timeout", "command_timeout", "target_session_attrs"}
    | {"prepared_statement_cache_size", "statement_cache_size"}
)
_KMS_ENTRY = re.compile(r"(?:([0-9]{1,9}):)?((?:arn:aws[\w-]*:kms:[\w:-]+[:/])?[\w/-]{1,256})", re.ASCII)
_SQLITE = re.compile(r"sqlite(?:\+aiosqlite)?://(.*)", re.DOTALL)


def _clean_secret(value: SecretStr) -> SecretStr:
    """Space around a pasted secret is dropped; space or a line break inside one is a mistake."""
    text = value.get_secret_value().strip()
    if re.search(r"[\s\x00-\x1f\x7f]", text):
        raise ValueError("has a space or a line break in it")
    return SecretStr(text)


def _starting_with(*prefixes: str) -> AfterValidator:
    def check(value: SecretStr) -> SecretStr:
        if not value.get_secret_value().startswith(prefixes):
            raise ValueError(f"must begin with {' or '.join(prefixes)}")
        return value

    return AfterValidator(check)


def _split(value: str) -> SplitResult:
    """`urlsplit` whose complaints do not quote the URL, which may hold a password."""
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        parts = None
    if parts is None or parts.fragment:
        raise ValueError("is not a URL; write the special characters of a password as %23 and the like")
    return parts


def _web_url(value: str) -> str:
    parts = _split(value.strip())
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("must be a URL that begins with https://")
    if parts.username or parts.password or parts.query:
        raise ValueError("must be a plain URL, with no user, password or query in it")
    return parts.geturl().rstrip("/")


def _https_unless_local(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
        raise ValueError("must begin with https:// (http:// is for localhost alone)")
    return value


def _url_with_host(*schemes: str) -> AfterValidator:
    def check(value: SecretStr) -> SecretStr:
        parts = _split(value.get_secret_value())
        if parts.scheme not in schemes or not parts.hostname:
            raise ValueError(f"must be a URL that begins with {' or '.join(f'{s}://' for s in schemes)}")
        return value

    return AfterValidator(check)


def sqlite_url(file: Path) -> str:
    """The URL of a SQLite file in the form that the database layer takes."""
    return f"sqlite+aiosqlite:///{file}"


def _sqlite(rest: str) -> str:
    if not rest.startswith("/") or rest == "/" or rest.startswith("/:memory:"):
        raise ValueError("must name a file: sqlite:///relative/path or sqlite:////absolute/path")
    if "?" in rest:
        raise ValueError("takes no options (?...) for SQLite")
    return sqlite_url(Path(rest[1:]).expanduser().absolute())


def _postgres(value: str) -> str:
    parts = _split(value)
    options = dict(parse_qsl(parts.query))
    unknown = sorted(set(options) - _POSTGRES_OPTIONS)
    if unknown:
        raise ValueError(f"has an option that is not known: {unknown[0][:40]!r}")
    if len(parts.path) < 2:  # noqa: PLR2004 - a slash and at least one letter
        raise ValueError("names no database: postgresql://user:password@host/database")
    if "sslmode" in options:
        options["ssl"] = options.pop("sslmode")
    query = urlencode(options, quote_via=quote, safe="/")
    return f"postgresql+asyncpg://{parts.netloc}{parts.path}{'?' if query else ''}{query}"


def _database_url(value: SecretStr) -> SecretStr:
    """`postgresql://` and `sqlite://` URLs as people write them, turned to name their async drivers."""
    text = value.get_secret_value()
    if sqlite := _SQLITE.fullmatch(text):
        return SecretStr(_sqlite(sqlite[1]))
    if text.split(":", 1)[0] in _POSTGRES_SCHEMES:
        return SecretStr(_postgres(text))
    raise ValueError("must begin with postgresql:// or sqlite:///")


def _postgres_only(value: SecretStr) -> SecretStr:
    if not value.get_secret_value().startswith("postgresql"):
        raise ValueError("must begin with postgresql://")
    return value


def database_identity(url: str) -> tuple[str, ...]:
    """The same for two URLs that lead to one database, whatever the user; links to files are followed."""
    if sqlite := _SQLITE.fullmatch(url):
        return ("sqlite", str(Path(sqlite[1][1:]).resolve()))
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    host = options.get("host") or parts.hostname or "localhost"
    port = options.get("port") or str(parts.port or 5432)
    return ("postgresql", "localhost" if host in _LOOPBACK else host, port, parts.path)


def _home(value: Path) -> Path:
    folder = value.expanduser().absolute()
    if folder.exists() and not folder.is_dir():
        raise ValueError("must name a folder, and a file stands there")
    return folder


def kms_keys(text: str) -> dict[int, str]:
    """KMS_KEY_ID as keys by version: one key is version 1, several are VERSION:KEY. Raises ValueError."""
    keys: dict[int, str] = {}
    entries = [entry.strip() for entry in text.split(",") if entry.strip()]
    for entry in entries:
        parts = _KMS_ENTRY.fullmatch(entry)
        if parts is None or (len(entries) > 1 and parts[1] is None) or int(parts[1] or 1) < 1:
            raise ValueError(
                "must be the id, ARN or alias of a KMS key, or several as VERSION:KEY with commas"
            )
        version = int(parts[1] or 1)
        if version in keys or parts[2] in keys.values():
            raise ValueError("repeats a version or a key: keep each once")
        keys[version] = parts[2]
    if not keys:
        raise ValueError("names no key")
    return keys


def _kms_key_id(value: str) -> str:
    kms_keys(value)
    return value.strip()


Secret = Annotated[SecretStr, AfterValidator(_clean_secret)]
SlackBotToken = Annotated[Secret, _starting_with("xoxb-", "xoxe.xoxb-")]
SlackAppToken = Annotated[Secret, _starting_with("xapp-")]
StripeKey = Annotated[Secret, _starting_with("sk_", "rk_")]
StripeWebhookSecret = Annotated[Secret, _starting_with("whsec_")]
DatabaseUrl = Annotated[Secret, AfterValidator(_database_url)]
PostgresUrl = Annotated[DatabaseUrl, AfterValidator(_postgres_only)]
SmtpUrl = Annotated[Secret, _url_with_host("smtp", "smtps")]
SentryDsn = Annotated[Secret, _url_with_host("https", "http")]
KmsKeyId = Annotated[str, AfterValidator(_kms_key_id)]
WebUrl = Annotated[str, AfterValidator(_web_url)]
PublicUrl = Annotated[WebUrl, AfterValidator(_https_unless_local)]
Home = Annotated[Path, AfterValidator(_home)]
File = Annotated[Path, AfterValidator(lambda value: value.expanduser().absolute())]
LogLevel = Annotated[
    Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(lambda value: str(value).strip().upper())
]
