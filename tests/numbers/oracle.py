"""A second opinion on MRR, straight from Stripe's JSON: what a subscription was worth at any second.

Written from the definitions (docs/stripe.md) alone and in another way than the house: nothing is turned into
spans. Every subscription answers for a moment, `worth(t)`, and says at which moments it may have changed.
Times are Unix seconds, money is minor units; nothing of `storage` is imported.
"""

from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any, NamedTuple

from tests.numbers.prices import cost, factor, interval_word

Object = dict[str, Any]


class Worth(NamedTuple):
    """What a counting subscription is: MRR, currency, the product that is its plan, its interval's name, what
    each product brings before rounding, and by how much bills that round their lines may be off."""

    mrr: int
    currency: str
    plan: str
    interval: str
    products: dict[str, Fraction]
    off: Fraction = Fraction(0)


@dataclass(frozen=True)
class Books:
    """What objects point to: prices and coupons by id, and which products are add-ons."""

    prices: dict[str, Object]
    coupons: dict[str, Object]
    add_ons: frozenset[str]

    @classmethod
    def of(cls, lists: dict[str, list[Object]]) -> "Books":
        return cls(
            prices={price["id"]: price for price in lists["prices"]},
            coupons={coupon["id"]: coupon for coupon in lists["coupons"]},
            add_ons=frozenset(p["id"] for p in lists["products"] if p["metadata"].get("add_on")),
        )

    def coupon(self, discount: Object) -> Object:
        coupon = discount["source"]["coupon"] if "source" in discount else discount["coupon"]
        return self.coupons[coupon["id"] if isinstance(coupon, dict) else coupon]


class Seen(NamedTuple):
    """What a subscription was at a sync, with the discount that its customer had."""

    at: int
    raw: Object
    of_customer: list[Object]

    def discounts(self) -> list[Object]:
        return _many(self.raw) or self.of_customer


class Subscription:
    """One subscription with its bills: what it was at the first sync, and at later ones."""

    def __init__(self, seen: list[Seen], bills: list[Object], failures: list[int], books: Books) -> None:
        raw = seen[-1].raw
        self.raw, self.books, self.all_seen, self.seen = raw, books, seen, seen[0].at
        self._sum, self._later = cache(self._sum_from), cache(self._is_last)
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
            for seen in self.all_seen
            for discounts in (seen.discounts(), *map(_many, seen.raw["items"]["data"]))
            for discount in discounts
            for at in (discount["start"], discount["end"])
        ]
        ends = [line["period"]["end"] for of_one in self.lines.values() for line in of_one]
        syncs = [seen.at for seen in self.all_seen]
        found = [self.begins, self.ends, *syncs, *of_discounts, *self.lines, *ends]
        return [at for at in found if at is not None]

    def worth(self, at: int) -> Worth | None:
        """None while it does not count."""
        if not self.counts(at):
            return None
        return self._as_agreed(at) if at >= self.seen or not self.lines else self._as_billed(at)

    # ---- as billed ------------------------------------------------------------------------------------

    def _as_billed(self, at: int) -> Worth:
        """By the last bill of before `at` (or the first of all), less a unit that only rounding made."""
        start = max((start for start in self.lines if start <= at), default=min(self.lines))
        found = self._sum(start)
        final = self._as_agreed(self.seen)
        if self._later(start) and _differs_by_rounding(final, found):
            return found._replace(mrr=final.mrr, products=final.products)
        return found

    def _is_last(self, start: int) -> bool:
        """Whether all later bills say the same."""
        return all(_same(self._sum(later), self._sum(start)) for later in self.lines if later > start)

    def _sum_from(self, start: int) -> Worth:
        """The lines from `start` on, and those of other intervals that are paid for longer."""
        lines = list(self.lines[start])
        renewed = {line["item"] for line in lines}
        every = {interval_word(self._recurring_of(line)) for line in lines}
        on_it = {(item["id"], _price_of(item)) for item in self.raw["items"]["data"]}  # as it is now
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

    def _as_agreed(self, at: int) -> Worth:
        """By the items and discounts of the object itself, as it was last seen."""
        seen = next((seen for seen in reversed(self.all_seen) if seen.at <= at), self.all_seen[0])
        items = seen.raw["items"]["data"]
        rows = []
        for item in items:
            price = self.books.prices[_price_of(item)]
            gross = cost(price, item.get("quantity"), self.currency) * factor(price["recurring"])
            rows.append([price, gross, gross])
        for row, item in zip(rows, items, strict=True):
            self._take_off([row], _many(item), at)
        self._take_off(rows, seen.discounts(), at)
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
