"""News that only fills in what a post has said: the post is edited, and nobody is called again."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.intake.bulk import among
from storage.models import Letter
from thoughts.base import Stage
from thoughts.claims import Claimed
from thoughts.outbox import Decided
from thoughts.ports import LetterKind


@dataclass(frozen=True, slots=True)
class Edited:
    """The letter that is edited, its kind, and whether it stands in a thread. `letters`: it, and
    all that edit it: their thoughts are what the post tells from now on."""

    letter: bytes
    kind: LetterKind
    in_thread: bool
    letters: tuple[bytes, ...]


async def load_edited(
    session: AsyncSession, account_id: int, claimed: Sequence[Claimed]
) -> dict[bytes, Edited]:
    """By the id of each claimed letter that edits another."""
    wanted = {one.id: one.under for one in claimed if one.kind is LetterKind.EDIT and one.under}
    if not wanted:
        return {}
    told = set(wanted.values())
    rows = (
        await session.execute(
            select(Letter.letter_id, Letter.kind, Letter.under).where(
                Letter.account_id == account_id,
                or_(
                    among(session, Letter.letter_id, told),
                    among(session, Letter.under, told) & (Letter.kind == LetterKind.EDIT),
                ),
            )
        )
    ).all()
    edits = defaultdict(list)
    for row in rows:
        if row.kind == LetterKind.EDIT and row.under is not None:
            edits[row.under].append(row.letter_id)
    found = {
        row.letter_id: Edited(
            row.letter_id, LetterKind(row.kind), row.under is not None, (row.letter_id, *edits[row.letter_id])
        )
        for row in rows
        if row.letter_id in told
    }
    return {edit: found[letter] for edit, letter in wanted.items() if letter in found}


def amended(these: Sequence[Decided]) -> list[Decided]:
    """What only fills in takes the place of what was said last of its matter."""
    shown: list[Decided] = []
    for one in these:
        place = _last_of(shown, one) if one.thought.stage is Stage.AMENDS else None
        if place is None:
            shown.append(one)
        else:
            stage = shown[place].thought.stage
            shown[place] = one._replace(thought=msgspec.structs.replace(one.thought, stage=stage))
    return shown


def _last_of(shown: Sequence[Decided], one: Decided) -> int | None:
    matter = one.thought.matter
    return next((at for at in reversed(range(len(shown))) if shown[at].thought.matter == matter), None)
