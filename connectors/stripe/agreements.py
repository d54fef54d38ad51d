"""Customers and what they agreed to, from Stripe's objects to records: pure, one function a kind.

A function raises `Missing` for a coupon or tiers that have to be looked up first, and `Unreadable` for a
field whose meaning is unknown: a record is whole or it is left out, never a guess.
"""

import re

import msgspec

from connectors.stripe import wire
from connectors.stripe.values import (
    References,
    Unreadable,
    at,
    currency,
    discounts,
    either,
    id_of,
    step,
    unit,
    when,
)
from storage import records

_COUNTRY = re.compile(r"[A-Z]{2}")
_NAME_LENGTH = 250
_plan = msgspec.json.Decoder(wire.Plan)


def customer(row: wire.Customer, references: References) -> records.Customer:
    links = row.metadata or wire.Metadata()
    found = (("hubspot_company", links.hubspot_company_id), ("intercom_company", links.intercom_company_id))
    country = row.address.country if row.address else None
    return records.Customer(
        id=row.id,
        name=row.name,
        email=row.email,
        phone=row.phone,
        links=tuple((system, id_) for system, id_ in found if id_),
        country=country if country and _COUNTRY.fullmatch(country) else None,
        currency=currency(row.currency) if row.currency else None,
        discounts=discounts([row.discount] if row.discount else None, references),
        created_at=at(row.created),
    )


def product(row: wire.Product, references: References) -> records.Product:
    name = row.name.replace("\x00", "")[:_NAME_LENGTH]  # PostgreSQL holds no NUL
    return records.Product(id=row.id, name=name, active=row.active, created_at=at(row.created))


def price(row: wire.Price, references: References) -> records.Price:
    recurring, transform = row.recurring, row.transform_quantity
    tiers = row.tiers
    if tiers is None and row.billing_scheme == "tiered":
        tiers = references.tiers(row.id)
        if tiers is None:
            raise Unreadable("$.price.tiers")
    return records.Price(
        id=row.id,
        product_id=id_of(row.product) or "",
        currency=currency(row.currency),
        interval=recurring.interval if recurring else None,
        interval_count=recurring.interval_count if recurring else 1,
        usage=recurring.usage_type if recurring else records.Usage.LICENSED,
        unit_amount=unit(row.unit_amount, row.unit_amount_decimal),
        tiers_mode=row.tiers_mode,
        tiers=tuple(step(tier) for tier in tiers) if tiers else (),
        divide_by=transform.divide_by if transform else 1,
        round_up=transform is not None and transform.round == "up",
        active=row.active,
    )


def _from_plan(raw: msgspec.Raw) -> wire.Price:
    """An older item's plan in the shape of a price."""
    try:
        plan = _plan.decode(raw)
    except msgspec.DecodeError:
        raise Unreadable("$.items.plan") from None
    return wire.Price(
        id=plan.id,
        product=plan.product or plan.id,
        currency=plan.currency,
        active=plan.active,
        recurring=wire.Recurring(plan.interval, plan.interval_count, plan.usage_type),
        unit_amount=plan.amount,
        unit_amount_decimal=plan.amount_decimal,
        billing_scheme=plan.billing_scheme,
        tiers_mode=plan.tiers_mode,
        tiers=plan.tiers,
        transform_quantity=plan.transform_usage,
    )


def subscription(row: wire.Subscription, references: References) -> records.Subscription:
    if not row.items.data:
        raise Unreadable("$.items")
    code = currency(row.currency) if row.currency else None
    items = tuple(_item(item, code, references) for item in row.items.data)
    start, end = _period(row)
    return records.Subscription(
        id=row.id,
        customer_id=id_of(row.customer) or "",
        status=row.status,
        currency=code or items[0].price.currency,
        items=items,
        discounts=discounts(either(row.discounts, row.discount), references),
        created_at=at(row.created),
        started_at=at(row.start_date if row.start_date is not None else row.created),
        trial_start=when(row.trial_start),
        trial_end=when(row.trial_end),
        current_period_start=when(start),
        current_period_end=when(end),
        cancel_at=when(row.cancel_at),
        cancel_at_period_end=row.cancel_at_period_end,
        canceled_at=when(row.canceled_at),
        ended_at=when(row.ended_at),
        collection_paused=bytes(row.pause_collection) not in {b"", b"null"},
    )


def _item(row: wire.Item, code: str | None, references: References) -> records.Item:
    priced = row.price or _from_plan(row.plan)
    if code is not None and currency(priced.currency) != code:
        priced = _in_currency(priced, code, references)
    return records.Item(
        id=row.id,
        price=price(priced, references),
        quantity=row.quantity,
        discounts=discounts(row.discounts, references),
    )


def _in_currency(row: wire.Price, code: str, references: References) -> wire.Price:
    """A price that is sold in several currencies, as it is in this one: items show it in its own."""
    option = references.option(row.id, code)
    if option is None:
        raise Unreadable("$.items.price.currency")
    return msgspec.structs.replace(
        row,
        currency=code,
        unit_amount=option.unit_amount,
        unit_amount_decimal=option.unit_amount_decimal,
        tiers=references.tiers(row.id, code) if row.billing_scheme == "tiered" else None,
    )


def _period(row: wire.Subscription) -> tuple[int | None, int | None]:
    """The running period that ends first: items may have periods of their own."""
    if row.current_period_end is not None:
        return row.current_period_start, row.current_period_end
    ends = [item for item in row.items.data if item.current_period_end is not None]
    first = min(ends, key=lambda item: item.current_period_end or 0, default=None)
    return (first.current_period_start, first.current_period_end) if first else (None, None)
