"""A second opinion on MRR, straight from Stripe's JSON: what a subscription was worth at any second.

Written from the definitions (docs/stripe.md) alone and in another way than the house: nothing is turned into
spans. Every subscription answers for a moment, `worth(t)`, and says at which moments it may have changed.
Times are Unix seconds, money is minor units; nothing of `storage` is imported.
"""

from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

Object = dict[str, Any]

MONTHS = {"day": Fraction(365, 12), "week": Fraction(52, 12), "month": Fraction(1), "year": Fraction(1, 12)}
WORDS = {("month", 3): "quarter", ("month", 6): "half_year", ("month", 12): "year", ("day", 7): "week"}


class Worth(NamedTuple):
    """What a counting subscription is: MRR, currency, the product that is its plan, its interval's name, what
    each product brings before rounding, and by how much bills that round their lines may be off."""

    mrr: int
    currency: str
    plan: str
    interval: str
    products: dict[str, Fraction]
    off: Fraction = Fraction(0)


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


@dataclass(frozen=True)
class Books:
    """What objects point to: prices and coupons by id, which products are add-ons, who has which discount."""

    prices: dict[str, Object]
    coupons: dict[str, Object]
    add_ons: frozenset[str]
    customer_discounts: dict[str, list[Object]]

    @classmethod
    def of(cls, lists: dict[str, list[Object]]) -> "Books":
        return cls(
            prices={price["id"]: price for price in lists["prices"]},
            coupons={coupon["id"]: coupon for coupon in lists["coupons"]},
            add_ons=frozenset(p["id"] for p in lists["products"] if p["metadata"].get("add_on")),
            customer_discounts={c["id"]: [c["discount"]] for c in lists["customers"] if c["discount"]},
        )

    def coupon(self, discount: Object) -> Object:
        coupon = discount["source"]["coupon"] if "source" in discount else discount["coupon"]
        return self.coupons[coupon["id"] if isinstance(coupon, dict) else coupon]


class Subscription:
    """One subscription with its bills, as known at `seen`."""

    def __init__(
        self, raw: Object, bills: list[Object], failures: list[int], books: Books, seen: int
    ) -> None:
        self.raw, self.books, self.seen = raw, books, seen
        self.customer = raw["customer"]
        self.status, self.currency = raw["status"], raw["currency"]
        self.trial = self._trial()
        self.begins, self.ends = self._life(failures)
        self.lines = self._recurring(bills)

    def _trial(self) -> tuple[int, int | None] | None:
        """[start, end) of its trial; one that runs has no end yet."""
        start, end = self.raw["trial_start"], self.raw["trial_end"]
        if end is None or self.status in ("incomplete", "incomplete_expired"):
            return None
        if self.status == "trialing":
            return start, None
        end = min(end, self.raw["ended_at"] or end)
        return (start, end) if start < end else None

    def _life(self, failures: list[int]) -> tuple[int | None, int | None]:
        """When it began to count, if it ever did, and when it stopped."""
        if self.status in ("incomplete", "incomplete_expired", "trialing", "paused"):
            return None, None
        begins = self.raw["trial_end"] or self.raw["start_date"]
        ends = max(failures) if self.status == "unpaid" else self.raw["ended_at"]
        return (None, None) if ends is not None and ends <= begins else (begins, ends)

    def _recurring(self, bills: list[Object]) -> dict[int, list[Object]]:
        """The lines that a licensed item makes at each renewal, by the start of what they are for."""
        found = defaultdict(list)
        for bill in bills:
            given = {
                d["id"]: d for d in [*_many(bill), *(d for x in bill["lines"]["data"] for d in _many(x))]
            }
            for line in bill["lines"]["data"]:
                item, price = _item_and_price(line)
                if item is None or self.books.prices[price]["recurring"] is None:
                    continue
                if self.books.prices[price]["recurring"]["usage_type"] == "metered":
                    continue
                start = line["period"]["start"]
                on_trial = self.trial is not None and self.trial[0] <= start < (self.trial[1] or start + 1)
                if not on_trial and start < self.seen:
                    off = sum(
                        taken["amount"]
                        for taken in line["discount_amounts"]
                        if self.books.coupon(given[taken["discount"]])["duration"] != "once"
                    )
                    found[start].append(line | {"item": item, "price": price, "net": line["amount"] - off})
        return found

    def counts(self, at: int) -> bool:
        return self.begins is not None and self.begins <= at and (self.ends is None or at < self.ends)

    def on_trial(self, at: int) -> bool:
        return (
            self.trial is not None and self.trial[0] <= at and (self.trial[1] is None or at < self.trial[1])
        )

    def moments(self) -> list[int]:
        """When its worth may change."""
        of_discounts = [
            at
            for discounts in (self._discounts(), *map(_many, self.raw["items"]["data"]))
            for discount in discounts
            for at in (discount["start"], discount["end"])
        ]
        ends = [line["period"]["end"] for of_one in self.lines.values() for line in of_one]
        found = [self.begins, self.ends, self.seen, *of_discounts, *self.lines, *ends]
        return [at for at in found if at is not None]

    def worth(self, at: int) -> Worth | None:
        """None while it does not count."""
        if not self.counts(at):
            return None
        return self._as_agreed(at) if at >= self.seen or not self.lines else self._as_billed(at)

    # ---- as billed ------------------------------------------------------------------------------------

    def _as_billed(self, at: int) -> Worth:
        """By the last bill of before `at` (or the first of all), less a unit that only rounding made."""
        starts = sorted(self.lines)
        last = max((start for start in starts if start <= at), default=starts[0])
        found = self._sum(last)
        later = [self._sum(start) for start in starts if start > last]
        final = self._as_agreed(self.seen)
        if all(_same(one, found) for one in later) and _differs_by_rounding(final, found):
            return found._replace(mrr=final.mrr, products=final.products)
        return found

    def _sum(self, start: int) -> Worth:
        """The lines from `start` on, and those of other intervals that are paid for longer."""
        lines = list(self.lines[start])
        renewed = {line["item"] for line in lines}
        every = {interval_word(self._recurring_of(line)) for line in lines}
        on_it = {(item["id"], _price_of(item)) for item in self.raw["items"]["data"]}
        for before in sorted((earlier for earlier in self.lines if earlier < start), reverse=True):
            for line in self.lines[before]:
                apart = interval_word(self._recurring_of(line)) not in every
                runs = line["period"]["end"] > start and (line["item"], line["price"]) in on_it
                if apart and runs and line["item"] not in renewed:
                    lines.append(line)
            renewed |= {line["item"] for line in self.lines[before]}
        groups: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
        for line in lines:
            recurring = self._recurring_of(line)
            product = self.books.prices[line["price"]]["product"]
            groups[product, interval_word(recurring)] += line["net"] * factor(recurring)
        roundings = (
            factor(self._recurring_of(line)) * (1 if line["net"] == line["amount"] else 2) for line in lines
        )
        return self._named(groups)._replace(off=1 + sum(roundings, Fraction(0)) / 2)

    def _recurring_of(self, line: Object) -> Object:
        return self.books.prices[line["price"]]["recurring"]

    def _named(self, groups: dict[tuple[str, str], Fraction]) -> Worth:
        plans = {key: value for key, value in groups.items() if key[0] not in self.books.add_ons} or groups
        plan, interval = max(plans, key=plans.__getitem__)
        products: dict[str, Fraction] = defaultdict(Fraction)
        for (product, _), value in groups.items():
            products[product] += value
        total = max(Fraction(0), sum(groups.values(), Fraction(0)))
        return Worth(round(total), self.currency, plan, interval, dict(products))

    # ---- as agreed ------------------------------------------------------------------------------------

    def _discounts(self) -> list[Object]:
        return _many(self.raw) or self.books.customer_discounts.get(self.customer, [])

    def _as_agreed(self, at: int) -> Worth:
        """By the items and discounts of the object itself."""
        rows = []
        for item in self.raw["items"]["data"]:
            price = self.books.prices[_price_of(item)]
            gross = cost(price, item.get("quantity"), self.currency) * factor(price["recurring"])
            rows.append([price, gross, gross])
        for row, item in zip(rows, self.raw["items"]["data"], strict=True):
            self._take_off([row], _many(item), at)
        self._take_off(rows, self._discounts(), at)
        licensed = [row for row in rows if row[0]["recurring"]["usage_type"] == "licensed"]
        plans = [row for row in licensed if row[0]["product"] not in self.books.add_ons] or licensed
        main = max(plans, key=lambda row: row[1])[0]
        products: dict[str, Fraction] = defaultdict(Fraction)
        for price, _, net in rows:
            products[price["product"]] += net
        total = round(sum((row[2] for row in rows), Fraction(0)))
        return Worth(total, self.currency, main["product"], interval_word(main["recurring"]), dict(products))

    def _take_off(self, rows: list[list[Any]], discounts: list[Object], at: int) -> None:
        for discount in discounts:
            coupon = self.books.coupon(discount)
            is_on = discount["start"] <= at and (discount["end"] is None or at < discount["end"])
            only = (coupon.get("applies_to") or {}).get("products")
            meant = [row for row in rows if not only or row[0]["product"] in only]
            sum_ = sum((row[2] for row in meant), Fraction(0))
            if coupon["duration"] == "once" or not is_on or sum_ <= 0:
                continue
            left = sum_ - self._off(coupon, meant, sum_)
            for row in meant:
                row[2] = row[2] * max(left, Fraction(0)) / sum_

    def _off(self, coupon: Object, meant: list[list[Any]], sum_: Fraction) -> Fraction:
        """By how much a month's worth falls."""
        if coupon["percent_off"] is not None:
            return sum_ * Fraction(str(coupon["percent_off"])) / 100
        amount = coupon["amount_off"] if coupon["currency"] == self.currency else None
        if amount is None:
            option = (coupon.get("currency_options") or {}).get(self.currency)
            amount = option["amount_off"] if option else 0
        licensed = [row for row in meant if row[0]["recurring"]["usage_type"] == "licensed"]
        return amount * factor(max(licensed, key=lambda row: row[1])[0]["recurring"])


def _same(one: Worth, other: Worth) -> bool:
    return one[:5] == other[:5]


def _differs_by_rounding(agreed: Worth, billed: Worth) -> bool:
    """Whether bills say the same as the agreement, but for the rounding of their lines."""
    sold = [{product for product, value in one.products.items() if value} for one in (agreed, billed)]
    return (
        sold[0] == sold[1]
        and abs(agreed.mrr - billed.mrr) <= billed.off
        and all(abs(agreed.products[of] - billed.products[of]) <= billed.off for of in sold[0])
    )


def _many(owner: Object) -> list[Object]:
    """An object's own discounts, in either shape."""
    if owner.get("discounts") is not None:
        return list(owner["discounts"])
    return [owner["discount"]] if owner.get("discount") else []


def _price_of(item: Object) -> str:
    return str((item.get("price") or item.get("plan"))["id"])


def _item_and_price(line: Object) -> tuple[str | None, str]:
    """Of a line that a subscription's item made and that is no proration; else no item. In either shape."""
    if "parent" not in line:
        price = str((line["price"] or line["plan"])["id"])
        return (
            line["subscription_item"] if line["type"] == "subscription" and not line["proration"] else None
        ), price
    price = line["pricing"]["price_details"]["price"]
    made = line["parent"]["subscription_item_details"]
    return (made["subscription_item"] if made and not made["proration"] else None), price
