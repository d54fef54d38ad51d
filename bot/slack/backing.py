"""What the Slack app keeps, and what it asks of plans: with a database, or in memory alone."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from secrets import token_bytes
from time import monotonic
from typing import Protocol

import msgspec
import structlog

from bot.answer import Answer
from bot.buttons import Buttons, ButtonsInMemory, Press, StoredButtons
from bot.remembered import Remembered
from bot.slack.access import AccessRules, DefaultRules
from bot.slack.outbox import Letter, Store, StoredLetters
from bot.slack.people import Refusal
from bot.why import with_receipt
from storage import feedback
from storage.chat_access import Rules, read_rules
from storage.keys.vault import Vault
from storage.outgoing import WAITS, Waiting
from storage.session import Database
from storage.trust import audit
from storage.trust.audit import Action, Actor, Channel, Fact, Kind, NotForTheTrail, Origin, Subject
from storage.trust.messages import Post

_log = structlog.get_logger(__name__)
_RULES_FOR = 2.0


class Votes(Protocol):
    """Where thumbs are counted."""

    async def count(self, account_id: int, ballot: str, press: Press, *, is_good: bool) -> None: ...


@dataclass(frozen=True, slots=True)
class Backing:
    """`why` completes an answer's receipt."""

    rules: AccessRules
    letters: Store
    buttons: Buttons
    votes: Votes
    why: Callable[[int, Answer], Awaitable[Answer]]


def stored(db: Database, vault: Vault) -> Backing:
    """The real one, the same for all processes."""

    async def why(account_id: int, answer: Answer) -> Answer:
        return await with_receipt(db, account_id, answer)

    return Backing(
        StoredRules(db), StoredLetters(db, vault), StoredButtons(db, vault), StoredVotes(db, vault), why
    )


def in_memory() -> Backing:
    """For an app without a database: everything ends with the process."""

    async def why(account_id: int, answer: Answer) -> Answer:
        return answer

    return Backing(DefaultRules(), LettersInMemory(), ButtonsInMemory(), VotesInMemory(), why)


class StoredRules:
    """The real `AccessRules`; choices are read again after two seconds."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._read = Remembered[Rules](_RULES_FOR, monotonic)

    async def rules(self, account_id: int) -> Rules:
        return await self._read.get(account_id, lambda: read_rules(self._db, account_id, "slack"))

    async def refused(self, account_id: int, user: str, refusal: Refusal) -> None:
        try:
            actor = Actor.slack_user(user)
        except NotForTheTrail:
            _log.warning("slack.refused_without_id", account=account_id)
            return
        async with self._db.tenant(account_id) as session:
            await audit.record(
                session,
                actor=actor,
                action=Action.QUESTION_REFUSED,
                subject=Subject(Kind.QUESTION),
                origin=Origin(Channel.SLACK),
                details={Fact.REASON: refusal},
            )


class StoredVotes:
    """The real `Votes`."""

    def __init__(self, db: Database, vault: Vault) -> None:
        self._db, self._vault = db, vault

    async def count(self, account_id: int, ballot: str, press: Press, *, is_good: bool) -> None:
        await feedback.vote(
            self._db,
            self._vault,
            account_id,
            platform="slack",
            ballot=ballot,
            is_good=is_good,
            kind=press.kind,
            interpreter=press.interpreter,
            plan_text=msgspec.json.encode(press.plan).decode() if press.plan else None,
            now=datetime.now(UTC),
        )


@dataclass(slots=True)
class VotesInMemory:
    """`counted`: who voted on what, and whether it was good."""

    counted: dict[str, bool] = field(default_factory=dict)

    async def count(self, account_id: int, ballot: str, press: Press, *, is_good: bool) -> None:
        self.counted[ballot] = is_good


@dataclass(slots=True)
class _Kept:
    account_id: int
    letter: Letter
    due_at: datetime
    item_id: bytes
    attempts: int = 0
    held: bool = False


@dataclass(slots=True)
class LettersInMemory:
    """Letters of one process, in the order that they came."""

    kept: list[_Kept] = field(default_factory=list)

    async def put(self, account_id: int, letters: Sequence[Letter], due_at: datetime, now: datetime) -> None:
        self.kept += [_Kept(account_id, letter, due_at, token_bytes(16)) for letter in letters]

    async def waits(self, account_id: int, lane: str) -> bool:
        return any(one.account_id == account_id and one.letter.address.lane == lane for one in self.kept)

    async def take(self, account_id: int, now: datetime) -> Sequence[Waiting]:
        first: dict[str, _Kept] = {}
        for one in self.kept:
            if one.account_id == account_id:
                first.setdefault(one.letter.address.lane, one)
        due = [one for one in first.values() if not one.held and one.due_at <= now]
        for one in due:
            one.held, one.attempts = True, one.attempts + 1
        return [_waiting(one, now + WAITS) for one in due]

    async def done(self, account_id: int, item_id: bytes) -> None:
        self.kept = [one for one in self.kept if one.item_id != item_id]

    async def postpone(self, account_id: int, item_id: bytes, due_at: datetime) -> None:
        for one in self.kept:
            if one.item_id == item_id:
                one.held, one.due_at = False, due_at

    async def next_due(self, account_id: int) -> datetime | None:
        first: dict[str, _Kept] = {}
        for one in self.kept:
            if one.account_id == account_id:
                first.setdefault(one.letter.address.lane, one)
        return min((one.due_at for one in first.values() if not one.held), default=None)

    async def posted(self, account_id: int, kept_as: bytes, posts: Sequence[Post]) -> None:
        """There is no Message to note it in."""


def _waiting(one: _Kept, until: datetime) -> Waiting:
    encode = msgspec.json.encode
    address, content = encode(one.letter.address), encode(one.letter.message)
    return Waiting(one.item_id, address, content, one.attempts, until + timedelta())
