"""What becomes of an invented subscription: how it starts, changes and ends, and what is paid of it."""

from random import Random
from typing import Any

from tests.numbers.lives import DAY, Life, every_of, step

Object = dict[str, Any]

ENDS = ("active",) * 9 + ("past_due",) * 2 + ("canceled",) * 5 + ("unpaid", "scheduled", "paused_collection")
RETRIES = (0, 3 * DAY, 5 * DAY, 7 * DAY)


class Fate:
    """Plays one life up to `now`; `bills` and `charges` follow from it."""

    def __init__(self, life: Life, rng: Random, start: int, now: int) -> None:
        self.life, self.rng, self.start, self.now = life, rng, start, now
        self.charges: list[Object] = []
        self.status = "active"
        self.trial: tuple[int, int] | None = None
        self.ended: int | None = None
        self.canceled_at: int | None = None
        self.cancel_at: int | None = None
        self.period = (start, start)

    def play(self) -> Object:
        """The subscription's object as it is now."""
        roll = self.rng.random()
        if roll < 0.06:
            self._never_started()
        elif roll < 0.36:
            self._on_trial()
        else:
            self._billed_from(self.start)
        return self._object()

    # ---- beginnings -----------------------------------------------------------------------------------

    def _never_started(self) -> None:
        """The first payment failed: for a day it waits, then it never was."""
        if self.start % 3 == 0:
            self.start = self.now - 1 - self.start % DAY
        self.status = "incomplete_expired" if self.now - self.start > DAY else "incomplete"
        life = self.life
        bill = life.renew(self.start, every_of(life.plan["price"]), self.start, 0)
        expired = self.status == "incomplete_expired"
        self._leave_unpaid(bill, "void" if expired else "open", 1)
        self.ended = self.start + DAY if expired else None
        self.period = (self.start, step(self.start, every_of(life.plan["price"]), 1))

    def _on_trial(self) -> None:
        """Free at first, with a bill of nothing; then paid for, cancelled, or without a card."""
        length = self.rng.choice((7, 14, 30)) * DAY
        end = self.start + length
        self.trial = (self.start, end)
        self.period = self.trial
        zero = [self.life._line(item, 0, self.start, end) for item in self.life.items]
        self.life.bill(self.start, zero)
        self._pay(self.life.bills[-1])
        roll = self.rng.random()
        if roll < 0.15:  # cancelled while it ran, or at its end
            self.ended = min(self.start + self.rng.randint(DAY, length), end)
            self.ended = end if roll < 0.08 else self.ended
            if self.ended <= self.now:
                self.status, self.canceled_at = "canceled", self.ended - self.rng.randint(0, DAY)
                return
            self.ended, self.cancel_at = None, end
        if end > self.now:
            self.status = "trialing"
        elif roll < 0.3:
            self.status = "paused"
        else:
            self._billed_from(end)

    # ---- the years ------------------------------------------------------------------------------------

    def _billed_from(self, start: int) -> None:
        """Cycle after cycle, with changes on the way, until now or its end."""
        life, rng = self.life, self.rng
        fate = rng.choice(ENDS)
        anchor, number, at = start, 0, start
        last_of_life = rng.randint(0, 14)
        pending: list[Object] = []
        played = 0
        while at < self.now:
            every = every_of(life.plan["price"])
            bill = life.renew(at, every, anchor, number)
            if pending:
                bill = self._with(bill, pending)
                pending = []
            number, end = number + 1, step(anchor, every, number + 1)
            self.period = (at, end)
            played += 1
            if (
                fate in ("canceled", "unpaid")
                and played > last_of_life
                and self._ends_here(fate, bill, at, end)
            ):
                return
            self._settle(bill, fate, running=end >= self.now)
            if life.discounts:
                self._use_up(bill)
            if rng.random() < 0.12 and end - at > 4 * DAY:
                changed = rng.randint(at + DAY, end - DAY)
                if changed < self.now:
                    moved = self._change(changed, end, pending)
                    if moved:
                        anchor, number, at = changed, 0, changed
                        continue
            at = end
        self._end_of_time(fate)

    def _change(self, at: int, end: int, pending: list[Object]) -> bool:
        """Another quantity or plan, a discount given or taken; True where a new cycle begins with it."""
        life, rng = self.life, self.rng
        roll = rng.random()
        if roll < 0.3:
            life.discounts = [] if life.discounts else [life.give(rng.choice(life.catalog.coupons), at)]
            return False
        place = life.items.index(life.plan)
        old = life.items[place]
        new = dict(old) | {"quantity": rng.randint(1, 40)}
        if roll < 0.6:
            others = [p for p in life.catalog.plans if life.sold(p) and every_of(p) == every_of(old["price"])]
            new["price"] = rng.choice(others)
        mixed = len({every_of(item["price"]) for item in life.items}) > 1
        life.items[place] = new
        prorations = life.prorations(old, new, at, end)
        if roll < 0.8 or mixed:
            pending += prorations
            return False
        return True

    def _with(self, bill: Object, lines: list[Object]) -> Object:
        """The bill with lines that were waiting for it, and sometimes a fee."""
        self.life.bills.pop()
        extra = [self.life.one_off(bill["created"])] if self.rng.random() < 0.3 else []
        return self.life.bill(bill["created"], [*lines, *bill["lines"]["data"], *extra])

    def _use_up(self, bill: Object) -> None:
        """Discounts that came to their end are on the subscription no more."""
        kept = []
        for discount in self.life.discounts:
            once = self.life._coupon(discount)["duration"] == "once"
            used = once and any(given["id"] == discount["id"] for given in bill["discounts"])
            if not used and (discount["end"] is None or discount["end"] > bill["created"]):
                kept.append(discount)
        self.life.discounts = kept

    # ---- ends -----------------------------------------------------------------------------------------

    def _ends_here(self, fate: str, bill: Object, at: int, end: int) -> bool:
        """Cancelled at once or at the period's end, or left unpaid; False where that is still to come."""
        if fate == "unpaid":
            if at + RETRIES[-1] + 60 >= self.now or not bill["total"]:
                return False
            self._leave_unpaid(bill, "open", len(RETRIES))
            self.status = "unpaid"
            return True
        ended = end if self.rng.random() < 0.5 else self.rng.randint(at + 1, end)
        if ended > self.now:
            return False
        self._settle(bill, "active", running=False)
        self.status, self.ended, self.canceled_at = "canceled", ended, self.rng.randint(at, ended)
        return True

    def _end_of_time(self, fate: str) -> None:
        life = self.life
        life.discounts = [d for d in life.discounts if d["end"] is None or d["end"] > self.now]
        if fate == "past_due" and life.bills[-1]["status"] == "open" and not life.bills[-1]["due_date"]:
            self.status = "past_due"
        if fate == "scheduled":
            self.cancel_at, self.canceled_at = self.period[1], min(self.period[0] + DAY, self.now)

    # ---- money ----------------------------------------------------------------------------------------

    def _settle(self, bill: Object, fate: str, *, running: bool) -> None:
        roll = self.rng.random()
        if fate == "paused_collection" and roll < 0.6:
            self._close(bill, self.rng.choice(("void", "draft", "uncollectible")), paid=0)
        elif fate == "past_due" and running:
            self._leave_unpaid(bill, "open", self.rng.randint(1, 3))
        elif roll < 0.05 or (running and roll < 0.15):  # an invoice that is sent
            bill["due_date"] = bill["created"] + 30 * DAY
            paid = self.rng.choice((0, bill["total"] // 3))
            self._close(bill, "open", paid=paid)
            if paid:
                self._charge(bill, bill["created"] + DAY, "succeeded", paid)
        elif roll < 0.2:  # paid out of band
            self._close(bill, "paid", paid=bill["total"])
        else:
            for attempt in range(self.rng.choice((0, 0, 0, 0, 1, 2)) if bill["total"] else 0):
                self._charge(bill, bill["created"] + RETRIES[attempt] + 60, "failed", bill["total"])
            self._pay(bill)

    def _pay(self, bill: Object) -> None:
        self._close(bill, "paid", paid=bill["total"])
        if bill["total"]:
            self._charge(bill, bill["created"] + 8 * DAY, "succeeded", bill["total"])

    def _leave_unpaid(self, bill: Object, status: str, attempts: int) -> None:
        if not bill["total"]:
            status, attempts = "paid", 0
        self._close(bill, status, paid=0)
        for attempt in range(attempts):
            self._charge(bill, bill["created"] + RETRIES[attempt] + 60, "failed", bill["total"])

    def _close(self, bill: Object, status: str, *, paid: int) -> None:
        left = 0 if status in ("void", "draft") else bill["amount_due"] - paid
        bill |= {"status": status, "amount_paid": paid, "amount_remaining": left}
        intent = bill["id"].replace("in_", "pi_")
        default = {"is_default": True, "payment": {"type": "payment_intent", "payment_intent": intent}}
        bill["payments"] = {"data": [] if status == "draft" else [default], "has_more": False}

    def _charge(self, bill: Object, at: int, status: str, amount: int) -> None:
        failed = status == "failed"
        self.charges.append(
            {
                "id": self.life.new_id("ch"),
                "object": "charge",
                "amount": amount,
                "amount_captured": 0 if failed else amount,
                "captured": not failed,
                "created": min(at, self.now - 1),
                "currency": self.life.code,
                "customer": self.life.customer["id"],
                "failure_code": "card_declined" if failed else None,
                "payment_intent": bill["id"].replace("in_", "pi_"),
                "status": status,
            }
        )

    def _object(self) -> Object:
        life, trial = self.life, self.trial or (None, None)
        at, end = self.period
        periods = {"current_period_start": at, "current_period_end": end}
        return {
            "id": life.id,
            "object": "subscription",
            "customer": life.customer["id"],
            "status": self.status,
            "currency": life.code,
            "created": self.start,
            "start_date": self.start,
            "items": {"data": [item | periods for item in life.items], "has_more": False},
            "discounts": list(life.discounts),
            "trial_start": trial[0],
            "trial_end": trial[1],
            "cancel_at": self.cancel_at,
            "cancel_at_period_end": self.cancel_at is not None,
            "canceled_at": self.canceled_at,
            "ended_at": self.ended,
            "pause_collection": None,
        }
