"""Settles who gets a thought: one delivery for each subscription that wants it, in letters or held back.

All of it is one transaction, one worker an account at a time: killed in between, nothing is settled yet.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from storage.intake.bulk import among, insert_all
from storage.intake.news import AWAY
from storage.keys.vault import Vault
from storage.locks import exclusive
from storage.models import Delivery, Letter
from storage.models import Thought as Kept
from storage.session import Database
from thoughts.base import Stage
from thoughts.history import GROUPED, History, Waiting, load_history, sources_away
from thoughts.matching import wanted_customers
from thoughts.noise import Before, Fate, Mutes, Verdict, Why, judge
from thoughts.outbox import Decided, matter_id, unrouted
from thoughts.ports import LetterKind
from thoughts.subscriptions import State, Subscription, read_subscriptions
from thoughts.watching import asking_in

AT_ONCE = 500
"""Thoughts of one transaction."""

MOST_IN_A_LETTER = 10
"""Thoughts of one post; a catch-up names so many and counts the rest."""

_LATE_AT_MOST = timedelta(hours=1)
"""For so long the news of a source that catches up waits until all of it is there."""

_NO_MUTES = Mutes()


async def route(db: Database, vault: Vault, account_id: int, *, now: datetime) -> int:
    """Settles what waits to be settled; returns how many thoughts. Raises `storage.locks.Busy`."""
    done = 0
    async with exclusive(db, f"thoughts:{account_id}"):
        while True:
            keys = await vault.account_keys(account_id)
            async with db.tenant(account_id) as session:
                decided = await _ready(session, account_id, now)
                if not decided:
                    return done
                everyone = await read_subscriptions(session, keys, account_id)
                listening = [one for one in everyone if one.state is State.ON]
                if listening:
                    await _settle(session, account_id, decided, listening, now)
                await session.execute(
                    update(Kept)
                    .where(
                        Kept.account_id == account_id,
                        among(session, Kept.thought_id, [one.id for one in decided]),
                    )
                    .values(routed_at=now)
                )
            done += len(decided)


async def _ready(session: AsyncSession, account_id: int, now: datetime) -> list[Decided]:
    """What can be settled now; what a source brings that is still catching up waits for the rest of it."""
    away = await sources_away(session, account_id, now - AWAY)
    return await unrouted(session, account_id, AT_ONCE, away=away, since=now - _LATE_AT_MOST)


async def _settle(
    session: AsyncSession,
    account_id: int,
    decided: Sequence[Decided],
    listening: Sequence[Subscription],
    now: datetime,
) -> None:
    history = await load_history(session, account_id, decided, now)
    asking = await asking_in(session, account_id, now)
    allowed = await wanted_customers(session, asking, listening, [one.thought for one in decided])
    plan = _Settling(account_id, history, allowed, now)
    for one in sorted(decided, key=lambda one: (one.thought.at, one.thought.stage is not Stage.OPENS)):
        for subscription in listening:
            plan.consider(one, subscription)
    await insert_all(session, Letter, plan.letters)
    await insert_all(session, Delivery, plan.deliveries)


@dataclass(slots=True)
class _Settling:
    """Gathers the rows of one transaction. `allowed`: whom a subscription's filter lets through."""

    account_id: int
    history: History
    allowed: Mapping[int, set[bytes]]
    now: datetime
    letters: list[dict[str, Any]] = field(default_factory=list)
    deliveries: list[dict[str, Any]] = field(default_factory=list)

    def consider(self, one: Decided, subscription: Subscription) -> None:
        """What becomes of a thought for a subscription."""
        number, thought = subscription.number, one.thought
        allowed = self.allowed.get(number)
        if allowed is not None and thought.customer not in allowed:
            return
        matter = number, matter_id(thought)
        verdict = judge(
            thought,
            subscription.wants,
            mutes=self.history.mutes.get(number, _NO_MUTES),
            customers=self.history.about[one.id],
            before=self.history.before.get(matter),
            posted_this_week=self.history.posted[number],
            now=self.now,
        )
        if verdict is None:
            return
        letter = self._letter(one, number, matter, verdict)
        if letter is None and verdict.fate in (Fate.POST, Fate.THREAD):
            verdict = Verdict(Fate.HELD, Why.AMENDS)
        state = "letter" if letter else verdict.fate
        self.deliveries.append(
            {
                "account_id": self.account_id,
                "alert_id": number,
                "thought_id": one.id,
                "state": state,
                "why": verdict.why or None,
                "at": self.now,
                "letter_id": letter,
            }
        )
        known = self.history.before.get(matter)
        if known is None or known.letter is None:
            self.history.before[matter] = Before(letter, state)
        if letter is not None and thought.stage is not Stage.AMENDS:
            self.history.last[matter] = letter

    def _letter(self, one: Decided, number: int, matter: tuple[int, bytes], verdict: Verdict) -> bytes | None:
        due_at = verdict.due_at or self.now
        if one.late and verdict.fate in (Fate.POST, Fate.THREAD):
            return self._waiting(number, LetterKind.CATCH_UP, due_at, most=None)
        if verdict.fate is Fate.POST:
            last = self.history.last_post.get(number)
            if last is not None and not one.thought.critical:
                due_at = max(due_at, last + GROUPED)
            return self._waiting(number, LetterKind.THOUGHTS, due_at, most=MOST_IN_A_LETTER)
        if verdict.fate is Fate.THREAD and one.thought.stage is Stage.AMENDS:
            return self._edit(number, self.history.last.get(matter))
        if verdict.fate is Fate.THREAD:
            above = self.history.before[matter].letter
            if above in self.history.unsent:
                return above
            return None if above is None else self._under(number, above, due_at)
        return None

    def _waiting(self, number: int, kind: LetterKind, due_at: datetime, most: int | None) -> bytes:
        """The letter of a subscription that waits to be sent, or a new one."""
        waiting = self.history.waiting.get((number, kind))
        if waiting is None or (most is not None and waiting.items >= most):
            waiting = Waiting(self._write(number, kind, due_at), due_at, 0)
            self.history.waiting[number, kind] = waiting
            self.history.posted[number] += 1
        waiting.items += 1
        return waiting.id

    def _edit(self, number: int, told: bytes | None) -> bytes | None:
        """What only fills in what was said last goes into that post, which nobody is notified of."""
        if told is None or told in self.history.unsent:
            return told
        if told not in self.history.edits:
            self.history.edits[told] = self._write(number, LetterKind.EDIT, self.now, told)
        return self.history.edits[told]

    def _under(self, number: int, above: bytes, due_at: datetime) -> bytes:
        """A letter in the thread of another."""
        waiting = self.history.under.get(above)
        if waiting is None:
            waiting = self.history.under[above] = self._write(number, LetterKind.THOUGHTS, due_at, above)
        return waiting

    def _write(self, number: int, kind: LetterKind, due_at: datetime, under: bytes | None = None) -> bytes:
        letter_id = secrets.token_bytes(16)
        self.letters.append(
            letter_row(self.account_id, letter_id, number, kind, now=self.now, due_at=due_at, under=under)
        )
        self.history.unsent.add(letter_id)
        return letter_id


def letter_row(
    account_id: int,
    letter_id: bytes,
    number: int,
    kind: LetterKind,
    *,
    now: datetime,
    due_at: datetime,
    under: bytes | None = None,
    note: str | None = None,
) -> dict[str, Any]:
    """A letter that waits to be sent."""
    return {
        "account_id": account_id,
        "letter_id": letter_id,
        "alert_id": number,
        "kind": kind,
        "under": under,
        "state": "due",
        "made_at": now,
        "due_at": due_at,
        "tries": 0,
        "leased_until": None,
        "lease": None,
        "sent_at": None,
        "channel": None,
        "ts": None,
        "note": note,
    }
