"""The small values that Stripe's objects are made of, as records want them."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Protocol

from connectors.stripe import wire
from storage import records

_CURRENCY = re.compile(r"[a-z]{3}")
_STATUS = re.compile(r"[a-z_]{1,32}")


class Unreadable(Exception):
    """The object cannot become a record because of this field."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


class Missing(Exception):
    """Something named by id has to be looked up before the object can become a record."""

    def __init__(self, kind: str, id_: str) -> None:
        super().__init__(kind)
        self.kind = kind
        self.id = id_


class References(Protocol):
    """What objects name without telling. All raise `Missing` until it was looked up; None: it is gone.

    `tiers` are those in the price's own currency, or in another one that it is sold in.
    """

    def coupon(self, id_: str) -> wire.Coupon | None: ...

    def tiers(self, price_id: str, code: str | None = None) -> list[wire.Tier] | None: ...

    def option(self, price_id: str, code: str) -> wire.PriceOption | None: ...


def at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def when(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def id_of(reference: wire.Ref | None) -> str | None:
    """The id, of an id or of the object in its place."""
    if reference is None or isinstance(reference, str):
        return reference
    return reference.id


@lru_cache(maxsize=512)
def currency(code: str) -> str:
    """A lower-case ISO 4217 code."""
    if not _CURRENCY.fullmatch(lower := code.lower()):
        raise Unreadable("$.currency")
    return lower


def status(code: str) -> str:
    if not _STATUS.fullmatch(code):
        raise Unreadable("$.status")
    return code


def unit(whole: int | Decimal | None, exact: Decimal | None) -> Decimal | None:
    """A unit amount in minor units: the decimal one where there is one, the whole one on older servers."""
    return exact if exact is not None or whole is None else Decimal(whole)


def step(row: wire.Tier) -> records.Tier:
    up_to = None if row.up_to == "inf" else row.up_to
    if isinstance(up_to, str) and not (up_to.isascii() and up_to.isdigit()):
        raise Unreadable("$.tiers.up_to")
    return records.Tier(
        up_to=None if up_to is None else int(up_to),
        unit_amount=unit(row.unit_amount, row.unit_amount_decimal) or Decimal(0),
        flat_amount=unit(row.flat_amount, row.flat_amount_decimal) or Decimal(0),
    )


def coupon_of(discount: wire.Discount, references: References) -> wire.Coupon | None:
    """The discount's coupon as the coupons list tells it, or as it stands in the discount if it is gone."""
    coupon = discount.source.coupon if discount.source else discount.coupon
    if coupon is None or isinstance(coupon, str):
        return references.coupon(coupon) if coupon else None
    return references.coupon(coupon.id) or coupon


def either(many: wire.Discounts, one: wire.Discount | None) -> wire.Discounts:
    """An object's discounts: a list, or (older) at most one, which says more than a list of its id alone."""
    return [one] if one is not None and (many is None or many == [one.id]) else many


def discounts(rows: wire.Discounts, references: References) -> tuple[records.Discount, ...]:
    """The discounts; one of an amount in several currencies is one in each, and comes off bills in that."""
    return tuple([found for row in rows for found in _discount(row, references)]) if rows else ()


def _discount(row: str | wire.Discount, references: References) -> list[records.Discount]:
    coupon = None if isinstance(row, str) else coupon_of(row, references)
    if isinstance(row, str) or coupon is None:
        raise Unreadable("$.discounts")
    amounts: dict[str | None, int | None] = {coupon.currency: coupon.amount_off}
    if coupon.amount_off is not None:
        for code, option in (coupon.currency_options or {}).items():
            amounts.setdefault(code, option.amount_off)
    return [
        records.Discount(
            duration=coupon.duration,
            percent_off=coupon.percent_off,
            amount_off=amount,
            currency=currency(code) if code else None,
            starts_at=when(row.start),
            ends_at=when(row.end),
            product_ids=tuple(coupon.applies_to.products) if coupon.applies_to else (),
        )
        for code, amount in amounts.items()
    ]
