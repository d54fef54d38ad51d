"""Answers that were sent to a platform are Messages: kept sealed, as long as the account wants."""

from collections.abc import Sequence
from datetime import UTC, datetime
from secrets import token_bytes

import structlog
from sqlalchemy.exc import DBAPIError

from bot.answer import Answer
from storage.errors import OperatorError
from storage.gathering import Gathered
from storage.keys.vault import Vault, VaultError
from storage.session import Database
from storage.trust.keeping import Content, Post, Sent, keep_all

_log = structlog.get_logger(__name__)


class StoredMessages:
    """The real `ports.Messages`. Those of one moment are kept in one transaction.

    Trouble with keeping an answer is the log's: it was given already.
    """

    def __init__(self, db: Database, vault: Vault, platform: str = "slack") -> None:
        self._db = db
        self._vault = vault
        self._platform = platform
        self._keeping = Gathered(self._keep)

    async def keep(
        self, account_id: int, answer: Answer, posts: Sequence[Post], *, as_id: bytes | None = None
    ) -> None:
        plan = answer.model_dump_json(include={"plan"}) if answer.plan else None
        sent = Sent(
            kind=answer.kind,
            platform=self._platform,
            content=Content(text=answer.text, question=answer.question, plan=plan),
            posts=posts,
            about=frozenset(answer.about),
            at=datetime.now(UTC),
            as_id=as_id or token_bytes(16),
        )
        try:
            await self._keeping.do(account_id, sent)
        except (OperatorError, VaultError, DBAPIError) as problem:
            _log.error("message.not_kept", error=type(problem).__name__)

    async def _keep(self, account_id: int, sent: Sequence[Sent]) -> Sequence[None]:
        await keep_all(self._db, self._vault, account_id, sent)
        return [None] * len(sent)
