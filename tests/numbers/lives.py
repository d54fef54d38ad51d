"""The lives of invented subscriptions, billed as Stripe bills them: cycles, trials, changes, discounts."""

from calendar import monthrange
from datetime import UTC, datetime
from fractions import Fraction
from random import Random
from typing import Any

from tests.numbers.catalogs import Catalog
from tests.numbers.oracle import cost

Object = dict[str, Any]

DAY = 86_400


def step(anchor: int, every: tuple[str, int], count: int) -> int:
    """`count` billing intervals after the anchor, on its day of the month or the month's last."""
    interval, each = every
    if interval in ("day", "week"):
        return anchor + count * each * (DAY if interval == "day" else 7 * DAY)
    at = datetime.fromtimestamp(anchor, UTC)
    months = at.year * 12 + at.month - 1 + count * each * (12 if interval == "year" else 1)
    year, month = divmod(months, 12)
    return int(
        at.replace(year=year, month=month + 1, day=min(at.day, monthrange(year, month + 1)[1])).timestamp()
    )


def every_of(price: Object) -> tuple[str, int]:
    return price["recurring"]["interval"], price["recurring"]["interval_count"]


class Life:
    """One subscription while it is lived: `items` and `discounts` are what they are at the moment."""

    def __init__(self, rng: Random, catalog: Catalog, id_: str, code: str, customer: Object) -> None:
        self.rng, self.catalog, self.id, self.code, self.customer = rng, catalog, id_, code, customer
        self.bills: list[Object] = []
        self.items: list[Object] = []
        self.discounts: list[Object] = []
        self._made = 0

    def new_id(self, kind: str) -> str:
        self._made += 1
        return f"{kind}_{self.id[4:]}n{self._made}"

    def sold(self, price: Object) -> bool:
        return price["currency"] == self.code or self.code in (price["currency_options"] or {})

    def choose(self, plan: Object) -> None:
        """A plan, perhaps with seats and usage that are billed as often; sometimes seats by the year."""
        rng = self.rng
        self.items = [self._item(plan, rng.choice((1, 1, 2, 3, 5, 7, 12, 30)))]
        seats = [p for p in self.catalog.seats if p["currency"] == self.code]
        beside = [p for p in seats if every_of(p) == every_of(plan)]
        if every_of(plan) == ("month", 1) and rng.random() < 0.15:
            beside = [p for p in seats if every_of(p) == ("year", 1)]
        if beside and rng.random() < 0.3:
            self.items.append(self._item(beside[0], rng.randint(1, 9)))
        usage = [p for p in self.catalog.usage if p["currency"] == self.code]
        if every_of(plan) == ("month", 1) and rng.random() < 0.2:
            self.items.append(self._item(usage[0], None))
        rng.shuffle(self.items)

    def _item(self, price: Object, quantity: int | None) -> Object:
        item = {"id": self.new_id("si"), "object": "subscription_item", "price": price, "discounts": []}
        return item | ({} if quantity is None else {"quantity": quantity})

    @property
    def plan(self) -> Object:
        """The item that is the plan."""
        return next(i for i in self.items if i["price"] in self.catalog.plans)

    def give(self, coupon: Object, at: int) -> Object:
        end = step(at, ("month", 1), 3) if coupon["duration"] == "repeating" else None
        id_ = self.new_id("di")
        return {
            "id": id_,
            "object": "discount",
            "start": at,
            "end": end,
            "source": {"type": "coupon", "coupon": coupon["id"]},
        }

    def worth(self, item: Object) -> int:
        """What an item is billed for one period, rounded as an amount of money is."""
        exact = cost(item["price"], item.get("quantity"), self.code)
        return int(exact + Fraction(1, 2))

    # ---- bills ----------------------------------------------------------------------------------------

    def renew(self, start: int, every: tuple[str, int], anchor: int, number: int) -> Object:
        """The bill of one period: the items that renew at `start`, and last period's usage."""
        end = step(anchor, every, number + 1)
        lines = []
        for item in self.items:
            price = item["price"]
            own = every_of(price)
            if price["recurring"]["usage_type"] == "metered":
                if number:
                    used = self.rng.randint(0, 4000)
                    lines.append(self._line(item, used, step(anchor, every, number - 1), start))
            elif own == every:
                lines += self._lines_of(item, start, end)
            elif number % 12 == 0:  # seats by the year beside a plan by the month
                lines += self._lines_of(item, start, step(anchor, own, number // 12 + 1))
        return self.bill(start, lines)

    def _lines_of(self, item: Object, start: int, end: int) -> list[Object]:
        amount = self.worth(item)
        if item["price"]["tiers_mode"] == "graduated" and amount and self.rng.random() < 0.5:
            part = self.rng.randint(0, amount)  # a line for each tier
            return [self._line(item, part, start, end), self._line(item, amount - part, start, end)]
        return [self._line(item, amount, start, end)]

    def _line(self, item: Object, amount: int, start: int, end: int, *, proration: bool = False) -> Object:
        return {
            "id": self.new_id("il"),
            "object": "line_item",
            "amount": amount,
            "currency": self.code,
            "quantity": item.get("quantity"),
            "period": {"start": start, "end": end},
            "discounts": [] if proration else list(item["discounts"]),
            "discount_amounts": [],
            "parent": {
                "type": "subscription_item_details",
                "invoice_item_details": None,
                "subscription_item_details": {
                    "proration": proration,
                    "subscription": self.id,
                    "subscription_item": item["id"],
                },
            },
            "pricing": {
                "type": "price_details",
                "price_details": {"price": item["price"]["id"], "product": item["price"]["product"]},
            },
        }

    def prorations(self, old: Object, new: Object, at: int, end: int) -> list[Object]:
        """Credit for what was paid and not used, and what the rest of the period costs now."""
        credit = self._line(old, -self.rng.randint(0, self.worth(old)), at, end, proration=True)
        return [credit, self._line(new, self.rng.randint(0, self.worth(new)), at, end, proration=True)]

    def one_off(self, at: int) -> Object:
        """A setup fee on the next bill."""
        price = next(p for p in self.catalog.setup if p["currency"] == self.code)
        line = self._line({"id": "", "price": price, "quantity": 1, "discounts": []}, 25_000, at, at)
        details = {"invoice_item": self.new_id("ii"), "proration": False, "subscription": self.id}
        parent = {
            "type": "invoice_item_details",
            "invoice_item_details": details,
            "subscription_item_details": None,
        }
        return line | {"parent": parent}

    def bill(self, at: int, lines: list[Object]) -> Object:
        discounts = self.discounts or ([self.customer["discount"]] if self.customer["discount"] else [])
        running = [d for d in discounts if self._runs(d, at)]
        off = self._discount(lines, running, at)
        total = max(0, sum(line["amount"] for line in lines) - off)
        bill = {
            "id": self.new_id("in"),
            "object": "invoice",
            "customer": self.customer["id"],
            "currency": self.code,
            "created": at,
            "discounts": running,
            "lines": {"object": "list", "data": lines, "has_more": False},
            "parent": {
                "type": "subscription_details",
                "subscription_details": {"subscription": self.id, "metadata": {}},
            },
            "total": total,
            "amount_due": total,
            "due_date": None,
            "attempt_count": 0,
            "next_payment_attempt": None,
        }
        self.bills.append(bill)
        return bill

    def _runs(self, discount: Object, at: int) -> bool:
        coupon = self._coupon(discount)
        once = coupon["duration"] == "once" and any(
            any(given["id"] == discount["id"] for given in bill["discounts"]) for bill in self.bills
        )
        return not once and discount["start"] <= at and (discount["end"] is None or at < discount["end"])

    def _coupon(self, discount: Object) -> Object:
        return next(c for c in self.catalog.coupons if c["id"] == discount["source"]["coupon"])

    def _discount(self, lines: list[Object], running: list[Object], at: int) -> int:
        """Takes discounts off the recurring lines, an item's own first; how much in all."""
        left = {line["id"]: line["amount"] for line in lines if self._is_discounted(line)}
        for line in lines:
            for discount in line["discounts"]:
                if line["id"] in left and self._runs(discount, at):
                    self._take(self._coupon(discount), discount, [line], left)
        for discount in running:
            coupon = self._coupon(discount)
            only = (coupon.get("applies_to") or {}).get("products")
            meant = [
                line
                for line in lines
                if line["id"] in left and (not only or line["pricing"]["price_details"]["product"] in only)
            ]
            self._take(coupon, discount, meant, left)
        return sum(taken["amount"] for line in lines for taken in line["discount_amounts"])

    @staticmethod
    def _is_discounted(line: Object) -> bool:
        details = line["parent"]["subscription_item_details"]
        return bool(details) and not details["proration"] and line["amount"] > 0

    def _take(self, coupon: Object, discount: Object, lines: list[Object], left: dict[str, int]) -> None:
        total = sum(left[line["id"]] for line in lines)
        if coupon["percent_off"] is None:
            amount = coupon["amount_off"] if coupon["currency"] == self.code else None
            if amount is None:
                amount = (coupon.get("currency_options") or {}).get(self.code, {}).get("amount_off", 0)
            share = Fraction(min(amount, total), total) if total else Fraction(0)
        else:
            share = Fraction(str(coupon["percent_off"])) / 100
        for line in lines:
            taken = int(left[line["id"]] * share + Fraction(1, 2))
            left[line["id"]] -= taken
            line["discount_amounts"].append({"amount": taken, "discount": discount["id"]})
