"""How vendors sign their webhooks: over the raw body, compared in constant time, refused when they are old.

Every function takes what was asked, the secrets that may have signed it (several while one is replaced), and
the time; it says whether one of them has. Schemes by the vendors' documents.
"""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from msgspec import Struct

TOLERANCE = timedelta(minutes=5)
"""How old a signature may be: what was recorded on its way cannot be sent again later."""


class Asked(Struct, frozen=True):
    """A request as it came. `url` is the public one, with its query; header names are in lower case."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


Verify = Callable[[Asked, Sequence[str], datetime], bool]


def stripe(asked: Asked, secrets: Sequence[str], now: datetime) -> bool:
    """`t=...,v1=...`: hex HMAC-SHA256 of "t.body". Any v1 may match; v0 is for tests and never does."""
    parts = [part.partition("=") for part in asked.headers.get("stripe-signature", "")[:2000].split(",")]
    times = [value for name, _, value in parts if name.strip() == "t"]
    given = [value for name, _, value in parts if name.strip() == "v1"]
    if len(times) != 1 or not _is_fresh(_unix(times[0], 1), now):
        return False
    signed = times[0].encode() + b"." + asked.body
    return _any_matches(given, (_mac(secret, signed).hexdigest() for secret in secrets))


def hubspot(asked: Asked, secrets: Sequence[str], now: datetime) -> bool:
    """Version 3: base64 HMAC-SHA256 of method, public URL, body and time in milliseconds."""
    time = asked.headers.get("x-hubspot-request-timestamp", "")
    if not _is_fresh(_unix(time, 1000), now):
        return False
    signed = asked.method.encode() + asked.url.encode() + asked.body + time.encode()
    given = [asked.headers.get("x-hubspot-signature-v3", "")]
    return _any_matches(given, (_base64(_mac(secret, signed)) for secret in secrets))


def intercom(asked: Asked, secrets: Sequence[str], now: datetime) -> bool:
    """`sha1=...`: hex HMAC-SHA1 of the body. It has no time: an event sent again is known by its id."""
    given = [asked.headers.get("x-hub-signature", "")]
    macs = (hmac.new(secret.encode(), asked.body, hashlib.sha1) for secret in secrets)
    return _any_matches(given, (f"sha1={mac.hexdigest()}" for mac in macs))


def zendesk(asked: Asked, secrets: Sequence[str], now: datetime) -> bool:
    """Base64 HMAC-SHA256 of the time (ISO 8601) and the body."""
    time = asked.headers.get("x-zendesk-webhook-signature-timestamp", "")
    if not _is_fresh(_iso(time), now):
        return False
    given = [asked.headers.get("x-zendesk-webhook-signature", "")]
    signed = time.encode() + asked.body
    return _any_matches(given, (_base64(_mac(secret, signed)) for secret in secrets))


def _mac(secret: str, signed: bytes) -> "hmac.HMAC":
    return hmac.new(secret.encode(), signed, hashlib.sha256)


def _base64(mac: "hmac.HMAC") -> str:
    return b64encode(mac.digest()).decode()


def _any_matches(given: Iterable[str], right: Iterable[str]) -> bool:
    """All are compared, whichever of them matches: how long it takes says nothing."""
    wanted = [value.encode() for value in right]
    matches = [hmac.compare_digest(one.encode(), value) for one in given for value in wanted]
    return any(matches)


def _unix(text: str, per_second: int) -> datetime | None:
    if not (text.isascii() and text.isdigit() and len(text) <= len("1764000000000")):
        return None
    try:
        return datetime.fromtimestamp(int(text) / per_second, UTC)
    except (ValueError, OverflowError):
        return None


def _iso(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None


def _is_fresh(signed_at: datetime | None, now: datetime) -> bool:
    """Within the tolerance to either side: clocks differ."""
    return signed_at is not None and abs(now - signed_at) <= TOLERANCE
