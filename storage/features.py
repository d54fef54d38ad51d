"""What this installation can do with the settings it has: the list behind `chewbotta doctor`."""

from importlib.util import find_spec
from typing import NamedTuple

from storage.settings import Settings


class Feature(NamedTuple):
    """`advice` says what to do to switch it on, or to make it safer; empty when nothing is to be done."""

    name: str
    on: bool
    advice: str


# Feature, the settings that all have to be set for it, and what it is good for.
_OPTIONAL: tuple[tuple[str, tuple[str, ...], str], ...] = (
    (
        "Slack over Socket Mode",
        ("slack_bot_token", "slack_app_token"),
        "to talk in Slack without a public address",
    ),
    ("Slack over HTTP", ("slack_bot_token", "slack_signing_secret", "public_url"), "to talk in Slack"),
    ("Discord", ("discord_bot_token",), "to talk in Discord"),
    ("Pages in a browser", ("public_url",), "to sign in over the web"),
    ("E-mail", ("smtp_url",), "to mail invitations and links"),
    ("Sign-in with Google", ("google_client_id", "google_client_secret"), "to sign in with Google"),
)

PLANNED: dict[str, tuple[str, ...]] = {
    "Slack app for other workspaces": ("slack_client_id", "slack_client_secret"),
    "Billing": ("stripe_secret_key", "stripe_webhook_secret", "stripe_api_base"),
    "Read replica": ("replica_url",),
    "Error reports": ("sentry_dsn",),
    "Traces": ("otel_exporter_otlp_endpoint",),
}
"""What comes with a later version, and the settings that wait for it: read and checked, not used yet."""


def features(settings: Settings) -> list[Feature]:
    """Every feature, on or off, with what to do about it. Looks at the settings alone."""
    return [
        _master_key(settings),
        _key_store(settings),
        *(_optional(settings, *row) for row in _OPTIONAL),
        _language_model(settings),
        *(Feature(name, False, "comes with a later version") for name in PLANNED),
    ]


def _optional(settings: Settings, name: str, needed: tuple[str, ...], purpose: str) -> Feature:
    missing = [setting.upper() for setting in needed if not getattr(settings, setting)]
    advice = f"set {' and '.join(missing)} {purpose}" if missing else ""
    return Feature(name, not missing, advice)


def _language_model(settings: Settings) -> Feature:
    if settings.openai_api_key is None:
        advice = "set OPENAI_API_KEY to have a model read what the built-in interpreter does not (optional)"
    else:
        advice = "" if find_spec("langchain_openai") else "install `chewbotta[model]`: OPENAI_API_KEY is set"
    return Feature("Language model", not advice, advice)


def _master_key(settings: Settings) -> Feature:
    configured = settings.master_keys or settings.master_key_file or settings.kms_key_id
    there = bool(configured) or (settings.chewbotta_home / "master.key").is_file()
    advice = "run `chewbotta init`, or `chewbotta keys generate` for the key alone"
    return Feature("Master key", there, "" if there else advice)


def _key_store(settings: Settings) -> Feature:
    local = settings.keystore_url.get_secret_value().startswith("sqlite")
    shared = settings.database_url.get_secret_value().startswith("postgresql")
    advice = "set KEYSTORE_URL to a second PostgreSQL database: a file serves one machine only"
    return Feature("Key store", True, advice if local and shared else "")
