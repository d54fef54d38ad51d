"""A second opinion on every figure: from raw Stripe lists to what the answers must say.

The definitions are those of docs/stripe.md; the ways are the plainest there are: ask every subscription of
every customer what it is worth at a second, and count. Times are Unix seconds; nothing of `storage` is used.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from functools import cache, cached_property
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from tests.numbers.oracle import Books, Seen, Subscription, Worth

Object = dict[str, Any]
Money = dict[str, int]


class Move(NamedTuple):
    """A net change of a customer's MRR in a currency on one day, at the second of the last change."""

    at: int
    currency: str
    type: str
    amount: int


class Company:
    """One account's Stripe as it was listed at each sync, asked of at `now`; days are those of `zone`."""

    def __init__(self, syncs: dict[int, dict[str, list[Object]]], zone: str, now: int) -> None:
        lists = syncs[max(syncs)]
        self.lists, self.zone, self.now = lists, ZoneInfo(zone), now
        self.profile_of = self._profiles()
        self.names = {product["id"]: product["name"] for product in lists["products"]}
        self.subscriptions: dict[str, list[Subscription]] = defaultdict(list)
        books = Books.of(lists)
        bills, failures = self._bills(), self._failures()
        for id_, seen in _seen(syncs).items():
            one = Subscription(seen, bills[id_], failures[id_], books)
            self.subscriptions[self._profile(one.customer)].append(one)
        self.worths = cache(self._worths)

    def _profiles(self) -> dict[str, str]:
        """Customers who share an e-mail address are one; whoever is listed no more is a profile alone."""
        first: dict[str, str] = {}
        return {
            c["id"]: first.setdefault(c["email"].lower(), c["id"]) if c["email"] else c["id"]
            for c in self.lists["customers"]
        }

    def _profile(self, customer: str) -> str:
        return self.profile_of.get(customer, customer)

    def _bills(self) -> dict[str, list[Object]]:
        found = defaultdict(list)
        for invoice in self.lists["invoices"]:
            found[_subscription_of(invoice)].append(invoice)
        return found

    def _failures(self) -> dict[str, list[int]]:
        by_intent = {_intent_of(invoice): _subscription_of(invoice) for invoice in self.lists["invoices"]}
        found = defaultdict(list)
        for charge in self.lists["charges"]:
            if charge["status"] == "failed" and charge["payment_intent"] in by_intent:
                found[by_intent[charge["payment_intent"]]].append(charge["created"])
        return found

    # ---- at a moment ----------------------------------------------------------------------------------

    def _worths(self, at: int) -> dict[str, list[Worth]]:
        """Of every profile, its counting subscriptions that are worth something."""
        found = {
            who: [worth for one in of_one if (worth := one.worth(at)) is not None and worth.mrr > 0]
            for who, of_one in self.subscriptions.items()
        }
        return {who: of_one for who, of_one in found.items() if of_one}

    def mrr(self, at: int, keep: Callable[[str, Worth], bool] = lambda who, worth: True) -> Money:
        total: Counter[str] = Counter()
        for who, worths in self.worths(at).items():
            for worth in worths:
                if keep(who, worth):
                    total[worth.currency] += worth.mrr
        return dict(total)

    def customers(self, at: int, keep: Callable[[str, Worth], bool] = lambda who, worth: True) -> int:
        return sum(any(keep(who, one) for one in worths) for who, worths in self.worths(at).items())

    def arpa(self, at: int) -> Money:
        payers = Counter(
            code for of_one in self.worths(at).values() for code in {one.currency for one in of_one}
        )
        return {code: half_even(total, payers[code]) for code, total in self.mrr(at).items()}

    def trialing(self, at: int) -> int:
        return sum(
            any(one.on_trial(at) for one in of_one) and not any(one.counts(at) for one in of_one)
            for of_one in self.subscriptions.values()
        )

    def cut(self, at: int, by: Callable[[str, Worth], Any]) -> dict[Any, Money]:
        """MRR in groups."""
        groups: dict[Any, Counter[str]] = defaultdict(Counter)
        for who, worths in self.worths(at).items():
            for worth in worths:
                groups[by(who, worth)][worth.currency] += worth.mrr
        return {key: dict(total) for key, total in groups.items()}

    @cached_property
    def country(self) -> dict[str, str | None]:
        """Of a profile: that of its oldest record that has one."""
        found: dict[str, str | None] = {}
        for customer in sorted(self.lists["customers"], key=lambda c: c["created"]):
            who = self.profile_of[customer["id"]]
            found[who] = found.get(who) or customer["address"]["country"]
        return found

    # ---- movements ------------------------------------------------------------------------------------

    @cached_property
    def moves(self) -> dict[str, list[Move]]:
        return {who: sorted(self._moves(of_one)) for who, of_one in self.subscriptions.items()}

    def _moves(self, of_one: list[Subscription]) -> Iterable[Move]:
        moments = sorted({at for one in of_one for at in one.moments() if at <= self.now})
        for code in {one.currency for one in of_one}:
            worth, paid = 0, False
            days: dict[date, list[tuple[int, int]]] = defaultdict(list)
            for at in moments:
                now = sum(
                    w.mrr for one in of_one if one.currency == code and (w := one.worth(at)) is not None
                )
                if now != worth:
                    days[datetime.fromtimestamp(at, self.zone).date()].append((at, now))
                    worth = now
            before = 0
            for changes in days.values():
                at, after = changes[-1]
                if after != before:
                    yield Move(at, code, _type(before, after, paid=paid), after - before)
                    before, paid = after, True

    def moved(self, start: int, end: int, *types: str) -> Money:
        """The sum of movements in [start, end), by currency."""
        total: Counter[str] = Counter()
        for move in (move for of_one in self.moves.values() for move in of_one):
            if start <= move.at < end and (not types or move.type in types):
                total[move.currency] += move.amount
        return {code: amount for code, amount in total.items() if amount}

    def times(self, start: int, end: int, kind: str) -> int:
        """How many movements of a type there were."""
        return sum(m.type == kind and start <= m.at < end for of_one in self.moves.values() for m in of_one)

    def new_customers(self, start: int, end: int) -> int:
        return sum(bool(of_one) and start <= of_one[0].at < end for of_one in self.moves.values())

    def lost_customers(self, start: int, end: int) -> int:
        """Who churned in the period and does not pay at its end."""
        paying = self.worths(self.last(end))
        return sum(
            who not in paying and any(m.type == "churn" and start <= m.at < end for m in of_one)
            for who, of_one in self.moves.items()
        )

    def last(self, end: int) -> int:
        """The second at which a stock in a period is read: its last, or now."""
        return min(end - 1, self.now)

    # ---- rates of those who paid at the start ---------------------------------------------------------

    def churn_rate(self, start: int, end: int) -> tuple[int, int]:
        before, after = self.worths(start - 1), self.worths(self.last(end))
        return len(before.keys() - after.keys()), len(before)

    def retained(self, start: int, end: int, *, gross: bool) -> dict[str, tuple[int, int]]:
        """By currency: the MRR at the end of those who paid at the start, and what they paid then."""
        found: dict[str, tuple[int, int]] = {}
        before, after = self.worths(start - 1), self.worths(self.last(end))
        for who, worths in before.items():
            for code in {worth.currency for worth in worths}:
                then = sum(worth.mrr for worth in worths if worth.currency == code)
                now = sum(worth.mrr for worth in after.get(who, []) if worth.currency == code)
                kept, whole = found.get(code, (0, 0))
                found[code] = kept + (min(then, now) if gross else now), whole + then
        return found

    def trials(self, start: int, end: int) -> tuple[int, int]:
        """Trials that ended in the period: those whose subscription counts as that day ends, and all."""
        ended = [
            (one, one.trial[1])
            for of_one in self.subscriptions.values()
            for one in of_one
            if one.trial is not None and one.trial[1] is not None and start <= one.trial[1] < end
        ]
        return sum(one.counts(self._end_of_day(at)) for one, at in ended), len(ended)

    def _end_of_day(self, at: int) -> int:
        day = datetime.fromtimestamp(at, self.zone).date()
        tomorrow = day + timedelta(days=1)
        midnight = datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=self.zone)
        return min(int(midnight.timestamp()) - 1, self.now)

    # ---- money ----------------------------------------------------------------------------------------

    def revenue(self, start: int, end: int) -> Money:
        total = Counter(self.collected(start, end))
        total.subtract(self.refunds(start, end))
        return {code: amount for code, amount in total.items() if amount}

    def collected(self, start: int, end: int) -> Money:
        paid = (c for c in self.lists["charges"] if c["status"] == "succeeded" and c["captured"])
        return _sum((c["currency"], c["amount_captured"]) for c in paid if start <= c["created"] < end)

    def refunds(self, start: int, end: int) -> Money:
        kept = (r for r in self.lists["refunds"] if r["status"] not in ("failed", "canceled"))
        return _sum((r["currency"], r["amount"]) for r in kept if start <= r["created"] < end)

    def counted(self, name: str, start: int, end: int) -> int:
        """How many of a list in a period: of charges those that were collected."""
        rows = [row for row in self.lists[name] if start <= row["created"] < end]
        if name == "charges":
            return sum(row["status"] == "succeeded" and row["captured"] for row in rows)
        return sum(row["status"] not in ("failed", "canceled") for row in rows)

    def disputes(self, start: int, end: int) -> Money:
        found = (d for d in self.lists["disputes"] if start <= d["created"] < end)
        return _sum((d["currency"], d["amount"]) for d in found)

    def failed(self, start: int, end: int) -> int:
        return sum(c["status"] == "failed" and start <= c["created"] < end for c in self.lists["charges"])

    def outstanding(self) -> Money:
        return _sum(
            (i["currency"], i["amount_remaining"]) for i in self.lists["invoices"] if i["status"] == "open"
        )

    def overdue(self) -> Money:
        failed = defaultdict(list)
        for charge in self.lists["charges"]:
            if charge["status"] == "failed":
                failed[charge["payment_intent"]].append(charge["created"])
        return _sum(
            (i["currency"], i["amount_remaining"])
            for i in self.lists["invoices"]
            if i["status"] == "open"
            and (i["due_date"] or min(failed.get(_intent_of(i), [self.now]))) < self.now
        )

    def signups(self, start: int, end: int) -> int:
        first: dict[str, int] = {}
        for customer in self.lists["customers"]:
            who = self.profile_of[customer["id"]]
            first[who] = min(first.get(who, customer["created"]), customer["created"])
        return sum(start <= at < end for at in first.values())


def _seen(syncs: dict[int, dict[str, list[Object]]]) -> dict[str, list[Seen]]:
    """By subscription, what it was at each sync."""
    found = defaultdict(list)
    for at, lists in sorted(syncs.items()):
        given = {c["id"]: [c["discount"]] for c in lists["customers"] if c["discount"]}
        for raw in lists["subscriptions"]:
            found[raw["id"]].append(Seen(at, raw, given.get(raw["customer"], [])))
    return found


def half_even(total: int, parts: int) -> int:
    whole, rest = divmod(total, parts)
    return whole + (2 * rest > parts or (2 * rest == parts and whole % 2))


def _type(before: int, after: int, *, paid: bool) -> str:
    if before == 0:
        return "reactivation" if paid else "new"
    if after == 0:
        return "churn"
    return "expansion" if after > before else "contraction"


def _sum(rows: Iterable[tuple[str, int]]) -> Money:
    total: Counter[str] = Counter()
    for code, amount in rows:
        total[code] += amount
    return {code: amount for code, amount in total.items() if amount}


def _subscription_of(invoice: Object) -> str:
    return str(
        invoice["parent"]["subscription_details"]["subscription"]
        if "parent" in invoice
        else invoice["subscription"]
    )


def _intent_of(invoice: Object) -> str | None:
    if "payments" not in invoice:
        return invoice["payment_intent"]
    return next((p["payment"]["payment_intent"] for p in invoice["payments"]["data"]), None)
