"""What the audit trail can say: closed types, so that no name, address or text of anyone gets into it.

A person is an id of ours, an id of the chat platform, or a keyed reference (16 or 32 bytes); everything else
is a count, a flag, or a word of an enum in our code. What needs another word gets another line here.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import UnionType
from typing import Self

from storage.plain_words import is_plain

Detail = str | int | bool | None

_KEYED_BYTES = (16, 32)
_LARGEST = 2**53
_WORD = re.compile(r"[a-z][a-z0-9_:]{0,63}")
_SLACK_ID = re.compile(r"[UW][A-Z0-9]{2,20}")
_MOST_DETAILS = 12


class NotForTheTrail(TypeError):
    """What was to be recorded is no id, count, flag, word of ours or keyed reference."""


class Action(StrEnum):
    """What was done: `subject:action`."""

    ACCESS_CHANGED = "access:changed"
    ACCOUNT_CREATED = "account:created"
    ACCOUNT_CHANGED = "account:changed"
    ACCOUNT_DELETED = "account:deleted"
    BILLING_CHANGED = "billing:changed"
    BILLING_PAID = "billing:paid"
    BILLING_FAILED = "billing:failed"
    CUSTOMERS_DELETED = "customers:deleted"
    EXPORT_MADE = "export:made"
    KEY_RENEWED = "key:renewed"
    KEY_REWRAPPED = "key:rewrapped"
    KEY_ROTATED = "key:rotated"
    KEY_DESTROYED = "key:destroyed"
    MEMBER_CHANGED = "member:changed"
    MEMBER_INVITED = "member:invited"
    MEMBER_JOINED = "member:joined"
    MEMBER_REMOVED = "member:removed"
    MODEL_ASKED = "model:asked"
    MESSAGE_DELETED = "message:deleted"
    PASSWORD_CHANGED = "password:changed"  # noqa: S105 - the name of an action
    PERSON_SHOWN = "person:shown"
    PERSON_EXPORTED = "person:exported"
    PERSON_ERASED = "person:erased"
    PROFILES_JOINED = "profiles:joined"
    PROFILES_PARTED = "profiles:parted"
    PURGE_RAN = "purge:ran"
    QUESTION_ASKED = "question:asked"
    QUESTION_REFUSED = "question:refused"
    RATES_CHANGED = "rates:changed"
    RECONCILIATION_HELD = "reconciliation:held"
    ROLE_CHANGED = "role:changed"
    SECOND_FACTOR_SET = "second_factor:set"
    SECOND_FACTOR_PASSED = "second_factor:passed"
    SECOND_FACTOR_REFUSED = "second_factor:refused"
    SECOND_FACTOR_REMOVED = "second_factor:removed"
    SIGN_IN_MADE = "sign_in:made"
    SIGN_IN_REFUSED = "sign_in:refused"
    SIGN_IN_LINKED = "sign_in:linked"
    SIGN_IN_ENDED = "sign_in:ended"
    SOURCE_ADDED = "source:added"
    SOURCE_CHANGED = "source:changed"
    SOURCE_PAUSED = "source:paused"
    SOURCE_REMOVED = "source:removed"
    SOURCE_RESUMED = "source:resumed"
    SUBSCRIPTION_MADE = "subscription:made"
    SUBSCRIPTION_CHANGED = "subscription:changed"
    SUBSCRIPTION_REMOVED = "subscription:removed"
    SYNC_STARTED_OVER = "sync:started_over"
    TOKEN_MADE = "token:made"  # noqa: S105 - the name of an action
    TOKEN_REVOKED = "token:revoked"  # noqa: S105 - the name of an action
    WORKSPACE_CONNECTED = "workspace:connected"
    WORKSPACE_REMOVED = "workspace:removed"


class ActorKind(StrEnum):
    """Who acts."""

    PERSON = "person"
    SLACK_USER = "slack_user"
    DISCORD_USER = "discord_user"
    JOB = "job"
    API = "api"
    OPERATOR = "operator"


class Job(StrEnum):
    """What runs by itself."""

    SYNC = "sync"
    PURGE = "purge"
    RECONCILE = "reconcile"
    QUESTIONS = "questions"
    REKEY = "rekey"
    WEBHOOKS = "webhooks"
    DELIVERY = "delivery"
    DELETION = "deletion"


class Kind(StrEnum):
    """What an action was done to."""

    ACCOUNT = "account"
    CONVERSATION = "conversation"
    CUSTOMER = "customer"
    KEY = "key"
    MEMBER = "member"
    MESSAGE = "message"
    PERSON = "person"
    PURGE = "purge"
    QUESTION = "question"
    RECEIPT = "receipt"
    SOURCE = "source"
    SUBSCRIPTION = "subscription"
    TOKEN = "token"  # noqa: S105 - a kind of subject
    WORKSPACE = "workspace"


class Channel(StrEnum):
    """Where it was done from."""

    API = "api"
    COMMAND_LINE = "command_line"
    DISCORD = "discord"
    SLACK = "slack"
    WEB = "web"
    WEBHOOK = "webhook"
    WORKER = "worker"


class Fact(StrEnum):
    """What the details of an entry may be called."""

    COUNT = "count"
    DELETED = "deleted"
    DIGEST = "digest"
    EPOCH = "epoch"
    FAILED = "failed"
    FROM = "from"
    LIVE = "live"
    MESSAGES = "messages"
    REASON = "reason"
    RECEIPT = "receipt"
    ROWS = "rows"
    SENT = "sent"
    SETTING = "setting"
    SOURCE = "source"
    SOURCES = "sources"
    THROUGH = "through"
    TO = "to"
    VERSION = "version"


@dataclass(frozen=True, slots=True)
class PlainText:
    """What was sent to a language model: plain words and placeholders, each of them on a closed list."""

    words: str

    def __post_init__(self) -> None:
        if not all(map(is_plain, self.words.split(" "))):
            raise NotForTheTrail("only plain words may leave, and only they are recorded")


Reference = int | bytes | StrEnum | PlainText | None


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it. An operator is the user of this machine who ran the command, by number."""

    kind: ActorKind
    reference: int | bytes | Job | str

    def __post_init__(self) -> None:
        wanted: type | UnionType = int | bytes
        if self.kind is ActorKind.SLACK_USER:
            wanted = str
        elif self.kind is ActorKind.JOB:
            wanted = Job
        _must_be(self.kind, ActorKind, "an actor has a kind")
        _must_be(self.reference, wanted, "an actor is an id")
        if self.kind is ActorKind.SLACK_USER and not _SLACK_ID.fullmatch(str(self.reference)):
            raise NotForTheTrail("this is no id of a Slack user")

    @classmethod
    def person(cls, member: int | bytes) -> Self:
        return cls(ActorKind.PERSON, member)

    @classmethod
    def slack_user(cls, id_: str) -> Self:
        return cls(ActorKind.SLACK_USER, id_)

    @classmethod
    def discord_user(cls, id_: int) -> Self:
        return cls(ActorKind.DISCORD_USER, id_)

    @classmethod
    def job(cls, job: Job) -> Self:
        return cls(ActorKind.JOB, job)

    @classmethod
    def api(cls, token: int | bytes) -> Self:
        return cls(ActorKind.API, token)

    @classmethod
    def operator(cls) -> Self:
        return cls(ActorKind.OPERATOR, os.getuid())

    def __str__(self) -> str:
        return str(self.reference) if self.kind is ActorKind.SLACK_USER else _text(self.reference, id_=True)


@dataclass(frozen=True, slots=True)
class Subject:
    """What it was done to: a kind, and its id, keyed reference or word where it has one."""

    kind: Kind
    reference: Reference = None

    def __str__(self) -> str:
        _must_be(self.kind, Kind, "a subject has a kind")
        return self.kind if self.reference is None else f"{self.kind}:{_text(self.reference)}"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where it came from; `trace` is the keyed reference of a network address, never the address."""

    channel: Channel
    trace: bytes | None = None

    def __str__(self) -> str:
        _must_be(self.channel, Channel, "an origin is a channel")
        _must_be(self.trace, bytes | None, "an origin has a keyed reference")
        return self.channel if self.trace is None else f"{self.channel}:{_text(self.trace)}"


COMMAND_LINE = Origin(Channel.COMMAND_LINE)
WORKER = Origin(Channel.WORKER)


def _must_be(value: object, wanted: type | UnionType, rule: str) -> None:
    if not isinstance(value, wanted):
        raise NotForTheTrail(rule)


def checked_details(details: Mapping[Fact, Reference]) -> dict[str, Detail]:
    """The details as they are stored. Raises NotForTheTrail."""
    if len(details) > _MOST_DETAILS or not all(isinstance(name, Fact) for name in details):
        raise NotForTheTrail("details are a few facts of the list")
    return {
        str(name): value if value is None or isinstance(value, bool) else _plain(value)
        for name, value in details.items()
    }


def _plain(value: int | bytes | StrEnum | PlainText) -> str | int:
    if isinstance(value, int) and abs(value) < _LARGEST:
        return value
    return _text(value)


def _text(value: object, *, id_: bool = False) -> str:
    """An id, a keyed reference or a word of ours as text. Chat platforms' ids may be larger than counts."""
    if isinstance(value, StrEnum) and _WORD.fullmatch(value):
        return str(value)
    if isinstance(value, PlainText):
        return value.words
    if isinstance(value, bytes) and len(value) in _KEYED_BYTES:
        return value.hex()
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < (2**64 if id_ else _LARGEST):
        return str(value)
    raise NotForTheTrail("only ids, counts, words of ours and keyed references are recorded")
