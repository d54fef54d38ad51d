"""One sort of news a file; each brings its `DETECTOR`."""

from thoughts.base import Detector
from thoughts.detectors import (
    cancellation,
    deal_unbilled,
    dispute,
    large_refund,
    milestone,
    mrr_moved,
    overdue,
    payment_failed,
    quiet_source,
    renewal_ahead,
    trial_ended,
    trial_ending,
    trouble,
    unusual_day,
)

DETECTORS: tuple[Detector, ...] = (
    payment_failed.DETECTOR,
    trial_ending.DETECTOR,
    trial_ended.DETECTOR,
    mrr_moved.DETECTOR,
    cancellation.DETECTOR,
    renewal_ahead.DETECTOR,
    overdue.DETECTOR,
    large_refund.DETECTOR,
    dispute.DETECTOR,
    milestone.DETECTOR,
    unusual_day.DETECTOR,
    trouble.DETECTOR,
    deal_unbilled.DETECTOR,
    quiet_source.DETECTOR,
)
