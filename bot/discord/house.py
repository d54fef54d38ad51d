"""What the Discord bot needs of the rest of the house, in one place: data, keys, and the shared assistant."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

import msgspec

from bot.answer import Answer
from bot.cache import AccountCache
from bot.discord.access import Guild, rules_of
from bot.discord.buttons import Kept
from bot.kept import StoredMessages
from bot.model_ledger import asked_from
from bot.plans import with_all_rows
from bot.ports import Asks
from bot.questions.rule_words import Read
from bot.questions.vocabulary import Vocabulary
from bot.rule_trial import trial
from bot.why import with_receipt
from storage import accounts, buttons, conversations, discord_guilds
from storage.chat_access import Platform, read_rules
from storage.doer import Doer
from storage.keys.source_keys import VaultError
from storage.keys.vault import Vault
from storage.metrics.plan import Plan
from storage.session import Database
from storage.trust.audit_terms import Actor, Channel, Job, Origin
from storage.trust.messages import Post

_ORIGIN = Origin(Channel.DISCORD)
_kept = msgspec.json.Decoder(Kept)


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class House:
    """`asks` is the assistant that every platform shares."""

    db: Database
    vault: Vault
    asks: Asks
    _messages: StoredMessages = field(init=False)
    _words: AccountCache = field(init=False)

    def __post_init__(self) -> None:
        self._words = AccountCache(self.db, self.vault)
        self._messages = StoredMessages(self.db, self.vault, discord_guilds.PLATFORM)

    async def directory(self) -> dict[int, int]:
        """The account of every connected server, by the server's number."""
        return {number: row.account_id for number, row in (await discord_guilds.all_guilds(self.db)).items()}

    async def guild(self, guild_id: int) -> Guild | None:
        row = await discord_guilds.find_guild(self.db, guild_id)
        if row is None:
            return None
        chosen = await read_rules(self.db, row.account_id, Platform.DISCORD)
        return Guild(guild_id, row.account_id, rules_of(row.roles, chosen))

    async def connect(self, code: str, guild_id: int, roles: Sequence[int], user_id: int) -> int | None:
        """The account that the server now belongs to, None for a bad code. Raises GuildTaken."""
        now = _utc_now()
        account_id = await discord_guilds.redeem(self.db, self.vault, code, now)
        if account_id is None:
            return None
        by = Doer(Actor.discord_user(user_id), _ORIGIN)
        await discord_guilds.connect_guild(self.db, self.vault, account_id, guild_id, roles, now=now, by=by)
        return account_id

    async def forget(self, guild_id: int) -> int | None:
        """Deletes what belongs to a server that we are no longer in: how many Messages, None if unknown."""
        row = await discord_guilds.find_guild(self.db, guild_id)
        if row is None:
            return None
        by = Doer(Actor.job(Job.DELETION), _ORIGIN)
        return await discord_guilds.remove_guild(self.db, self.vault, row.account_id, guild_id, by=by)

    async def first_time(self, account_id: int, key: str) -> bool:
        """Whether an event comes for the first time: the gateway may deliver it again after a reconnect."""
        return await conversations.first_time(self.db, account_id, f"discord:{key}", _utc_now())

    async def zone(self, account_id: int) -> tzinfo:
        return ZoneInfo((await accounts.asking(self.db, account_id, _utc_now())).time_zone)

    async def ask(
        self, question: str, plan: str | None, *, account_id: int, conversation: str, all_rows: bool = False
    ) -> Answer:
        """The answer to a question, or to the plan (JSON) that it became before.

        `all_rows`: of a list, and then what the conversation is about stays as it is.
        """
        if plan is None:
            with asked_from(Channel.DISCORD):
                return await self.asks.ask(question, account_id=account_id, conversation=conversation)
        known = Plan.model_validate_json(plan)
        if all_rows:
            return await self.asks.run(with_all_rows(known), question=question, account_id=account_id)
        return await self.asks.run(known, question=question, account_id=account_id, conversation=conversation)

    async def vocabulary(self, account_id: int) -> Vocabulary:
        """The account's own words, for what people type about alerts."""
        return await self._words.vocabulary(account_id)

    async def trial(self, account_id: int, read: Read, vocabulary: Vocabulary, now: datetime) -> str:
        """What a rule would have told."""
        return await trial(self.db, self._words, account_id, read, vocabulary, now)

    async def why(self, account_id: int, answer: Answer) -> Answer:
        """The answer with its whole receipt."""
        return await with_receipt(self.db, account_id, answer)

    async def keep_message(self, account_id: int, answer: Answer, posts: Sequence[Post]) -> None:
        await self._messages.keep(account_id, answer, posts)

    async def keep_buttons(self, account_id: int, kept: Kept, *, personal: bool) -> bytes:
        """The reference to find them by, for a week; `personal` ones until a customer is deleted."""
        content = msgspec.json.encode(kept)
        return await buttons.keep_button(
            self.db, self.vault, account_id, content, now=_utc_now(), personal=personal
        )

    async def find_buttons(self, account_id: int, reference: bytes) -> Kept | None:
        try:
            content = await buttons.find_button(self.db, self.vault, account_id, reference, now=_utc_now())
        except VaultError:
            return None
        return None if content is None else _kept.decode(content)
