"""One subscription of the demo company from its first day to now: what it bills, changes, when it ends.

Every chance is drawn from a random stream of the subscription and the number of its billing period, so that
a company looked at later is the same company with more history, never another one.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count

from connectors.demo_company.billing import Bill, course, records
from connectors.demo_company.calendar import Span, add_months
from connectors.demo_company.prices import ENTERPRISE, PLANS, Coupon, Terms, onboarding
from storage.records import (
    Interval,
    InvoiceLine,
    Item,
    Price,
    Record,
    Subscription,
    SubscriptionStatus,
)

_LEAVES = {Interval.MONTH: 0.022, Interval.YEAR: 0.14}
_UPGRADES, _DOWNGRADES, _CHANGES_SEATS = 0.035, 0.01, 0.07


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How a subscription begins. `faithful` ones never end; `by_invoice` ones pay by bank transfer."""

    id: str
    customer_id: str
    currency: str
    interval: Interval
    terms: Terms
    started_at: datetime
    trial_end: datetime | None = None
    trial_fails: bool = False
    coupon: Coupon | None = None
    by_invoice: bool = False
    faithful: bool = False

    def period(self, number: int) -> Span:
        """The `number`-th billing period, from 0, which begins when the trial is over."""
        anchor = self.trial_end or self.started_at
        months = 12 if self.interval is Interval.YEAR else 1
        return Span(add_months(anchor, months * number), add_months(anchor, months * (number + 1)))

    def chance(self, what: str | int) -> random.Random:
        """The random stream of one thing in its life."""
        return random.Random(f"{self.id}/{what}")  # noqa: S311 - a story, not a secret

    def coupon_on(self, bill: int, at: datetime) -> Coupon | None:
        """The coupon that reduces its `bill`-th bill, made at `at`."""
        coupon = self.coupon
        return coupon if coupon and coupon.applies(self.started_at, bill, at) else None


@dataclass(frozen=True, slots=True)
class _Upgrade:
    """A change of plan within a period: the next bill settles the rest of that period."""

    at: datetime
    before: Terms


@dataclass(slots=True)
class _State:
    """Where a life has come to."""

    terms: Terms
    bills: int = 0
    late: bool = False
    announced_at: datetime | None = None
    ends_at: datetime | None = None
    upgrade: _Upgrade | None = None
    records: list[Record] = field(default_factory=list)

    def over(self, at: datetime) -> bool:
        return self.ends_at is not None and self.ends_at <= at


def live(deal: Agreement, now: datetime) -> tuple[Subscription, list[Record]]:
    """The subscription as it stands at `now`, and its invoices, payments, refunds and disputes until then."""
    state = _State(deal.terms)
    if deal.trial_end and deal.trial_fails:
        moment = Span(deal.started_at, deal.trial_end).at(deal.chance("trial").uniform(0.1, 0.9))
        if moment <= now:
            state.announced_at, state.ends_at = moment, deal.trial_end
    for number in count():
        period = deal.period(number)
        if period.start > now or state.over(period.start):
            break
        _bill(deal, state, number, now)
        _decide(deal, state, number, now)
    return _subscription(deal, state, now), state.records


# ---- what is decided in a period ------------------------------------------------------------------------


def _decide(deal: Agreement, state: _State, number: int, now: datetime) -> None:
    """Leave, upgrade, downgrade or change seats, as far as that has happened by `now`."""
    period, draw = deal.period(number), deal.chance(number)
    moment = period.at(draw.uniform(0.1, 0.9))
    fate = draw.random() - (0 if deal.faithful else _LEAVES[deal.interval])
    if state.ends_at or moment > now:
        return
    if fate < 0:
        state.announced_at, state.ends_at = moment, period.end
    elif fate < _UPGRADES:
        _upgrade(deal, state, moment)
    elif period.end <= now:
        state.terms = _at_renewal(state.terms, fate - _UPGRADES, draw)


def _upgrade(deal: Agreement, state: _State, moment: datetime) -> None:
    better = _plan_beside(state.terms, 1)
    if better.plan is not state.terms.plan and deal.interval is Interval.MONTH:
        state.upgrade, state.terms = _Upgrade(moment, state.terms), better


def _at_renewal(terms: Terms, fate: float, draw: random.Random) -> Terms:
    if fate < _DOWNGRADES:
        return _plan_beside(terms, -1)
    if fate < _DOWNGRADES + _CHANGES_SEATS:
        return Terms(
            terms.plan, max(0, min(terms.plan.most_seats, terms.seats + draw.choice((-2, -1, 1, 2, 3))))
        )
    return terms


def _plan_beside(terms: Terms, step: int) -> Terms:
    plan = PLANS[max(0, min(len(PLANS) - 1, PLANS.index(terms.plan) + step))]
    return Terms(plan, min(terms.seats, plan.most_seats))


# ---- what is billed for it ------------------------------------------------------------------------------


def _bill(deal: Agreement, state: _State, number: int, now: datetime) -> None:
    made_at = deal.period(number).start
    coupon = deal.coupon_on(number, made_at)
    lines = tuple(_lines(deal, state, number, coupon if coupon and coupon.recurs else None))
    off = sum(coupon.off(line.amount) for line in lines if line.subscription_id) if coupon else 0
    bill = Bill(
        id=f"in_{deal.id}_{number}",
        customer_id=deal.customer_id,
        subscription_id=deal.id,
        currency=deal.currency,
        total=sum(line.amount for line in lines) - off,
        made_at=made_at,
        lines=lines,
    )
    fate = course(bill, by_invoice=deal.by_invoice, safe=deal.faithful)
    state.records += records(bill, fate, now)
    state.bills, state.upgrade, state.late = number + 1, None, fate.is_late(now)
    if fate.given_up_at and fate.given_up_at <= now:
        state.announced_at = state.ends_at = fate.given_up_at


def _lines(deal: Agreement, state: _State, number: int, coupon: Coupon | None) -> Iterator[InvoiceLine]:
    period = deal.period(number)
    if state.upgrade:
        past = deal.period(number - 1)
        rest = Span(state.upgrade.at, past.end)
        share = rest.length / past.length
        for terms, sign in ((state.upgrade.before, -1), (state.terms, 1)):
            price, quantity = terms.prices(deal.currency, deal.interval)[0]
            yield _line(deal, 0, price, quantity, span=rest, coupon=coupon, share=sign * share)
    for place, (price, quantity) in enumerate(state.terms.prices(deal.currency, deal.interval)):
        yield _line(deal, place, price, quantity, span=period, coupon=coupon)
    if number == 0 and state.terms.plan is ENTERPRISE:
        yield _fee(deal, period.start)


def _line(
    deal: Agreement,
    place: int,
    price: Price,
    quantity: int,
    *,
    span: Span,
    coupon: Coupon | None,
    share: float | None = None,
) -> InvoiceLine:
    """A recurring line, or with a `share` of the period (negative for credit) one that settles a change."""
    amount = round(int(price.unit_amount or 0) * quantity * (1 if share is None else share))
    return InvoiceLine(
        amount=amount,
        recurring_discount=coupon.off(amount) if coupon else 0,
        subscription_id=deal.id,
        item_id=_item_id(deal, place),
        price_id=price.id,
        product_id=price.product_id,
        quantity=quantity,
        proration=share is not None,
        period_start=span.start,
        period_end=span.end,
    )


def _fee(deal: Agreement, at: datetime) -> InvoiceLine:
    price = onboarding(deal.currency)
    return InvoiceLine(
        amount=int(price.unit_amount or 0),
        price_id=price.id,
        product_id=price.product_id,
        quantity=1,
        period_start=at,
        period_end=at,
    )


def _item_id(deal: Agreement, place: int) -> str:
    return f"si_{deal.id}_{place}"


# ---- what it looks like ---------------------------------------------------------------------------------


def _subscription(deal: Agreement, state: _State, now: datetime) -> Subscription:
    ended = state.over(now)
    period = (
        Span(deal.started_at, deal.trial_end)
        if not state.bills and deal.trial_end
        else deal.period(max(0, state.bills - 1))
    )
    coupon = deal.coupon_on(state.bills, now)
    return Subscription(
        id=deal.id,
        customer_id=deal.customer_id,
        status=_status(deal, state, now),
        currency=deal.currency,
        items=tuple(
            Item(id=_item_id(deal, place), price=price, quantity=quantity)
            for place, (price, quantity) in enumerate(state.terms.prices(deal.currency, deal.interval))
        ),
        discounts=(coupon.discount(deal.started_at),) if coupon else (),
        created_at=deal.started_at,
        started_at=deal.started_at,
        trial_start=deal.started_at if deal.trial_end else None,
        trial_end=deal.trial_end,
        current_period_start=period.start,
        current_period_end=period.end,
        cancel_at=None if ended else state.ends_at,
        cancel_at_period_end=state.ends_at is not None and not ended,
        canceled_at=state.announced_at,
        ended_at=state.ends_at if ended else None,
    )


def _status(deal: Agreement, state: _State, now: datetime) -> SubscriptionStatus:
    if state.over(now):
        return SubscriptionStatus.CANCELED
    if deal.trial_end and now < deal.trial_end:
        return SubscriptionStatus.TRIALING
    return SubscriptionStatus.PAST_DUE if state.late else SubscriptionStatus.ACTIVE
