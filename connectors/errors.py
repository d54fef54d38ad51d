"""What can go wrong with a source, grouped by what the caller does next.

No text here ever holds a body, a key or a query: a vendor's message may quote customer data.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime

from msgspec import Struct


class ErrorReport(Struct, frozen=True, kw_only=True):
    """One failed attempt, for the 30-day error log: allow-listed facts, never text of the vendor's.

    `path` is the template (`/v1/customers/{id}`). `reason` is ours: "status", "timeout", "connection",
    "redirect", "too_large", "not_json", "shape". `code`, `type` and `request_id` are the vendor's,
    kept only when they look like codes.
    """

    vendor: str
    path: str
    reason: str
    attempt: int
    at: datetime
    status: int | None = None
    code: str | None = None
    type: str | None = None
    request_id: str | None = None


OnError = Callable[[ErrorReport], Awaitable[None]]


class ConnectorError(Exception):
    """A source did not answer as hoped. `report` says what is known."""

    advice = "try again later"

    def __init__(self, report: ErrorReport) -> None:
        self.report = report
        super().__init__(_sentence(report, self.advice))


class Retryable(ConnectorError):
    """This attempt failed, the next may not. `wait` is what the vendor asked for, in seconds."""

    advice = "it is tried again"

    def __init__(self, report: ErrorReport, wait: float | None = None) -> None:
        super().__init__(report)
        self.wait = wait


class SourceUnavailable(ConnectorError):
    """Every retry failed: stop this sync and come back later, at the earliest after `wait` seconds."""

    def __init__(self, report: ErrorReport, wait: float | None = None) -> None:
        super().__init__(report)
        self.wait = wait


class KeyRefused(ConnectorError):
    """401: stop every sync of this source and ask its owner for a new key."""

    advice = "the key is wrong or was revoked: give a new one"


class NotPermitted(ConnectorError):
    """403: leave this stream out and say which permission is missing."""

    advice = "the key may not read this: give it the permission, or go without"


class NotOffered(ConnectorError):
    """404: leave this stream out; for a single object, `report.code` tells whether it is gone."""

    advice = "the server does not have this"


class RequestRefused(ConnectorError):
    """Another 4xx: the request is not understood, and repeating it as it is will not help."""

    advice = "the request was not understood by this server"


class UnexpectedAnswer(ConnectorError):
    """The answer is not what the vendor documents: a redirect, no JSON, another shape, too large."""

    advice = "the answer is not of the documented form"


class RelistNeeded(Exception):
    """The changes since the cursor are no longer to be had: list everything again, then follow anew."""


_IN_WORDS = {"connection": "no connection", "timeout": "no answer in time", "not_json": "no JSON"}


def _sentence(report: ErrorReport, advice: str) -> str:
    known = [str(report.status) if report.status else _IN_WORDS.get(report.reason, report.reason)]
    known += [f"{name} {value}" for name, value in (("code", report.code), ("type", report.type)) if value]
    if report.request_id:
        known.append(f"request {report.request_id}")
    return f"{report.vendor}: {', '.join(known)} on {report.path} ({advice})"
