"""What a price costs a period, and what makes it monthly, from Stripe's JSON: part of the second opinion."""

from fractions import Fraction
from typing import Any

Object = dict[str, Any]

MONTHS = {"day": Fraction(365, 12), "week": Fraction(52, 12), "month": Fraction(1), "year": Fraction(1, 12)}
WORDS = {("month", 3): "quarter", ("month", 6): "half_year", ("month", 12): "year", ("day", 7): "week"}


def factor(recurring: Object) -> Fraction:
    return MONTHS[recurring["interval"]] / recurring["interval_count"]


def interval_word(recurring: Object) -> str:
    every = recurring["interval"], recurring["interval_count"]
    return every[0] if every[1] == 1 else WORDS.get(every, f"{every[1]} {every[0]}s")


def exact(whole: int | None, decimal: str | None) -> Fraction:
    return Fraction(decimal) if decimal is not None else Fraction(whole or 0)


def cost(price: Object, quantity: int | None, code: str) -> Fraction:
    """What a quantity costs a period, in the currency `code`; usage costs nothing in advance."""
    if price["recurring"]["usage_type"] == "metered":
        return Fraction(0)
    amounts = price if price["currency"] == code else price["currency_options"][code]
    units = 1 if quantity is None else quantity
    if price.get("transform_quantity"):
        size, left = price["transform_quantity"]["divide_by"], price["transform_quantity"]["round"]
        units = (units + size - 1) // size if left == "up" else units // size
    if price["billing_scheme"] != "tiered":
        return units * exact(amounts["unit_amount"], amounts["unit_amount_decimal"])
    if price["tiers_mode"] == "volume":
        return _tier(next(t for t in amounts["tiers"] if _reaches(t, units)), units)
    total, floor = Fraction(0), 0
    for tier in amounts["tiers"]:
        inside = units - floor if _reaches(tier, units) else tier["up_to"] - floor
        total += _tier(tier, inside)
        if _reaches(tier, units):
            return total
        floor = tier["up_to"]
    raise AssertionError("tiers end openly")


def _reaches(tier: Object, units: int) -> bool:
    return tier["up_to"] in (None, "inf") or units <= tier["up_to"]


def _tier(tier: Object, units: int) -> Fraction:
    return units * exact(tier["unit_amount"], tier["unit_amount_decimal"]) + exact(
        tier["flat_amount"], tier["flat_amount_decimal"]
    )
