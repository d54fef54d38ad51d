"""Which customer a page of a connected system is about, by its address."""

import re

from sqlalchemy import select

from storage.intake.bulk import among
from storage.keys.source_keys import KeyDestroyed
from storage.keys.vault import Vault
from storage.metrics.plan import Plan
from storage.models import ContactCustomer, Customer
from storage.session import Database
from storage.sources import list_sources

_PAGES: tuple[tuple[str, str, re.Pattern[str]], ...] = (
    (
        "stripe",
        "customer",
        re.compile(
            r"https://dashboard\.stripe\.com/(?:acct_\w{1,64}/)?(?:test/)?customers/(cus_\w{1,64})(?:[/?#]|$)"
        ),
    ),
    (
        "hubspot",
        "contact",
        re.compile(
            r"https://app(?:-\w{1,8})?\.hubspot\.com/contacts/\d{1,12}/"
            r"(?:record/0-1|contact)/(\d{1,20})(?:[/?#]|$)"
        ),
    ),
    (
        "hubspot",
        "customer",
        re.compile(
            r"https://app(?:-\w{1,8})?\.hubspot\.com/contacts/\d{1,12}/"
            r"(?:record/0-2|company)/(\d{1,20})(?:[/?#]|$)"
        ),
    ),
)
"""Kind of source, kind of record, and the address of its page with the vendor's id in it."""


def read_link(url: str) -> tuple[str, str, str] | None:
    """Kind of source, kind of record, the vendor's id; None for any other page."""
    for source, record, pattern in _PAGES:
        found = pattern.match(url)
        if found:
            return source, record, found[1]
    return None


async def linked_customer(db: Database, vault: Vault, account_id: int, url: str) -> Plan | None:
    """The plan that shows the customer; None where the page is none, or its customer is not known here."""
    page = read_link(url)
    if page is None:
        return None
    kind, record, vendor_id = page
    ids = []
    for source in await list_sources(db, account_id):
        if source.kind == kind:
            try:
                keys = await vault.source_keys(account_id, source.source_id)
            except KeyDestroyed:
                continue
            ids += [keys.record_id(name, vendor_id) for name in {record, "customer"}]
    if not ids:
        return None
    async with db.tenant(account_id, read_only=True) as session:
        found = await session.scalar(select(Customer.profile_id).where(among(session, Customer.id, ids)))
        if found is None:
            of_contact = (
                select(Customer.profile_id)
                .join(
                    ContactCustomer,
                    (ContactCustomer.account_id == Customer.account_id)
                    & (ContactCustomer.source_id == Customer.source_id)
                    & (ContactCustomer.customer_id == Customer.id),
                )
                .where(among(session, ContactCustomer.contact_id, ids))
            )
            found = await session.scalar(of_contact.limit(1))
    return None if found is None else Plan(customer=bytes(found).hex())
