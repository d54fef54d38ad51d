"""Puts the parts together: the assistant over this installation's database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import tzinfo
from zoneinfo import ZoneInfo

from bot.assistant import Assistant
from bot.cache import AccountCache, StoredContexts, StoredSeen
from bot.kept import StoredMessages
from bot.model_ledger import AuditedLedger
from bot.questions.model import ModelInterpreter
from storage import accounts
from storage.command_line import opened
from storage.keys.vault import Vault
from storage.models import Account
from storage.session import Database
from storage.settings import Settings


@dataclass(frozen=True, slots=True)
class Ready:
    """An assistant that can be asked, and whom it answers. `zone` is the account's.

    `messages` keeps what was sent to Slack.
    """

    assistant: Assistant
    account_id: int
    db: Database
    vault: Vault
    seen: StoredSeen
    messages: StoredMessages
    cache: AccountCache
    zone: tzinfo


@asynccontextmanager
async def open_ready(settings: Settings) -> AsyncIterator[Ready]:
    """The assistant of this installation's account; raises OperatorError where something is missing."""
    async with opened(settings) as place:
        account_id = await accounts.sole_account(place.db)
        async with place.db.tenant(account_id, read_only=True) as session:
            zone = ZoneInfo((await session.get_one(Account, account_id)).time_zone)
        cache, assistant = assistant_over(settings, place.db, place.vault)
        seen, messages = StoredSeen(place.db, account_id), StoredMessages(place.db, place.vault)
        yield Ready(assistant, account_id, place.db, place.vault, seen, messages, cache, zone)


def assistant_over(settings: Settings, db: Database, vault: Vault) -> tuple[AccountCache, Assistant]:
    """The assistant of all accounts of this database, and what it reads them through."""
    cache = AccountCache(db, vault)
    return cache, Assistant(cache, StoredContexts(db, vault), model=_model(settings, db))


def _model(settings: Settings, db: Database) -> ModelInterpreter | None:
    """The language model, where a key is set."""
    if settings.openai_api_key is None:
        return None
    return ModelInterpreter(
        api_key=settings.openai_api_key,
        base_url=settings.openai_base_url,
        model=settings.openai_model,
        ledger=AuditedLedger(db, settings.openai_daily_questions),
    )
