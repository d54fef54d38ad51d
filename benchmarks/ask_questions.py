"""The questions of the benchmark: each as words, as a plan, and as the SQL that a person would write for it.

SQL is PostgreSQL's, on the tables that Chewbotta keeps. $1 is the account, $2 now, $3 and $4 a period; SQLite
gets the same without casts.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from storage.metrics import periods
from storage.metrics.grains import buckets
from storage.metrics.plan import Condition, Grain, Op, Order, Period, Plan

_IN_FORCE = "account_id = $1 AND starts_at <= $2 AND (ends_at IS NULL OR ends_at > $2) AND mrr > 0"


@dataclass(frozen=True, slots=True)
class Question:
    """`arguments` of the SQL after the account."""

    name: str
    words: str
    plan: Plan
    sql: str
    arguments: tuple[Any, ...]


def questions(now: datetime, someone: bytes, name: str) -> list[Question]:
    """The typical ones, as far as the catalog has them; `someone` is a profile id, `name` its name."""

    def period(form: periods.Form) -> Period:
        return periods.resolve(form, now, UTC)

    week, month = period(periods.upcoming(7, Grain.DAY)), period(periods.unit(Grain.MONTH, -1))
    days, half = period(periods.last(30, Grain.DAY)), period(periods.last(6, Grain.MONTH))
    year = period(periods.last(12, Grain.MONTH))
    ending = Condition(field="trial_ends", op=Op.WITHIN, value=(week.start, week.end))
    return [
        Question("MRR", "what is our mrr?", Plan(measure="mrr"), _MRR, (now,)),
        Question("MRR by plan", "mrr by plan", Plan(measure="mrr", by=("plan",)), _BY_PLAN, (now,)),
        Question(
            "top 10 customers",
            "top 10 customers by mrr",
            Plan(entity="customer", order=Order(field="mrr"), limit=10),
            _TOP,
            (now,),
        ),
        Question(
            "trials ending in 7 days",
            "which trials end in the next 7 days?",
            Plan(entity="customer", filters=ending),
            _TRIALS,
            (now, week.start, week.end),
        ),
        Question(
            "failed payments, 30 days",
            "failed payments in the last 30 days",
            Plan(measure="failed_payments", period=days),
            _FAILED,
            (days.start, days.end),
        ),
        Question(
            "churned last month",
            "how many customers churned last month?",
            Plan(measure="churned_customers", period=month),
            _CHURNED,
            (month.end, month.start),
        ),
        Question(
            "customer card", f"tell me about {name}", Plan(customer=someone.hex()), _CARD, (now, someone)
        ),
        Question(
            "new customers by month",
            "new customers by month for the last 6 months",
            Plan(measure="new_customers", grain=Grain.MONTH, period=half),
            _by_bucket(half, "customer_since >= b.start AND customer_since < b.stop", "profile", "count(*)"),
            _bounds(half),
        ),
        Question("overdue", "how much is overdue?", Plan(measure="overdue"), _OVERDUE, (now,)),
        Question(
            "MRR by month",
            "mrr by month for the last 12 months",
            Plan(measure="mrr", grain=Grain.MONTH, period=year),
            _by_bucket(
                year,
                "mrr > 0 AND starts_at < b.stop AND (ends_at IS NULL OR ends_at >= b.stop)",
                "mrr_span",
                "currency, sum(mrr)",
                ", currency",
            ),
            _bounds(year),
        ),
    ]


def _bounds(period: Period) -> tuple[datetime, ...]:
    months = buckets(period, Grain.MONTH, UTC, until=period.end)
    return tuple(moment for bucket in months for moment in (bucket.start, bucket.end))


def _by_bucket(period: Period, holds: str, table: str, counted: str, group: str = "") -> str:
    pairs = ", ".join(
        f"(${n}::timestamptz, ${n + 1}::timestamptz)" for n in range(2, 2 + len(_bounds(period)), 2)
    )
    return (
        f"WITH b(start, stop) AS (VALUES {pairs}) SELECT b.start, {counted} FROM b"  # noqa: S608 - ours
        f" JOIN {table} ON account_id = $1 AND {holds} GROUP BY b.start{group}"
    )


_MRR = f"SELECT currency, sum(mrr) FROM mrr_span WHERE {_IN_FORCE} GROUP BY currency"  # noqa: S608 - ours
_BY_PLAN = (
    "SELECT p.name, s.currency, sum(s.mrr) FROM mrr_span s LEFT JOIN product p ON p.account_id = s.account_id"
    " AND p.source_id = s.source_id AND p.id = s.product_id WHERE s.account_id = $1 AND s.starts_at <= $2"
    " AND (s.ends_at IS NULL OR s.ends_at > $2) AND s.mrr > 0 GROUP BY p.name, s.currency"
)
_TOP = (
    f"SELECT profile_id, currency, sum(mrr) AS paid FROM mrr_span WHERE {_IN_FORCE}"  # noqa: S608 - ours
    " GROUP BY profile_id, currency ORDER BY paid DESC LIMIT 10"
)
_TRIALS = (
    "SELECT c.profile_id, s.trial_end FROM subscription s JOIN customer c ON c.account_id = s.account_id"
    " AND c.source_id = s.source_id AND c.id = s.customer_id WHERE s.account_id = $1"
    " AND s.status = 'trialing' AND s.trial_end > $2 AND s.trial_end >= $3 AND s.trial_end < $4"
    " ORDER BY s.trial_end LIMIT 10"
)
_FAILED = (
    "SELECT count(*) FROM payment WHERE account_id = $1 AND status = 'failed'"
    " AND created_at >= $2 AND created_at < $3"
)
_CHURNED = (
    "SELECT count(DISTINCT m.profile_id) FROM movement m WHERE m.account_id = $1 AND m.type = 'churn'"
    " AND m.at >= $3 AND m.at < $2 AND NOT EXISTS (SELECT 1 FROM mrr_span s WHERE s.account_id = $1"
    " AND s.profile_id = m.profile_id AND s.mrr > 0 AND s.starts_at < $2"
    " AND (s.ends_at IS NULL OR s.ends_at >= $2))"
)
_CARD = (
    "SELECT (SELECT sum(s.mrr) FROM mrr_span s WHERE s.account_id = $1 AND s.profile_id = c.profile_id"
    " AND s.starts_at <= $2 AND (s.ends_at IS NULL OR s.ends_at > $2)), (SELECT p.status FROM payment p"
    " WHERE p.account_id = $1 AND p.source_id = c.source_id AND p.customer_id = c.id"
    " ORDER BY p.created_at DESC LIMIT 1), (SELECT sum(i.amount_remaining) FROM invoice i"
    " WHERE i.account_id = $1 AND i.source_id = c.source_id AND i.customer_id = c.id AND i.status = 'open'),"
    " c.country, c.created_at FROM customer c WHERE c.account_id = $1 AND c.profile_id = $3"
)
_OVERDUE = (
    "SELECT i.currency, sum(i.amount_remaining) FROM invoice i WHERE i.account_id = $1 AND i.status = 'open'"
    " AND (i.due_at < $2 OR i.due_at IS NULL AND EXISTS (SELECT 1 FROM payment p WHERE"
    " p.account_id = i.account_id AND p.source_id = i.source_id AND p.status = 'failed'"
    " AND p.created_at < $2 AND p.attempt_of IN (i.id, i.intent_id))) GROUP BY i.currency"
)


def for_sqlite(sql: str) -> str:
    return sql.replace("::timestamptz", "").replace("$", "?")
