"""A rule before it is saved: read back in words, and tried out on the last 30 days."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Protocol

from bot.questions.profile import Identity
from bot.questions.rule_said import rule_said, tried_said
from bot.questions.rule_words import Read
from bot.questions.vocabulary import Vocabulary
from storage.accounts import asking
from storage.metrics.scope import Unanswerable
from storage.session import Database
from thoughts.rule_runs import try_out

_SECONDS = 10.0
"""How long trying a rule out may take."""


class Names(Protocol):
    """Who opens customers' names: `bot.cache.AccountCache`."""

    async def names(self, account_id: int, profile_ids: Iterable[bytes]) -> Mapping[bytes, Identity]: ...


async def trial(
    db: Database, cache: Names, account_id: int, read: Read, vocabulary: Vocabulary, now: datetime
) -> str:
    """What was understood, and when it would have fired: for people to look at before they save it."""
    who = await asking(db, account_id, now)
    async with db.tenant(account_id, read_only=True, timeout=_SECONDS) as session:
        try:
            hits = await try_out(session, who, read.rule)
        except Unanswerable as reason:
            return f"{await _said(cache, account_id, read, vocabulary)} {reason}"
    named = {profile_id for _, profile_id in hits or () if profile_id is not None}
    people = await cache.names(account_id, named) if named else {}
    tried = tried_said(hits, {profile_id: person.name for profile_id, person in people.items()})
    return " ".join([await _said(cache, account_id, read, vocabulary), *read.assumptions, tried])


async def _said(cache: Names, account_id: int, read: Read, vocabulary: Vocabulary) -> str:
    conditions = read.plan.conditions() if read.plan else ()
    ids = [bytes.fromhex(str(one.value)) for one in conditions if one.field == "customer"]
    people = await cache.names(account_id, ids) if ids else {}
    names = {profile_id.hex(): person.name for profile_id, person in people.items()}
    return rule_said(read.rule, names, vocabulary.zone)
