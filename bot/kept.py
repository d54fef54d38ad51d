"""Answers that were sent to a platform are Messages: kept sealed, as long as the account wants."""

from collections.abc import Sequence
from datetime import UTC, datetime

import structlog
from sqlalchemy.exc import DBAPIError

from bot.answer import Answer
from storage.errors import OperatorError
from storage.keys.vault import Vault, VaultError
from storage.session import Database
from storage.trust import messages
from storage.trust.messages import Content, Post

_log = structlog.get_logger(__name__)


class StoredMessages:
    """The real `ports.Messages`. Trouble with keeping an answer is the log's: it was given already."""

    def __init__(self, db: Database, vault: Vault, platform: str = "slack") -> None:
        self._db = db
        self._vault = vault
        self._platform = platform

    async def keep(
        self, account_id: int, answer: Answer, posts: Sequence[Post], *, as_id: bytes | None = None
    ) -> None:
        plan = answer.model_dump_json(include={"plan"}) if answer.plan else None
        try:
            await messages.keep(
                self._db,
                self._vault,
                account_id,
                kind=answer.kind,
                platform=self._platform,
                content=Content(text=answer.text, question=answer.question, plan=plan),
                posts=posts,
                about=answer.about,
                now=datetime.now(UTC),
                as_id=as_id,
            )
        except (OperatorError, VaultError, DBAPIError) as problem:
            _log.error("message.not_kept", error=type(problem).__name__)
