"""What a rule may wait for a customer to do, and where in the cache it stands."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, select
from sqlalchemy.orm import aliased

from storage import models
from storage.metrics.joins import of_customer
from storage.metrics.scope import Asking, Query


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """`phrases` are what people call it, a customer being who does it; `said` is how it is told.

    `row` and `at`: where it stands in the cache, tested by `test`; `behind` is the column that names another
    record, whose customer it is.
    """

    name: str
    phrases: tuple[str, ...]
    said: str
    noun: str
    row: Any
    at: str
    test: Callable[[Any], Any] | None = None
    behind: tuple[str, Any] | None = None


_DECLARED = (
    Event(
        name="ticket_opened",
        phrases=("opens a ticket", "opens a conversation", "raises a ticket", "files a ticket",
                 "creates a ticket", "writes to support", "contacts support", "opens a support ticket"),
        said="opened a ticket",
        noun="ticket",
        row=models.Ticket,
        at="opened_at",
    ),
    Event(
        name="rated_badly",
        phrases=("rates us badly", "leaves a bad rating", "gives a bad rating", "leaves bad feedback"),
        said="left a bad rating",
        noun="bad rating",
        row=models.TicketRating,
        at="rated_at",
        test=lambda row: row.good.is_(False),
        behind=("ticket_id", models.Ticket),
    ),
    Event(
        name="payment_failed",
        phrases=("fails to pay", "has a failed payment", "has a payment fail", "payment fails",
                 "card is declined", "charge fails"),
        said="had a payment fail",
        noun="failed payment",
        row=models.Payment,
        at="created_at",
        test=lambda row: row.status == "failed",
    ),
    Event(
        name="paid",
        phrases=("pays", "makes a payment"),
        said="paid",
        noun="payment",
        row=models.Payment,
        at="created_at",
        test=lambda row: row.status == "succeeded",
    ),
    Event(
        name="refunded",
        phrases=("gets a refund", "is refunded", "receives a refund"),
        said="got a refund",
        noun="refund",
        row=models.Refund,
        at="created_at",
        behind=("payment_id", models.Payment),
    ),
    Event(
        name="disputed",
        phrases=("disputes a payment", "opens a dispute", "files a chargeback", "disputes a charge"),
        said="disputed a payment",
        noun="dispute",
        row=models.Dispute,
        at="created_at",
        behind=("payment_id", models.Payment),
    ),
    Event(
        name="became_customer",
        phrases=("becomes a customer", "starts paying", "subscribes", "signs up"),
        said="became a customer",
        noun="new customer",
        row=models.Movement,
        at="at",
        test=lambda row: row.type == "new",
    ),
    Event(
        name="upgraded",
        phrases=("upgrades", "expands"),
        said="upgraded",
        noun="upgrade",
        row=models.Movement,
        at="at",
        test=lambda row: row.type == "expansion",
    ),
    Event(
        name="downgraded",
        phrases=("downgrades", "contracts"),
        said="downgraded",
        noun="downgrade",
        row=models.Movement,
        at="at",
        test=lambda row: row.type == "contraction",
    ),
    Event(
        name="churned",
        phrases=("churns", "cancels", "leaves", "quits"),
        said="churned",
        noun="churn",
        row=models.Movement,
        at="at",
        test=lambda row: row.type == "churn",
    ),
    Event(
        name="came_back",
        phrases=("comes back", "reactivates", "returns"),
        said="came back",
        noun="return",
        row=models.Movement,
        at="at",
        test=lambda row: row.type == "reactivation",
    ),
    Event(
        name="deal_won",
        phrases=("has a deal won", "signs a deal", "closes a deal"),
        said="signed a deal",
        noun="won deal",
        row=models.Deal,
        at="closes_at",
        test=lambda row: row.state == "won",
    ),
)  # fmt: skip

EVENTS: Mapping[str, Event] = {event.name: event for event in _DECLARED}


def past_of(event: Event, asking: Asking) -> Query:
    """(profile_id, at, id, amount, currency) of all that happened; amounts of what is no money are NULL."""
    row, customer = event.row, models.Customer
    at = getattr(row, event.at)
    amount, currency = getattr(row, "amount", None), getattr(row, "currency", None)
    columns = [at.label("at"), *((amount, currency) if amount is not None else ())]
    tests = [row.account_id == asking.account_id, *([event.test(row)] if event.test else [])]
    if row is models.Movement:
        return select(row.profile_id, row.profile_id.label("id"), *columns).where(*tests)
    names: Any = row
    query = select(customer.profile_id, row.id, *columns).select_from(row)
    if event.behind is not None:
        column, model = event.behind
        names = aliased(model)
        query = query.join(
            names,
            and_(
                names.account_id == row.account_id,
                names.source_id == row.source_id,
                names.id == getattr(row, column),
            ),
        )
    return query.join(customer, of_customer(names, customer)).where(*tests)
