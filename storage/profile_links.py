"""What people say of profiles themselves: these records are one customer, or are not; and why records joined.

What is said stays over syncs, until the opposite is said or a record goes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, delete, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage import models
from storage.doer import Doer
from storage.errors import OperatorError
from storage.intake.bulk import insert_new
from storage.intake.derive import derive
from storage.keys.vault import Vault
from storage.personal import build_name_index
from storage.personal_document import open_personal
from storage.profile_evidence import Rings, gather
from storage.profile_joins import Reason, Ref, Sign, join
from storage.profile_rings import open_rings
from storage.session import Database
from storage.trust import audit
from storage.trust.audit import Action, Kind, Subject


class NoSuchCustomerError(OperatorError):
    """No customer is called so, or several are."""


@dataclass(frozen=True, slots=True)
class Member:
    """One record of a profile, as its source names it."""

    kind: str
    source_id: int
    vendor_id: str
    name: str | None

    def __repr__(self) -> str:
        return f"Member({self.kind})"

    @property
    def said(self) -> str:
        """What a command takes to mean this record."""
        return f"{self.kind}:{self.vendor_id}"


@dataclass(frozen=True, slots=True)
class Joined:
    """A profile's records, and in words why they are one."""

    members: tuple[Member, ...]
    reasons: tuple[str, ...]


async def find_record(db: Database, vault: Vault, account_id: int, said: str) -> Ref:
    """The record that is meant: `hubspot:123`, or the first record of the customer of that name, address or
    domain. Raises NoSuchCustomerError, also where several customers fit."""
    kind, colon, vendor_id = said.strip().partition(":")
    rings = await open_rings(db, vault, account_id)
    if colon and any(ring.kind == kind for ring in rings.values()):
        return await _named_by_vendor(db, account_id, rings, kind, vendor_id.strip())
    index = await build_name_index(db, vault, account_id)
    matches = index.lookup(said)
    best = [match for match in matches if match.score >= matches[0].score]
    if not best:
        raise NoSuchCustomerError(f"There is no customer called {said!r}.")
    if len(best) > 1:
        raise NoSuchCustomerError(
            f"{len(best)} customers are called {said!r}: name a record, such as stripe:cus_123."
        )
    return await _first_record(db, account_id, bytes.fromhex(best[0].profile_id))


async def _named_by_vendor(db: Database, account_id: int, rings: Rings, kind: str, vendor_id: str) -> Ref:
    customer = models.Customer
    possible = [
        (source_id, ring.keys.record_id("customer", vendor_id))
        for source_id, ring in rings.items()
        if ring.kind == kind
    ]
    either = or_(*(and_(customer.source_id == source, customer.id == row_id) for source, row_id in possible))
    async with db.tenant(account_id, read_only=True) as session:
        found = (
            await session.execute(
                select(customer.source_id, customer.id).where(customer.account_id == account_id, either)
            )
        ).all()
    if len(found) != 1:
        raise NoSuchCustomerError(f"There is no one {kind} record {vendor_id!r}.")
    return found[0].source_id, found[0].id


async def _first_record(db: Database, account_id: int, profile_id: bytes) -> Ref:
    customer = models.Customer
    async with db.tenant(account_id, read_only=True) as session:
        row = (
            await session.execute(
                select(customer.source_id, customer.id)
                .where(customer.account_id == account_id, customer.profile_id == profile_id)
                .order_by(customer.source_id, customer.id)
                .limit(1)
            )
        ).one()
    return row.source_id, row.id


async def explain(db: Database, vault: Vault, account_id: int, of: Ref) -> Joined:
    """The records of the profile that this record is in, and why they are joined."""
    rings = await open_rings(db, vault, account_id)
    async with db.tenant(account_id, read_only=True) as session:
        found = await gather(session, account_id, rings, [of])
    roots, reasons = join({ref: frozenset(tokens) for ref, tokens in found.carried.items()}, found.by_hand)
    refs = sorted(ref for ref, root in roots.items() if root == roots[of])
    members = await _members(db, account_id, rings, refs)
    named = dict(zip(refs, members, strict=True))
    told = [_in_words(reason, named) for reason in reasons if set(reason.refs) & named.keys()]
    return Joined(tuple(members), tuple(dict.fromkeys(told)))


async def _members(db: Database, account_id: int, rings: Rings, refs: Sequence[Ref]) -> list[Member]:
    customer = models.Customer
    async with db.tenant(account_id, read_only=True) as session:
        rows = await session.execute(
            select(customer.source_id, customer.id, customer.sealed).where(
                customer.account_id == account_id, customer.id.in_([row_id for _, row_id in refs])
            )
        )
        sealed = {(row.source_id, row.id): row.sealed for row in rows}
    members = []
    for source_id, row_id in refs:
        personal = open_personal(rings[source_id].keys, row_id, sealed[source_id, row_id])
        members.append(Member(rings[source_id].kind, source_id, personal.id, personal.name))
    return members


_SHARED = {
    Sign.EMAIL: "the e-mail address",
    Sign.CONTACT: "a contact with the e-mail address",
    Sign.DOMAIN: "the company domain",
}


def _in_words(reason: Reason, named: dict[Ref, Member]) -> str:
    who = " and ".join(named[ref].said for ref in reason.refs if ref in named)
    if reason.token is None:
        return f"{who}: joined by hand"
    if reason.token.sign in _SHARED:
        return f"{who}: joined because both have {_SHARED[reason.token.sign]} {reason.token.text}"
    system, _, value = reason.token.text.partition(":")
    return f"{who}: joined because both carry the {system.replace('_', ' ')} id {value}"


async def say(
    db: Database, vault: Vault, account_id: int, one: Ref, other: Ref, *, apart: bool, by: Doer | None = None
) -> None:
    """Joins two records' profiles, or keeps them `apart`, from now on. The last word counts."""
    if one == other:
        raise NoSuchCustomerError("Both are the same record: name the other one, such as hubspot:123.")
    first, second = sorted((one, other))
    async with db.tenant(account_id) as session:
        rejoined = await _members_of_profiles(session, account_id, (first, second))
        await _forget_what_was_said(session, account_id, first, second, rejoined, apart=apart)
        row = {
            "account_id": account_id,
            "one_source_id": first[0],
            "one_id": first[1],
            "other_source_id": second[0],
            "other_id": second[1],
            "apart": apart,
        }
        await insert_new(session, models.ProfileLink, [row])
        await insert_new(
            session,
            models.StaleCustomer,
            [
                {"account_id": account_id, "source_id": source_id, "customer_id": row_id}
                for source_id, row_id in rejoined
            ],
        )
        await _note(session, first, by or Doer.operator(), apart=apart)
    await derive(db, account_id, first[0], vault=vault)


async def _members_of_profiles(session: AsyncSession, account_id: int, refs: Iterable[Ref]) -> list[Ref]:
    customer = models.Customer
    either = or_(*(and_(customer.source_id == source, customer.id == row_id) for source, row_id in refs))
    profiles = select(customer.profile_id).where(customer.account_id == account_id, either)
    rows = await session.execute(
        select(customer.source_id, customer.id).where(
            customer.account_id == account_id, customer.profile_id.in_(profiles)
        )
    )
    return sorted((row.source_id, row.id) for row in rows)


async def _forget_what_was_said(
    session: AsyncSession, account_id: int, one: Ref, other: Ref, around: Sequence[Ref], *, apart: bool
) -> None:
    """What was said of the two before; and, where they are parted, whatever joined their profile by hand."""
    link: Any = models.ProfileLink
    these = and_(
        link.one_source_id == one[0],
        link.one_id == one[1],
        link.other_source_id == other[0],
        link.other_id == other[1],
    )
    gone = these
    if apart:
        ids = [row_id for _, row_id in around]
        gone = or_(these, and_(link.apart.is_(False), link.one_id.in_(ids), link.other_id.in_(ids)))
    await session.execute(delete(link).where(link.account_id == account_id, gone))


async def _note(session: AsyncSession, ref: Ref, by: Doer, *, apart: bool) -> None:
    await audit.record(
        session,
        actor=by.actor,
        action=Action.PROFILES_PARTED if apart else Action.PROFILES_JOINED,
        subject=Subject(Kind.CUSTOMER, ref[1]),
        origin=by.origin,
        details={},
    )
