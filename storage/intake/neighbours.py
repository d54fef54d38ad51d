"""Records that may be joined otherwise once one beside them changes or goes: two of one domain join nobody
of another source by it, one does."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage import models
from storage.intake.bulk import among
from storage.profile_joins import MOST_OF_A_DOMAIN

_MOST = 2 * MOST_OF_A_DOMAIN
"""A domain of more records joins nobody, with one less too."""


async def customers_beside(
    session: AsyncSession, account_id: int, source_id: int, customer_ids: Collection[bytes]
) -> set[bytes]:
    """The other customers of the source that share a domain with these."""
    found: set[bytes] = set()
    if not customer_ids:
        return found
    customer, link = models.Customer, models.CustomerLink
    for row, key, owner in (
        (customer, customer.domain_key, customer.id),
        (link, link.link_key, link.customer_id),
    ):
        table: Any = row
        of_source = [table.account_id == account_id, table.source_id == source_id, key.is_not(None)]
        if table is link:
            of_source.append(link.of == "domain")
        shared = select(key).where(*of_source, among(session, owner, customer_ids))
        few = select(key).where(*of_source, key.in_(shared)).group_by(key).having(func.count() <= _MOST)
        found.update(await session.scalars(select(owner).where(*of_source, key.in_(few))))
    return found - set(customer_ids)


async def customers_of_people(
    session: AsyncSession, account_id: int, source_id: int, contact_ids: Collection[bytes]
) -> set[bytes]:
    """The customers that these contacts are at, and those of contacts with the same address: a person at two
    companies joins neither."""
    contact, at = models.Contact, models.ContactCustomer
    of_source = (contact.account_id == account_id, contact.source_id == source_id)
    addresses = select(contact.email_key).where(
        *of_source, contact.email_key.is_not(None), among(session, contact.id, contact_ids)
    )
    same = select(contact.id).where(*of_source, contact.email_key.in_(addresses))
    found = await session.scalars(
        select(at.customer_id).where(
            at.account_id == account_id,
            at.source_id == source_id,
            among(session, at.contact_id, contact_ids) | at.contact_id.in_(same),
        )
    )
    return set(found)
