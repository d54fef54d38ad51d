"""Invented companies as Stripe would tell of them: lists of raw objects, the same for the same seed."""

from copy import deepcopy
from random import Random
from typing import Any

from tests.numbers.catalogs import CURRENCIES, Catalog
from tests.numbers.fates import Fate
from tests.numbers.lives import DAY, Life

Object = dict[str, Any]
Lists = dict[str, list[Object]]

NOW = 1_795_435_200
"""Noon on 23 November 2026, UTC."""

ZONES = ("UTC", "America/New_York", "Asia/Tokyo", "Asia/Kolkata", "Pacific/Auckland", "Europe/Berlin")
COUNTRIES = ("US", "DE", "FR", "GB", "JP", None)
PAST = 900 * DAY


class World:
    """`lists` are what Stripe's lists hold, newest first; `zone` and `currency` are the account's."""

    def __init__(self, seed: int) -> None:
        rng = self.rng = Random(seed)
        self.seed = seed
        self.zone, self.currency = rng.choice(ZONES), rng.choice(("usd", "usd", "eur"))
        self.old = seed % 4 == 3
        """Whether the server answers in the shape of 2023."""
        self.catalog = Catalog(rng, NOW - PAST - DAY)
        self.lists: Lists = {
            "products": self.catalog.products,
            "prices": self.catalog.prices,
            "coupons": self.catalog.coupons,
        } | {
            name: [] for name in ("customers", "subscriptions", "invoices", "charges", "refunds", "disputes")
        }
        self._people()
        self._money_back()
        for rows in self.lists.values():
            rows.sort(key=lambda row: (-row["created"], row["id"]))
        if self.old:
            _as_in_2023(self.lists, self.catalog)

    def _people(self) -> None:
        rng = self.rng
        for number in range(rng.randint(2, 9)):
            customer = self._customer(number)
            gone = rng.random() < 0.08
            if not gone:
                self.lists["customers"].append(customer)
            for count in range(rng.choice((0, 1, 1, 1, 2, 3))):
                self._subscribe(customer, f"sub_{number}x{count}", gone=gone)
            if rng.random() < 0.15:
                self._pays_once(customer)
        for n, plan in enumerate(self.catalog.products[:-3]):  # every plan is sold alone by somebody
            customer = self._customer(100 + n)
            self.lists["customers"].append(customer)
            price = next(p for p in self.catalog.plans if p["product"] == plan["id"])
            self._subscribe(customer, f"sub_{100 + n}x0", price=price)
        self._pays_once(None)

    def _customer(self, number: int) -> Object:
        rng = self.rng
        twin = number - 1 if number and rng.random() < 0.2 else number
        name = f"billing@company{twin}.example"
        start = NOW - rng.randint(DAY, PAST)
        coupon = rng.choice(self.catalog.coupons) if rng.random() < 0.15 else None
        discount = None
        if coupon and coupon["duration"] == "forever":
            source = {"type": "coupon", "coupon": coupon["id"]}
            discount = {
                "id": f"di_c{number}",
                "object": "discount",
                "start": start,
                "end": None,
                "source": source,
            }
        return {
            "id": f"cus_{number}",
            "object": "customer",
            "created": start,
            "name": f"Company {number}",
            "email": None if rng.random() < 0.05 else name.upper() if rng.random() < 0.3 else name,
            "address": {"country": rng.choice(COUNTRIES)},
            "currency": rng.choice(CURRENCIES),
            "metadata": {},
            "discount": discount,
        }

    def _subscribe(
        self, customer: Object, id_: str, *, price: Object | None = None, gone: bool = False
    ) -> None:
        rng = self.rng
        code = price["currency"] if price else rng.choice(CURRENCIES)
        life = Life(rng, self.catalog, id_, code, customer)
        sold = [p for p in self.catalog.plans if life.sold(p)]
        if not sold:
            return
        if price:
            life.items = [life._item(price, rng.randint(1, 9))]
        else:
            life.choose(rng.choice(sold))
        start = rng.randint(customer["created"], NOW - 1)
        if rng.random() < 0.3:
            start -= start % DAY  # at midnight, where periods begin
        roll = rng.random()
        if roll < 0.25:
            life.discounts = [life.give(rng.choice(self.catalog.coupons), start)]
        elif roll < 0.35 and not self.old:
            coupons = rng.sample([c for c in self.catalog.coupons if c["duration"] == "forever"], 2)
            life.discounts = [life.give(coupon, start) for coupon in coupons]
        elif roll < 0.42 and not self.old:
            life.plan["discounts"] = [life.give(self.catalog.coupons[0], start)]
        fate = Fate(life, rng, start, NOW)
        raw = fate.play()
        if gone and raw["ended_at"] is None:
            raw |= {"status": "canceled", "ended_at": NOW - 1, "canceled_at": NOW - 1}
        self.lists["subscriptions"].append(raw)
        self.lists["invoices"] += life.bills
        self.lists["charges"] += fate.charges

    def _pays_once(self, customer: Object | None) -> None:
        """A payment with no bill; some are only held, and some fail."""
        rng = self.rng
        self.lists["charges"].append(
            {
                "id": f"ch_once{len(self.lists['charges'])}",
                "object": "charge",
                "amount": 5_000,
                "amount_captured": 4_000,
                "captured": rng.random() < 0.8,
                "created": NOW - rng.randint(1, 60 * DAY),
                "currency": rng.choice(CURRENCIES),
                "customer": customer["id"] if customer else None,
                "failure_code": None,
                "payment_intent": None,
                "status": rng.choice(("succeeded", "succeeded", "pending", "failed")),
            }
        )

    def _money_back(self) -> None:
        rng = self.rng
        paid = [c for c in self.lists["charges"] if c["status"] == "succeeded" and c["captured"]]
        for number, charge in enumerate(rng.sample(paid, min(len(paid), rng.randint(0, 5)))):
            at = min(charge["created"] + rng.randint(0, 40 * DAY), NOW - 1)
            amount = charge["amount_captured"] // rng.choice((1, 2, 3))
            back = {"amount": amount, "created": at, "currency": charge["currency"], "charge": charge["id"]}
            if rng.random() < 0.7:
                status = rng.choice(("succeeded", "succeeded", "pending", "failed", "canceled", None))
                self.lists["refunds"].append(
                    {"id": f"re_{number}", "object": "refund", "status": status} | back
                )
            else:
                status = rng.choice(("won", "lost", "needs_response", "warning_closed"))
                self.lists["disputes"].append(
                    {"id": f"dp_{number}", "object": "dispute", "status": status} | back
                )


def later(world: World) -> Lists:
    """The lists half an hour on: some subscriptions have changed, ended or begun to be paid for."""
    rng = Random(world.seed + 1)
    lists = deepcopy(world.lists)
    for customer in lists["customers"]:
        if customer["discount"] and rng.random() < 0.3:
            customer["discount"] = None
    for raw in lists["subscriptions"]:
        item, roll = raw["items"]["data"][0], rng.random()
        if raw["status"] == "trialing" and roll < 0.5:
            raw |= {"status": "active", "trial_end": NOW + 600}
        elif raw["status"] in ("active", "past_due") and roll < 0.1:
            raw |= {"status": "canceled", "ended_at": NOW + rng.randint(0, 1800), "canceled_at": NOW}
        elif roll < 0.2 and "quantity" in item:
            item["quantity"] = rng.randint(1, 30)
        elif roll < 0.3:
            raw["discount" if world.old else "discounts"] = None if world.old else []
    return lists


def _as_in_2023(lists: Lists, catalog: Catalog) -> None:
    """The same objects as a server of before the current shapes tells them."""
    coupons = {coupon["id"]: coupon for coupon in catalog.coupons}
    for customer in lists["customers"]:
        _older_discount(customer, coupons)
    for subscription in lists["subscriptions"]:
        first = subscription["items"]["data"][0]
        subscription |= {k: first[k] for k in ("current_period_start", "current_period_end")}
        for item in subscription["items"]["data"]:
            for name in ("current_period_start", "current_period_end", "discounts"):
                item.pop(name, None)
        _older_discount(subscription, coupons)
    for invoice in lists["invoices"]:
        invoice["subscription"] = invoice.pop("parent")["subscription_details"]["subscription"]
        payments = invoice.pop("payments")["data"]
        invoice["payment_intent"] = payments[0]["payment"]["payment_intent"] if payments else None
        for line in invoice["lines"]["data"]:
            _older_line(line)
        invoice["discounts"] = [_with_coupon(discount, coupons) for discount in invoice["discounts"]]
    for charge in lists["charges"]:
        intent = charge["payment_intent"]
        charge["invoice"] = intent.replace("pi_", "in_") if intent else None


def _with_coupon(discount: Object, coupons: dict[str, Object]) -> Object:
    kept = {name: value for name, value in discount.items() if name != "source"}
    return kept | {"coupon": coupons[discount["source"]["coupon"]]}


def _older_discount(owner: Object, coupons: dict[str, Object]) -> None:
    found = owner.pop("discounts", None) or ([owner["discount"]] if owner.get("discount") else [])
    owner["discount"] = _with_coupon(found[0], coupons) if found else None


def _older_line(line: Object) -> None:
    parent, pricing = line.pop("parent"), line.pop("pricing")["price_details"]
    made, one_off = parent["subscription_item_details"], parent["invoice_item_details"]
    line["type"] = "subscription" if made else "invoiceitem"
    line["proration"] = (made or one_off)["proration"]
    line["subscription"] = (made or one_off)["subscription"]
    line["subscription_item"] = made["subscription_item"] if made else None
    line["price"] = {"id": pricing["price"], "object": "price", "product": pricing["product"]}
    line["discounts"] = []
