"""Trials that ran out: "which trials did not convert last month"."""

from __future__ import annotations

from bot.questions import periods, readings
from bot.questions.draft import Draft
from bot.questions.readings import Recent
from storage.metrics.plan import Condition, Not, Op

_CONVERTED = frozenset({"trial_conversion_rate", "trials_converted", "paying"})


def leave_out_converted(draft: Draft) -> None:
    """ "trials that did not convert": those that ended, without those that went on as customers."""
    frame = draft.frame
    if not {"trial", "trials_ended"} & frame.atoms or not frame.without or not frame.without <= _CONVERTED:
        return
    frame.without = set()
    draft.reading = readings.pick(frozenset({"trials_ended"})) or draft.reading
    said = frame.period
    period = periods.period(said, draft.clock) if said else periods.recent(Recent.THIS_MONTH, draft.clock)
    converted = Condition(field="trial_converted", op=Op.WITHIN, value=(period.start, period.end))
    draft.more = (Not(term=converted),)
