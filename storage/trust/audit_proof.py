"""Whether an account's audit trail is whole: nothing changed, nothing missing, not even its end."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.models import Account, AuditEntry, AuditHead
from storage.session import Database
from storage.trust.audit import BEGINNING, Action, Fact, digest_of

_AT_ONCE = 500


class Fault(StrEnum):
    """What is wrong with a trail."""

    CHANGED = "was changed"
    GAP = "follows on a gap: entries before it were removed"
    UNLINKED = "does not continue the entry before it"
    CUT_AT_START = "is the first, though no purge took away what came before it"
    CUT_AT_END = "is the last, though more were recorded"
    MISSING = "cannot be compared: where the trail ends is no longer known"


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault, and the number of the entry that shows it."""

    fault: Fault
    number: int

    def __str__(self) -> str:
        return f"entry {self.number} {self.fault}"


@dataclass(slots=True)
class Proof:
    """How many entries there are, which, and what is wrong with them."""

    entries: int = 0
    first: int = 0
    last: int = 0
    faults: list[Finding] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        return not self.faults


async def verify(db: Database, account_id: int) -> Proof:
    """Reads the trail once, as it stood at one moment, and checks every digest."""
    async with db.tenant(account_id, read_only=True) as session:
        return await _verify(session)


async def _verify(session: AsyncSession) -> Proof:
    # One statement, so that entries and head are of one moment while others go on recording.
    head, entry = AuditHead.__table__.c, AuditEntry.__table__.c
    together = (
        select(head.number.label("head_number"), head.digest.label("head_digest"), *entry)
        .select_from(AuditHead)
        .outerjoin(AuditEntry, AuditEntry.account_id == AuditHead.account_id)
        .order_by(AuditEntry.number)
        .execution_options(yield_per=_AT_ONCE)
    )
    chain = _Chain()
    end: tuple[int, bytes] | None = None
    async for row in await session.stream(together):
        end = row.head_number, row.head_digest
        if row.number is not None:
            chain.add(row._asdict())
    if end is None:
        # Whatever adds a source records it, so that an account with one has a trail.
        had_source = select(Account.account_id).where(
            Account.account_id == session.info["account_id"], Account.sources_made > 0
        )
        must_be = await session.scalar(select(exists(select(AuditEntry.number)) | exists(had_source)))
        return Proof(faults=[Finding(Fault.MISSING, 0)] if must_be else [])
    return chain.ended(*end)


class _Chain:
    """Takes the entries one after the other."""

    def __init__(self) -> None:
        self._proof = Proof()
        self._start = (0, BEGINNING)
        self._number, self._digest = 0, BEGINNING
        self._anchors = {(0, BEGINNING)}

    def add(self, row: Mapping[str, Any]) -> None:
        proof, number = self._proof, row["number"]
        if not proof.entries:
            proof.first = number
            self._start = (number - 1, row["before"])
        elif number != self._number + 1:
            proof.faults.append(Finding(Fault.GAP, number))
        elif row["before"] != self._digest:
            proof.faults.append(Finding(Fault.UNLINKED, number))
        if digest_of(row) != row["digest"]:
            proof.faults.append(Finding(Fault.CHANGED, number))
        if row["action"] == Action.PURGE_RAN and Fact.THROUGH in row["details"]:
            self._anchors.add((row["details"][Fact.THROUGH], bytes.fromhex(row["details"][Fact.DIGEST])))
        proof.entries += 1
        self._number, self._digest = number, row["digest"]

    def ended(self, number: int, digest: bytes) -> Proof:
        """The proof, given the number and the digest that the newest entry must have."""
        proof = self._proof
        proof.last = self._number
        if self._start not in self._anchors:
            proof.faults.append(Finding(Fault.CUT_AT_START, proof.first))
        if (self._number, self._digest) != (number, digest):
            proof.faults.append(Finding(Fault.CUT_AT_END, self._number))
        return proof
