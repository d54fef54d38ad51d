"""From when on something is worth a thought: every threshold with its default, in one place.

docs/thoughts.md says how each default was found. Amounts are in major units of the account's currency.
"""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


def _threshold(default: Any, meaning: str, **limits: Any) -> Any:
    return Field(default=default, description=meaning, **limits)


class Thresholds(BaseModel):
    """The thresholds of one account. Unknown names and impossible values raise pydantic.ValidationError."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    fresh_hours: int = _threshold(72, "What happened longer ago than this many hours is no news.", ge=1)
    trial_days: tuple[int, ...] = _threshold((7, 3, 1), "How many days before its end a trial is announced.")
    renewal_days: int = _threshold(30, "How many days ahead a renewal is announced.", ge=1, le=365)
    renewal_amount: int = _threshold(1_000, "A yearly renewal is announced from this amount on.", ge=0)
    overdue_days: tuple[int, ...] = _threshold(
        (1, 14, 30), "How many days after it was due an unpaid invoice is announced."
    )
    overdue_amount: int = _threshold(100, "An overdue invoice is announced from this amount on.", ge=0)
    refund_amount: int = _threshold(500, "A refund is large from this amount on.", ge=0)
    refund_months: float = _threshold(
        3, "A refund is large, too, when it is this many months of the customer's MRR.", gt=0
    )
    refund_floor: int = _threshold(100, "No refund below this amount is large.", ge=0)
    change_amount: int = _threshold(50, "An upgrade or downgrade is announced from this MRR on.", ge=0)
    critical_share: float = _threshold(
        0.02, "What moves this share of MRR is critical: it passes any budget.", gt=0, le=1
    )
    trouble_tickets: int = _threshold(
        3, "So many open tickets at a time, of a customer who matters, are trouble.", ge=1
    )
    trouble_renewal_days: int = _threshold(45, "A renewal within so many days makes trouble matter.", ge=1)
    trouble_times: float = _threshold(
        3.0, "Trouble of a customer with so many times the average MRR matters at any time.", gt=0
    )
    rating_days: int = _threshold(14, "For how many days a bad rating counts as trouble.", ge=1)
    deal_amount: int = _threshold(1_000, "A won deal is big from this amount on.", ge=0)
    unbilled_days: int = _threshold(7, "For how many days a won deal may be without a subscription.", ge=1)
    no_deal_mrr: int = _threshold(
        500, "A new customer from this MRR on without any deal is pointed out.", ge=0
    )
    quiet_hours: int = _threshold(24, "A source whose last complete sync is older is quiet.", ge=1)
    unusual_score: float = _threshold(
        3.5, "How many robust deviations from what was expected make a day unusual.", gt=0
    )
    unusual_days: int = _threshold(
        126, "How many days back what is expected is found from; a third of them must be there.", ge=56
    )
    record_days: int = _threshold(365, "A record day is the best of so many; half must be there.", ge=60)


DEFAULTS = Thresholds()
