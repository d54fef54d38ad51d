"""The customer as a source knows it, with its discounts. `records.py` says what holds for all records."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar

from msgspec import Struct

from storage.record_base import Record

OWN_SYSTEM = {
    "stripe": "stripe_customer",
    "hubspot": "hubspot_company",
    "intercom": "intercom_company",
    "zendesk": "zendesk_organization",
}
"""By kind of source: the system that a customer's own id belongs to, as `Customer.links` name it."""


class DiscountDuration(StrEnum):
    ONCE = "once"
    REPEATING = "repeating"
    FOREVER = "forever"


class Discount(Struct, frozen=True, kw_only=True, gc=False):
    """A discount on a customer, a subscription or one item. Exactly one of percent_off, amount_off is set.

    `percent_off` is 20 for 20%; `amount_off` is minor units of `currency` per billing period. Where
    `product_ids` are given, it takes off these products' items alone.
    """

    duration: DiscountDuration
    percent_off: Decimal | None = None
    amount_off: int | None = None
    currency: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    product_ids: tuple[str, ...] = ()


class Customer(Record, frozen=True, kw_only=True, gc=False):
    """A customer, company or organization as one source knows it. `country` is ISO 3166-1 alpha-2.

    `domains` are its own hosts or websites, beside that of its e-mail. `links` are ids of the same customer
    in other systems, as (system, id), the systems being those of `OWN_SYSTEM`: ("hubspot_company", "123").
    `aliases` are further ids in its own system (Intercom's `company_id`). `owner_id` is an `Owner` of the
    same source; `tags` are the account's own words.
    """

    KIND: ClassVar[str] = "customer"
    PERSONAL: ClassVar[tuple[str, ...]] = ("id", "name", "email", "phone", "domains", "links", "aliases")

    name: str | None = None
    email: str | None = None
    phone: str | None = None
    domains: tuple[str, ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    aliases: tuple[str, ...] = ()
    owner_id: str | None = None
    tags: tuple[str, ...] = ()
    country: str | None = None
    currency: str | None = None
    discounts: tuple[Discount, ...] = ()
    created_at: datetime

    def __repr__(self) -> str:
        """Nothing personal, wherever a record is printed."""
        return "Customer(...)"
