"""Names for what letters say, opened when they are worded and kept nowhere."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from storage import models
from storage.intake.bulk import among
from storage.keys.vault import Vault
from storage.personal import open_profiles
from storage.session import Database
from thoughts.base import Product
from thoughts.outbox import Decided, customers_in
from thoughts.ports import Names

UNNAMED = "A customer"


async def open_names(
    db: Database, vault: Vault, account_id: int, decided: Sequence[Decided], *, besides: Iterable[bytes] = ()
) -> Names:
    """The names of whom and what these thoughts speak of, under the ids that they use; and of the profiles
    `besides`."""
    async with db.tenant(account_id, read_only=True) as session:
        now_of = await _profiles_now(session, account_id, decided)
        products = await _products(session, account_id, decided)
        sources = {
            row.source_id: row.label
            for row in await session.execute(
                select(models.Source.source_id, models.Source.label).where(
                    models.Source.account_id == account_id
                )
            )
        }
    others = set(besides)
    opened = await open_profiles(db, vault, account_id, {*now_of.values(), *others})
    called = {
        profile_id: name
        for profile_id, records in opened.items()
        if (name := next((one.personal.name or one.personal.email for one in records), None))
    }
    customers = {one: called.get(now_of.get(one, one), UNNAMED) for one in _everyone(decided) | others}
    return Names(customers=customers, products=products, sources=sources)


def _everyone(decided: Iterable[Decided]) -> set[bytes]:
    return {who for one in decided for who in customers_in(one.thought)}


async def _profiles_now(
    session: AsyncSession, account_id: int, decided: Sequence[Decided]
) -> Mapping[bytes, bytes]:
    """Which profile a customer is today: records may have been joined anew since a thought was decided."""
    wanted = _everyone(decided)
    customer, about = models.Customer, models.ThoughtProfile
    rows = await session.execute(
        select(about.thought_id, customer.profile_id)
        .join(customer, (customer.account_id == about.account_id) & (customer.id == about.profile_id))
        .where(about.account_id == account_id, among(session, about.thought_id, [one.id for one in decided]))
    )
    today: dict[bytes, set[bytes]] = {}
    for thought_id, profile_id in rows:
        today.setdefault(thought_id, set()).add(profile_id)
    found: dict[bytes, bytes] = {}
    for one in decided:
        candidates = today.get(one.id, set())
        for who in customers_in(one.thought) & wanted:
            if who not in candidates and len(candidates) == 1:
                found[who] = next(iter(candidates))
            else:
                found.setdefault(who, who)
    return found


async def _products(
    session: AsyncSession, account_id: int, decided: Sequence[Decided]
) -> dict[tuple[int, bytes], str]:
    facts = [fact for one in decided for fact in one.thought.facts.values() if isinstance(fact, Product)]
    if not facts:
        return {}
    product = models.Product
    rows = await session.execute(
        select(product.source_id, product.id, product.name).where(
            product.account_id == account_id, among(session, product.id, {one.product_id for one in facts})
        )
    )
    return {(row.source_id, row.id): row.name for row in rows}
