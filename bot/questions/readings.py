"""What a set of words asks for, as a table: "new" + "customer" is a count of new customers or a list of them.

Each reading names the atoms it needs, those that may stand beside them without changing the meaning, and
what it is as a count, as an amount and as a list. The reading that explains most atoms wins; a question with
an atom that no reading explains is not understood.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from storage.metrics.plan import Condition, Op


class Recent(StrEnum):
    """The period of a flow that was asked for without one: what people mean by it."""

    THIS_MONTH = "this_month"
    LAST_30_DAYS = "last_30_days"
    NEXT_30_DAYS = "next_30_days"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """`dated` is the field that a period filters in the list (None: the list's own date).

    `counted` says that a bare phrase means its figure rather than the list.
    """

    needs: tuple[str, ...]
    also: tuple[str, ...] = ()
    count: str | None = None
    amount: str | None = None
    entity: str | None = None
    where: tuple[Condition, ...] = ()
    dated: str | None = None
    order: str | None = None
    ascending: bool = False
    recent: Recent | None = None
    recent_list: Recent | None = None
    counted: bool = True
    noun: str = ""


def _is(field: str, value: str | bool) -> Condition:
    return Condition(field=field, value=value)


_COUNTING = Condition(field="status", op=Op.IN, value=("active", "past_due"))
_WHO = ("customer", "paying", "active")
_COLLECTED = ("customer", "payment", "succeeded", "paid", "paying", "invoice", "inflow")

READINGS = (
    Reading(needs=("customer",), also=_WHO, count="customers", entity="customer", counted=False),
    Reading(needs=("paying",), also=_WHO, count="customers", entity="customer", counted=False),
    Reading(needs=("active",), also=_WHO, count="customers", entity="customer", counted=False),
    Reading(needs=("mrr",), also=(*_WHO, "subscription", "inflow"), amount="mrr"),
    Reading(needs=("arr",), also=(*_WHO, "subscription", "inflow"), amount="arr"),
    Reading(needs=("arpa",), also=_WHO, amount="arpa"),
    Reading(needs=("trial", "customer"), also=("active",), count="trialing_customers", entity="customer",
            where=(_is("status", "trialing"),), dated="trial_ends"),
    Reading(needs=("trial",), also=("active", "subscription"), count="trialing_customers",
        entity="subscription",
            where=(_is("status", "trialing"),), dated="trial_ends", order="trial_ends", ascending=True),
    Reading(needs=("trial", "ending"), also=("active", "subscription", "customer"),
        count="trialing_customers",
            entity="subscription", where=(_is("status", "trialing"),), dated="trial_ends", order="trial_ends",
            ascending=True, recent=Recent.NEXT_30_DAYS, recent_list=Recent.NEXT_30_DAYS,
                noun="trials ending"),
    Reading(needs=("new", "customer"), also=("paying", "signed_up"), count="new_customers", entity="customer",
            dated="customer_since", order="customer_since", recent=Recent.THIS_MONTH,
                recent_list=Recent.THIS_MONTH),
    Reading(needs=("churned",), also=("customer", "paying"), count="churned_customers", entity="customer",
            dated="churned", recent=Recent.THIS_MONTH, recent_list=Recent.THIS_MONTH),
    Reading(needs=("signed_up",), also=("customer", "new"), count="signups", entity="customer",
        dated="signed_up",
            order="signed_up", recent=Recent.THIS_MONTH, recent_list=Recent.THIS_MONTH),
    Reading(needs=("revenue",), also=_COLLECTED, amount="revenue", recent=Recent.THIS_MONTH),
    Reading(needs=("inflow",), also=_COLLECTED, amount="revenue", recent=Recent.THIS_MONTH),
    Reading(needs=("refunds",), also=("payment", "revenue", "customer"), amount="refunds",
        recent=Recent.THIS_MONTH),
    Reading(needs=("payment",), also=("succeeded",), entity="payment", counted=False, noun="payments"),
    Reading(needs=("payment", "succeeded"), amount="revenue", entity="payment",
            where=(_is("status", "succeeded"),), counted=False),
    Reading(needs=("payment", "paid"), amount="revenue", entity="payment",
            where=(_is("status", "succeeded"),), counted=False),
    Reading(needs=("failed", "payment"), also=("revenue",), count="failed_payments", entity="payment",
            where=(_is("status", "failed"),), recent=Recent.LAST_30_DAYS, recent_list=Recent.LAST_30_DAYS),
    Reading(needs=("failed", "payment", "customer"), also=("paying", "active"), entity="customer",
            where=(_is("failing", True),), counted=False, noun="customers whose latest payment failed"),
    Reading(needs=("failed", "customer"), also=("paying", "active"), entity="customer",
            where=(_is("failing", True),), counted=False, noun="customers whose latest payment failed"),
    Reading(needs=("paid", "customer"), amount="revenue", entity="payment",
            where=(_is("status", "succeeded"),), counted=False, recent=Recent.THIS_MONTH,
            recent_list=Recent.THIS_MONTH),
    Reading(needs=("paid",), amount="revenue", recent=Recent.THIS_MONTH),
    Reading(needs=("invoice",), entity="invoice", counted=False, noun="invoices"),
    Reading(needs=("invoice", "paid"), entity="invoice", where=(_is("status", "paid"),), counted=False),
    Reading(needs=("unpaid",), also=("open", "revenue", "payment", "customer", "invoice"),
        amount="outstanding",
            entity="invoice", where=(_is("status", "open"),), order="remaining"),
    Reading(needs=("invoice", "open"), also=("revenue",), amount="outstanding", entity="invoice",
            where=(_is("status", "open"),), order="remaining", counted=False),
    Reading(needs=("overdue",), also=("invoice", "payment", "unpaid", "revenue", "open"), amount="overdue",
            entity="invoice", where=(_is("overdue", True),), order="remaining"),
    Reading(needs=("overdue", "customer"), also=("invoice", "payment", "unpaid", "paying", "open"),
        amount="overdue",
            entity="customer", where=(_is("overdue", True),), counted=False,
                noun="customers with overdue invoices"),
    Reading(needs=("overdue", "subscription"), also=("customer",), entity="subscription",
            where=(_is("status", "past_due"),), counted=False, noun="past-due subscriptions"),
    Reading(needs=("invoice", "due"), also=("open", "unpaid"), entity="invoice", where=(_is("status",
        "open"),),
            dated="due", order="due", ascending=True, counted=False, noun="open invoices"),
    Reading(needs=("subscription",), also=("customer", "paying"), entity="subscription", counted=False,
            noun="subscriptions"),
    Reading(needs=("subscription", "active"), also=("customer", "paying"), entity="subscription",
            where=(_COUNTING,), counted=False, noun="active subscriptions"),
    Reading(needs=("renewing",), also=("customer", "subscription", "active", "paying"), entity="subscription",
            where=(_COUNTING,), dated="renews", order="renews", ascending=True, counted=False,
            recent_list=Recent.NEXT_30_DAYS, noun="subscriptions that renew"),
)  # fmt: skip


def pick(atoms: frozenset[str]) -> Reading | None:
    """The reading that explains all atoms and needs the most of them; None where no reading does."""
    fitting = (r for r in READINGS if set(r.needs) <= atoms <= {*r.needs, *r.also})
    return max(fitting, key=lambda r: len(r.needs), default=None)


def of_metric(name: str) -> Reading | None:
    """The reading whose figure is that metric, for turning a figure into its list and back."""
    return next((r for r in READINGS if name in (r.count, r.amount) and r.entity), None) or next(
        (r for r in READINGS if name in (r.count, r.amount)), None
    )
