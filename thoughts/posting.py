"""Posts the letters that are due, each once: claimed, sent, kept as a Message, marked.

Killed between any two of these steps, the next worker goes on where this one stopped: a letter that may have
been posted is looked for on the platform before it is posted again.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import blake2b

import structlog

from storage.keys.vault import Vault
from storage.models import Message
from storage.session import Database
from storage.trust import messages
from storage.trust.messages import Content
from thoughts import claims
from thoughts.claims import GIVEN_UP_AFTER, Claimed, claim, mark_later, mark_lost, mark_sent, still_ours
from thoughts.composing import compose
from thoughts.mentioning import mentions
from thoughts.ports import Courier, Gone, Later, Letter, LetterKind, Outcome, Sent
from thoughts.routing import letter_row
from thoughts.subscriptions import State, Subscription, subscriptions

_log = structlog.get_logger(__name__)
_AT_ONCE = 20

Clock = Callable[[], datetime]


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class Posted:
    """What became of letters. `found` of those that were sent stood there already."""

    sent: int = 0
    found: int = 0
    later: int = 0
    lost: int = 0


async def post_due(
    db: Database, vault: Vault, account_id: int, couriers: Mapping[str, Courier], *, clock: Clock = _utc_now
) -> Posted:
    """Posts what is due, until nothing is. `couriers` by platform; without one, its letters wait."""
    done = Posted()
    while True:
        claimed = await claim(db, account_id, now=clock(), limit=_AT_ONCE)
        if not claimed:
            return done
        of = {one.number: one for one in await subscriptions(db, vault, account_id)}
        letters = await compose(db, vault, account_id, claimed, of)
        for one in claimed:
            work = _Post(db, vault, account_id, couriers, clock, one, of.get(one.alert_id), done)
            await work.run(*letters.get(one.id, (None, frozenset())))


@dataclass(slots=True)
class _Post:
    """One letter on its way."""

    db: Database
    vault: Vault
    account_id: int
    couriers: Mapping[str, Courier]
    clock: Clock
    one: Claimed
    subscription: Subscription | None
    done: Posted

    async def run(self, letter: Letter | None, about: frozenset[bytes]) -> None:
        if letter is None or self.subscription is None or self._is_off(self.subscription):
            await self._lost("nothing left to say")
            return
        if letter.edits is not None and not await self._is_kept(self.one.under):
            await self._lost("nothing left to edit")
            return
        if not await still_ours(self.db, self.account_id, self.one, now=self.clock()):
            return
        courier = self.couriers.get(self.subscription.where.platform)
        outcome: Outcome = Later(600.0, "no courier", doubtful=False)
        if courier:
            outcome = await self._send(courier, await self._with_mentions(courier, letter, about))
        match outcome:
            case Sent():
                await self._keep(letter, outcome, about)
                await mark_sent(self.db, self.account_id, self.one, outcome.posts, now=self.clock())
                self.done.sent += 1
            case Later():
                await self._later(outcome)
            case Gone(code=code) if letter.edits is not None:
                await self._lost(code)
            case Gone():
                await self._gone(outcome)

    async def _with_mentions(self, courier: Courier, letter: Letter, about: frozenset[bytes]) -> Letter:
        if self.subscription is None or letter.kind is LetterKind.NOTICE or letter.target.thread is not None:
            return letter
        found = await mentions(self.db, self.vault, self.account_id, self.subscription, about, courier)
        return replace(letter, mentions=found)

    def _is_off(self, subscription: Subscription) -> bool:
        return subscription.state is not State.ON and self.one.kind is not LetterKind.NOTICE

    async def _send(self, courier: Courier, letter: Letter) -> Outcome:
        if self.one.doubtful and letter.edits is None:
            found = await courier.find(letter)
            if found is not None:
                self.done.found += isinstance(found, Sent)
                return found
        return await courier.post(letter)

    async def _keep(self, letter: Letter, sent: Sent, about: frozenset[bytes]) -> None:
        """A Message before the letter is marked: what stands on a platform is never without one."""
        async with self.db.tenant(self.account_id, read_only=True) as session:
            if await session.get(Message, (self.account_id, self.one.id)) is not None:
                return
        await messages.keep(
            self.db,
            self.vault,
            self.account_id,
            kind="thought",
            platform=self.subscription.where.platform if self.subscription else "",
            content=Content(text=sent.text),
            posts=sent.posts,
            about=about,
            now=self.clock(),
            as_id=self.one.id,
        )

    async def _is_kept(self, message_id: bytes | None) -> bool:
        """Whether there is a Message that nobody has asked to remove."""
        async with self.db.tenant(self.account_id, read_only=True) as session:
            found = await session.get(Message, (self.account_id, message_id))
            return found is not None and found.due is None

    async def _later(self, outcome: Later) -> None:
        if self.clock() - self.one.made_at > GIVEN_UP_AFTER:
            _log.error("thoughts.given_up", code=outcome.code, tries=self.one.tries)
            await self._lost(outcome.code)
            return
        self.done.later += 1
        await mark_later(
            self.db,
            self.account_id,
            self.one,
            seconds=outcome.seconds,
            doubtful=outcome.doubtful or self.one.doubtful,
            code=outcome.code,
            now=self.clock(),
        )

    async def _gone(self, outcome: Gone) -> None:
        _log.error("thoughts.place_gone", code=outcome.code, alert=self.one.alert_id)
        await self._lost(outcome.code)
        subscription = self.subscription
        if self.one.kind is LetterKind.NOTICE or subscription is None:
            return
        await self._tell_maker(subscription, outcome.code)

    async def _tell_maker(self, subscription: Subscription, code: str) -> None:
        """Whoever subscribed is told once, in their direct messages."""
        now = self.clock()
        key = blake2b(f"notice|{subscription.number}|{self.one.id.hex()}".encode(), digest_size=16).digest()
        row = letter_row(
            self.account_id, key, subscription.number, LetterKind.NOTICE, now=now, due_at=now, note=code[:64]
        )
        is_person = subscription.made_by[:1] in ("U", "W", "D") and not subscription.is_direct
        async with self.db.tenant(self.account_id) as session:
            await claims.break_alert(
                session, self.account_id, subscription.number, row if is_person else None
            )

    async def _lost(self, code: str) -> None:
        self.done.lost += 1
        await mark_lost(self.db, self.account_id, self.one, code)
