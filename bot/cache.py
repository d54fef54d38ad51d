"""What the assistant asks of an account's data: its words, figures, names and freshness."""

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any

from sqlalchemy.exc import DBAPIError

from bot import readiness
from bot.account_words import read_vocabulary
from bot.assistant import Context
from bot.questions.profile import Identity
from bot.questions.vocabulary import Vocabulary
from bot.remembered import Remembered
from connectors.registry import connector_class
from storage import accounts, conversations, models, personal, sources
from storage.errors import OperatorError
from storage.gathering import Gathered
from storage.keys.vault import Vault
from storage.metrics.figures import Figures
from storage.metrics.plan import Plan
from storage.metrics.run import run
from storage.metrics.scope import Asking, Unanswerable
from storage.opened_figures import open_figures
from storage.session import Database

SLOWEST = 5.0
"""Seconds after which the database ends a question's statement."""

_VOCABULARIES = 50
_CHECKED_EVERY = 2.0
_IDLE = 900.0


class CacheUnreachable(OperatorError):
    """The data cannot be reached right now."""


@dataclass(slots=True)
class _Known:
    """An account's vocabulary, the stamp of the data behind it, when it was last checked and used."""

    vocabulary: Vocabulary
    stamp: tuple[Any, ...]
    checked: float
    used: float


class AccountCache:
    """The real `assistant.Cache`. Vocabularies hold opened names: in memory alone, dropped when idle."""

    def __init__(self, db: Database, vault: Vault) -> None:
        self.db = db
        self.vault = vault
        self._known: OrderedDict[int, _Known] = OrderedDict()
        self._making: dict[int, asyncio.Lock] = {}
        self._listed = Remembered[Sequence[models.Source]](_CHECKED_EVERY, monotonic)
        self._rated = Remembered[tuple[str, ...]](_CHECKED_EVERY, monotonic)

    async def vocabulary(self, account_id: int) -> Vocabulary:
        """This account's words, as fresh as its last sync or deletion, give or take two seconds."""
        self._drop_idle()
        async with self._making.setdefault(account_id, asyncio.Lock()):
            known = self._known.get(account_id)
            now = monotonic()
            if known is None or now - known.checked > _CHECKED_EVERY:
                stamp = await personal.names_stamp(self.db, account_id)
                if known is None or known.stamp != stamp:
                    vocabulary = await read_vocabulary(self.db, self.vault, account_id)
                    known = _Known(vocabulary, stamp, now, now)
                    self._known[account_id] = known
                known.checked = now
            known.used = now
            self._known.move_to_end(account_id)
            return known.vocabulary

    def _drop_idle(self) -> None:
        oldest = monotonic() - _IDLE
        for account_id in [key for key, known in self._known.items() if known.used < oldest]:
            del self._known[account_id]
        while len(self._known) > _VOCABULARIES:
            self._known.popitem(last=False)

    async def run(self, account_id: int, plan: Plan, now: datetime) -> Figures:
        """Raises Unanswerable, or CacheUnreachable where the database fails or takes too long."""
        vocabulary = await self.vocabulary(account_id)
        await self._require_ready(plan, account_id)
        rated = await self._rated_currencies(account_id)
        asking = Asking(account_id, vocabulary.currency, vocabulary.zone.key, now, rated)
        try:
            async with self.db.tenant(account_id, read_only=True, timeout=SLOWEST) as session:
                figures = await run(session, plan, asking)
        except DBAPIError as problem:
            raise CacheUnreachable(f"The database did not answer ({type(problem).__name__}).") from problem
        return await open_figures(self.db, self.vault, account_id, plan, figures)

    async def names(self, account_id: int, profile_ids: Iterable[bytes]) -> Mapping[bytes, Identity]:
        """Names, addresses and links of these customers, opened for one answer."""
        known = await self._sources(account_id)
        active = [source.source_id for source in known if source.state != models.SourceState.REMOVING]
        opened = await personal.open_profiles(self.db, self.vault, account_id, profile_ids, active)
        return {profile_id: _identity(records) for profile_id, records in opened.items()}

    async def as_of(self, account_id: int) -> Mapping[str, datetime]:
        return sources.freshness(await self._sources(account_id))

    async def _require_ready(self, plan: Plan, account_id: int) -> None:
        """Raises Unanswerable, but not because of what was so a moment ago."""
        try:
            readiness.require(plan, await self._sources(account_id))
        except Unanswerable:
            readiness.require(plan, await self._sources(account_id, anew=True))

    async def _sources(self, account_id: int, *, anew: bool = False) -> Sequence[models.Source]:
        """The account's sources, read within the last two seconds."""
        if anew:
            self._listed.forget(account_id)
        found = await self._listed.get(account_id, lambda: sources.list_sources(self.db, account_id))
        if not found:
            self._listed.forget(account_id)
        return found

    async def _rated_currencies(self, account_id: int) -> tuple[str, ...]:
        """The currencies that the account has exchange rates of, read within the last two seconds."""
        return await self._rated.get(account_id, lambda: accounts.rated(self.db, account_id))


def _identity(records: list[personal.OpenedRecord]) -> Identity:
    """The oldest record speaks first; what it lacks is taken from the next."""
    known = [record.personal for record in records]
    emails = _distinct(person.email for person in known)
    domains = _distinct(domain for person in known for domain in personal.company_domains(person))
    names = _distinct(person.name for person in known)
    return Identity(
        name=next(iter(names or emails), "(no name)"),
        domain=next(iter(domains), None),
        email=next(iter(emails), None),
        contacts=emails,
        links=tuple(
            (record.kind, connector_class(record.kind).customer_url(record.personal.id, live=record.live))
            for record in records
        ),
    )


def _distinct(values: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if value))


class StoredContexts:
    """The real `assistant.Contexts`: sealed with the account's key, gone after 24 hours.

    Those of one account that are asked for at the same moment are read, or kept, in one transaction.
    """

    def __init__(self, db: Database, vault: Vault) -> None:
        self._db = db
        self._vault = vault
        self._loading = Gathered(self._load)
        self._saving = Gathered(self._save)

    async def load(self, account_id: int, conversation: str) -> Context | None:
        kept = await self._loading.do(account_id, conversation)
        return Context.model_validate_json(kept) if kept else None

    async def _load(self, account_id: int, talks: Sequence[str]) -> Sequence[bytes | None]:
        kept = await conversations.load_contexts(self._db, self._vault, account_id, talks, datetime.now(UTC))
        return [kept.get(talk) for talk in talks]

    async def save(self, account_id: int, conversation: str, context: Context) -> None:
        content = context.model_dump_json().encode()
        said = conversations.Said(conversation, content, personal=_may_name_someone(context))
        await self._saving.do(account_id, said)

    async def _save(self, account_id: int, said: Sequence[conversations.Said]) -> Sequence[None]:
        await conversations.save_contexts(self._db, self._vault, account_id, said, datetime.now(UTC))
        return [None] * len(said)

    async def forget(self, account_id: int, conversation: str) -> None:
        await conversations.forget_context(self._db, self._vault, account_id, conversation)


_NAMES_NOBODY = frozenset({"plan", "product", "interval", "country", "currency", "status", "source"})


def _may_name_someone(context: Context) -> bool:
    """Whether anything in it could be a customer's: those contexts go when any customer is deleted."""
    plan = context.plan
    if context.offered or plan is None:
        return bool(context.offered)
    words = (c for c in plan.conditions() if c.field not in _NAMES_NOBODY and _has_text(c.value))
    return plan.customer is not None or any(words)


def _has_text(value: object) -> bool:
    return any(map(_has_text, value)) if isinstance(value, tuple) else isinstance(value, str)


class StoredSeen:
    """The real `ports.SeenEvents`: several processes and a restart remember the same events.

    Those that are asked about at the same moment are looked up together, in one transaction.
    """

    def __init__(self, db: Database, account_id: int) -> None:
        self._db = db
        self._account_id = account_id
        self._looking = Gathered(self._look)

    async def first_time(self, key: str, *, again_after: timedelta | None = None) -> bool:
        return await self._looking.do(again_after or conversations.KEPT, key)

    async def _look(self, again_after: timedelta, keys: Sequence[str]) -> Sequence[bool]:
        new = await conversations.first_times(
            self._db, self._account_id, keys, datetime.now(UTC), again_after=again_after
        )
        told = []
        for key in keys:
            told.append(key in new)
            new.discard(key)
        return told
