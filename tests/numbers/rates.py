"""What is asked of an invented company about its movements, its rates and its products, with the answers."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from storage.metrics.plan import Period, Plan
from tests.numbers.oracle import Worth
from tests.numbers.oracle_figures import Company, Money

Asked = tuple[Plan, Any]
_LOST = ("contraction", "churn")
_TYPES = {
    "new_mrr": "new",
    "expansion_mrr": "expansion",
    "contraction_mrr": "contraction",
    "churned_mrr": "churn",
    "reactivation_mrr": "reactivation",
}


def movements(company: Company, period: Period, start: int, end: int) -> Iterator[Asked]:
    """Net, by type, and as counts; contraction and churn are told as what was lost."""
    by_type = {kind: company.moved(start, end, kind) for kind in (*_TYPES.values(),)}
    net = company.moved(start, end)
    yield Plan(measure="net_new_mrr", period=period), net
    yield (
        Plan(measure="net_new_mrr", by=("movement_type",), period=period),
        {kind: money for kind, money in by_type.items() if money},
    )
    for name, kind in _TYPES.items():
        yield Plan(measure=name, period=period), _absolute(by_type[kind])
    for name, kind in (
        ("upgrades", "expansion"),
        ("downgrades", "contraction"),
        ("reactivations", "reactivation"),
    ):
        yield Plan(measure=name, period=period), company.times(start, end, kind)
    gained = sum((Counter(by_type[kind]) for kind in ("new", "expansion", "reactivation")), Counter())
    lost = sum((Counter(_absolute(by_type[kind])) for kind in _LOST), Counter())
    yield Plan(measure="quick_ratio", period=period), {c: gained[c] / lost[c] for c in lost}


def _absolute(money: Money) -> Money:
    return {code: abs(amount) for code, amount in money.items()}


def rates(company: Company, period: Period, start: int, end: int) -> Iterator[Asked]:
    """Of the customers, and the money, that the period began with; of the trials that ended in it."""
    left, all_ = company.churn_rate(start, end)
    yield Plan(measure="customer_churn_rate", period=period), left / all_ if all_ else {}
    yield Plan(measure="customer_retention_rate", period=period), (all_ - left) / all_ if all_ else {}
    for name, gross in (("nrr", False), ("grr", True)):
        kept = company.retained(start, end, gross=gross)
        yield Plan(measure=name, period=period), {c: now / then for c, (now, then) in kept.items()}
        rest = "gross_mrr_churn_rate" if gross else "net_mrr_churn_rate"
        yield Plan(measure=rest, period=period), {c: (then - now) / then for c, (now, then) in kept.items()}
    won, ended = company.trials(start, end)
    yield Plan(measure="trials_ended", period=period), ended
    yield Plan(measure="trials_converted", period=period), won
    yield Plan(measure="trial_conversion_rate", period=period), won / ended if ended else {}


def money(company: Company, period: Period, start: int, end: int) -> Iterator[Asked]:
    """Attempts, refunds and disputes, counted and summed."""
    yield Plan(measure="payments", period=period), company.counted("charges", start, end)
    yield Plan(measure="refund_count", period=period), company.counted("refunds", start, end)
    yield Plan(measure="disputes", period=period), company.counted("disputes", start, end)
    yield Plan(measure="disputed_amount", period=period), company.disputes(start, end)


def by_product(company: Company, period: Period | None, at: int) -> Iterator[Asked]:
    """MRR item by item. Nothing is asked where two products are equally near to the unit that rounding left:
    either may have it."""
    groups: dict[str, Counter[str]] = defaultdict(Counter)
    for worths in company.worths(at).values():
        for worth in worths:
            parts = _parts(worth)
            if parts is None:
                return
            for product, amount in parts.items():
                groups[company.names[product]][worth.currency] += amount
    yield Plan(measure="mrr", by=("product",), period=period), {k: dict(v) for k, v in groups.items()}


def _parts(worth: Worth) -> dict[str, int] | None:
    whole = {product: int(value) for product, value in worth.products.items()}
    rests = sorted(((value - whole[p], p) for p, value in worth.products.items()), reverse=True)
    left = worth.mrr - sum(whole.values())
    if 0 < left < len(rests) and rests[left - 1][0] == rests[left][0]:
        return None
    for _, product in rests[:left]:
        whole[product] += 1
    return {product: amount for product, amount in whole.items() if amount}
