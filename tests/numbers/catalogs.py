"""What an invented company sells: products, prices of every kind, coupons, as Stripe's JSON."""

from random import Random
from typing import Any

Object = dict[str, Any]

CURRENCIES = ("usd", "eur", "jpy", "kwd")
OFTEN = (
    (("month", 1),) * 6
    + (("year", 1),) * 3
    + (("month", 3), ("week", 1), ("week", 2), ("day", 30), ("month", 6))
)


def _decimal(amount: float) -> str:
    return f"{amount:g}"


class Catalog:
    """Products, prices and coupons. `plans` are prices that are sold alone, the others go with them."""

    def __init__(self, rng: Random, made: int) -> None:
        self.rng = rng
        self.made = made
        names = ("Starter", "Growth", "Scale", "Enterprise")[: rng.randint(2, 4)]
        self.products = [self._product(f"prod_{name.lower()}", name) for name in names]
        seat = self._product("prod_seat", "Extra seat") | {"metadata": {"add_on": "true"}}
        usage, setup = self._product("prod_usage", "API calls"), self._product("prod_setup", "Setup")
        self.plans = [self._plan(p, n) for p in self.products for n in range(rng.randint(2, 4))]
        self.seats = [
            self._price(seat, n, code, every, rng.choice((500, 999, 1500)))
            for n, (code, every) in enumerate((c, e) for c in CURRENCIES for e in (("month", 1), ("year", 1)))
        ]
        self.usage = [self._metered(usage, n, code) for n, code in enumerate(CURRENCIES)]
        self.setup = [self._one_off(setup, n, code) for n, code in enumerate(CURRENCIES)]
        self.products += [seat, usage, setup]
        self.coupons = self._coupons()

    @property
    def prices(self) -> list[Object]:
        return [*self.plans, *self.seats, *self.usage, *self.setup]

    def _product(self, id_: str, name: str) -> Object:
        return {
            "id": id_,
            "object": "product",
            "name": name,
            "created": self.made,
            "active": True,
            "metadata": {},
        }

    def _price(self, of: Object, n: int, code: str, every: tuple[str, int], amount: float | None) -> Object:
        whole = amount is not None and amount == int(amount)
        return {
            "id": f"price_{of['id'][5:]}_{n}",
            "object": "price",
            "product": of["id"],
            "currency": code,
            "active": self.rng.random() < 0.9,
            "created": self.made,
            "type": "recurring",
            "billing_scheme": "per_unit",
            "recurring": {"interval": every[0], "interval_count": every[1], "usage_type": "licensed"},
            "unit_amount": int(amount) if whole and amount is not None else None,
            "unit_amount_decimal": None if amount is None else _decimal(amount),
            "tiers_mode": None,
            "transform_quantity": None,
            "currency_options": None,
        }

    def _plan(self, of: Object, n: int) -> Object:
        rng = self.rng
        code, every = rng.choice(("usd", *CURRENCIES)), rng.choice(OFTEN)
        scale = 10 if every[0] == "year" else 1
        price = self._price(of, n, code, every, scale * rng.randint(9, 400) * 100 - 1)
        kind = rng.random()
        if kind < 0.15:
            price |= {
                "unit_amount": None,
                "unit_amount_decimal": _decimal(scale * rng.randint(100, 9999) + 0.25),
            }
        elif kind < 0.4:
            price |= {"billing_scheme": "tiered", "unit_amount": None, "unit_amount_decimal": None}
            price |= {"tiers_mode": rng.choice(("graduated", "volume")), "tiers": self._tiers(scale)}
        elif kind < 0.5:
            size = {"divide_by": rng.choice((3, 5, 10)), "round": rng.choice(("up", "down"))}
            price |= {"transform_quantity": size}
        if rng.random() < 0.3:
            price["currency_options"] = {c: self._option(price, scale) for c in CURRENCIES if c != code}
        return price

    def _option(self, price: Object, scale: int) -> Object:
        if price["billing_scheme"] == "tiered":
            return {"unit_amount": None, "unit_amount_decimal": None, "tiers": self._tiers(scale)}
        amount = scale * self.rng.randint(9, 400) * 50
        return {"unit_amount": amount, "unit_amount_decimal": str(amount)}

    def _tiers(self, scale: int) -> list[Object]:
        rng = self.rng
        tops: list[int | str | None] = [rng.randint(1, 5), rng.randint(6, 12), rng.choice((None, "inf"))]
        return [
            {
                "up_to": top,
                "unit_amount": amount,
                "unit_amount_decimal": None if amount is None else str(amount),
                "flat_amount": flat,
                "flat_amount_decimal": None if flat is None else str(flat),
            }
            for top in tops
            for amount, flat in [
                (scale * rng.randint(1, 30) * 100, rng.choice((None, 0, scale * 500, scale * 2100)))
            ]
        ]

    def _metered(self, of: Object, n: int, code: str) -> Object:
        recurring = {"interval": "month", "interval_count": 1, "usage_type": "metered"}
        return self._price(of, n, code, ("month", 1), 0.5) | {"recurring": recurring}

    def _one_off(self, of: Object, n: int, code: str) -> Object:
        return self._price(of, n, code, ("month", 1), 25_000) | {"recurring": None, "type": "one_time"}

    def _coupons(self) -> list[Object]:
        rng = self.rng
        some = [self.products[0]["id"], "prod_seat"][: rng.randint(1, 2)]
        return [
            self._coupon("TWENTY", percent_off=20),
            self._coupon("THIRD", percent_off=33.33),
            self._coupon("ALL", percent_off=100),
            self._coupon("LAUNCH", "repeating", percent_off=rng.choice((25, 50)), duration_in_months=3),
            self._coupon("HELLO", "once", percent_off=40),
            self._coupon("TEN", amount_off=1000, currency="usd"),
            self._coupon(
                "FIVE",
                amount_off=500,
                currency="usd",
                currency_options={"usd": {"amount_off": 500}, "eur": {"amount_off": 450}},
            ),
            self._coupon("SOME", percent_off=15, applies_to={"products": some}),
        ]

    def _coupon(self, id_: str, duration: str = "forever", **facts: Any) -> Object:
        return {
            "id": id_,
            "object": "coupon",
            "created": self.made,
            "duration": duration,
            "percent_off": None,
            "amount_off": None,
            "currency": None,
        } | facts
