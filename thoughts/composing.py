"""What a letter says: its thoughts with their words, the names that they need, whom to call."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.intake.bulk import among
from storage.keys.vault import Vault
from storage.models import Delivery
from storage.session import Database
from storage.trust.messages import Post
from thoughts import outbox
from thoughts.amending import Edited, amended, load_edited
from thoughts.base import Stage, Thought
from thoughts.claims import Claimed
from thoughts.digest import Digest
from thoughts.load_digest import load_digest
from thoughts.naming import open_names
from thoughts.outbox import Decided
from thoughts.ports import Item, Letter, LetterKind, Target
from thoughts.registry import KINDS, say
from thoughts.routing import MOST_IN_A_LETTER
from thoughts.schedule import period_of
from thoughts.subscriptions import Subscription
from thoughts.watching import asking_in

_OF_THOUGHTS = (LetterKind.THOUGHTS, LetterKind.CATCH_UP, LetterKind.EDIT)


async def compose(
    db: Database,
    vault: Vault,
    account_id: int,
    claimed: Sequence[Claimed],
    of: Mapping[int, Subscription],
) -> dict[bytes, tuple[Letter, frozenset[bytes]]]:
    """By letter: what is to be posted, and whom it names. Letters of subscriptions that are gone, and those
    of thoughts that are, have none."""
    async with db.tenant(account_id, read_only=True) as session:
        edited = await load_edited(session, account_id, claimed)
        ids = [one.id for one in claimed] + [each for of_one in edited.values() for each in of_one.letters]
        inside = await _thoughts_in(session, account_id, ids)
        digests = await _digests(session, account_id, claimed, of)
    everything = [one for these in inside.values() for one in these]
    told = {who for one in digests.values() for who in one.customers}
    names = await open_names(db, vault, account_id, everything, besides=told)
    found = {}
    for one in claimed:
        edit = edited.get(one.id)
        subscription, these = of.get(one.alert_id), amended(_told_in(one, edit, inside))
        if subscription is None or (not these and one.kind in _OF_THOUGHTS):
            continue
        digest = digests.get(one.id)
        about = frozenset(who for each in these for who in outbox.customers_in(each.thought))
        about |= digest.customers if digest else frozenset()
        kind = edit.kind if edit else one.kind
        shown = _shown(kind, these)
        found[one.id] = (
            Letter(
                key=(edit.letter if edit else one.id).hex(),
                kind=kind,
                target=Target(subscription.where.team, _place(one, subscription), _thread(one, edit)),
                zone=subscription.wants.zone,
                subscription=subscription.number,
                made_at=one.made_at,
                edits=one.above if edit else None,
                items=tuple(_item(each.thought) for each in shown),
                more=len(these) - len(shown),
                names=names,
                digest=digest,
                notice=_notice(one, subscription),
            ),
            about,
        )
    return found


async def _digests(
    session: AsyncSession,
    account_id: int,
    claimed: Sequence[Claimed],
    of: Mapping[int, Subscription],
) -> dict[bytes, Digest]:
    """What the figures of each digest's period say; of what was only held back there are none."""
    found: dict[bytes, Digest] = {}
    made: dict[tuple[date, date], Digest] = {}
    for one in claimed:
        subscription = of.get(one.alert_id)
        if one.kind is LetterKind.DIGEST and subscription is not None and subscription.wants.digest:
            period = period_of(subscription.wants, one.made_at)
            if period not in made:  # channels mostly want the same
                asking = await asking_in(session, account_id, one.made_at)
                made[period] = await load_digest(session, asking, *period)
            found[one.id] = made[period]
    return found


def _told_in(one: Claimed, edit: Edited | None, inside: Mapping[bytes, Sequence[Decided]]) -> list[Decided]:
    """What a letter tells; of one that edits, all that its post tells from now on."""
    if one.kind is not LetterKind.EDIT:
        return list(inside.get(one.id, []))
    if edit is None or one.above is None:
        return []
    return sorted((each for letter in edit.letters for each in inside.get(letter, [])), key=_order)


def _thread(one: Claimed, edit: Edited | None) -> Post | None:
    if edit is not None:
        return one.above if edit.in_thread else None
    return None if _aside(one) else one.above


def _order(one: Decided) -> tuple[datetime, bool, bytes]:
    return one.thought.at, one.thought.stage is not Stage.OPENS, one.id


def _aside(one: Claimed) -> bool:
    return one.kind is LetterKind.NOTICE


def _place(one: Claimed, subscription: Subscription) -> str:
    """A notice goes to whoever made the subscription."""
    return subscription.made_by if _aside(one) else subscription.where.place


def _notice(one: Claimed, subscription: Subscription) -> str:
    if not _aside(one):
        return ""
    return (
        f"I can no longer post to <#{subscription.where.place}> ({one.note or 'unknown'}), so your alert "
        f"number {subscription.number} is switched off. Invite me there again and resume it with "
        "`/chewy alerts`."
    )


async def _thoughts_in(
    session: AsyncSession, account_id: int, letters: Sequence[bytes]
) -> dict[bytes, list[Decided]]:
    """The thoughts of each letter, in the order in which they happened."""
    rows = (
        await session.execute(
            select(Delivery.letter_id, Delivery.thought_id).where(
                Delivery.account_id == account_id, among(session, Delivery.letter_id, letters)
            )
        )
    ).all()
    loaded = await outbox.load(session, account_id, [row.thought_id for row in rows])
    inside: dict[bytes, list[Decided]] = defaultdict(list)
    for row in rows:
        if row.thought_id in loaded:
            inside[row.letter_id].append(loaded[row.thought_id])
    for these in inside.values():
        these.sort(key=_order)
    return inside


def _shown(kind: LetterKind, these: Sequence[Decided]) -> list[Decided]:
    """All of them, or of a catch-up and a digest those with the most at stake."""
    if kind is LetterKind.THOUGHTS or len(these) <= MOST_IN_A_LETTER:
        return list(these)
    largest = sorted(these, key=_stake, reverse=True)[:MOST_IN_A_LETTER]
    kept = {each.id for each in largest}
    return [each for each in these if each.id in kept]


def _stake(one: Decided) -> tuple[bool, int]:
    return one.thought.critical, one.thought.worth.amount if one.thought.worth else 0


def _item(thought: Thought) -> Item:
    kind = KINDS.get(thought.kind)
    return Item(thought, say(thought), kind.step if kind else "")
