"""Which reading of its words a frame asks for."""

from __future__ import annotations

from dataclasses import replace

from bot.questions import filters, readings
from bot.questions.frame import Frame
from bot.questions.readings import Reading
from bot.questions.specs import Form
from bot.questions.words import K

OF_ONE_CUSTOMER = frozenset({"mrr", "arr", "revenue", "refunds", "outstanding", "overdue", "failed_payments"})
_BILLING = frozenset({"invoice", "payment", "subscription"})


def reading_of(frame: Frame) -> Reading | None:
    """The reading of a frame's atoms; "who" and counts speak of customers where nothing else is named."""
    atoms = set(frame.atoms)
    if frame.by and frame.by_atoms:
        atoms |= frame.by_atoms
    if K.AMOUNT in frame.kinds and "paying" in atoms and atoms <= {"paying", "customer"}:
        atoms = {"mrr"}
    if K.AVERAGE in frame.kinds:
        atoms = {"arpa"} if atoms <= {"mrr", "customer", "revenue", "paying", "arpa"} and atoms else atoms
    words = {token.word for token in frame.text.tokens}
    if {"who", "whose"} & words or (not atoms and _speaks_of_customers(frame)):
        picked = readings.pick(frozenset(atoms | {"customer"}))
        if picked is not None:
            return picked
    if frame.by and not atoms:
        atoms = {"mrr"} if frame.superlative else {"customer"}
    return readings.pick(frozenset(atoms)) or _with_state(frame, atoms)


def _speaks_of_customers(frame: Frame) -> bool:
    asks = {K.COUNT, K.LIST, K.SHOW} & frame.kinds
    return bool(
        (asks or frame.superlative) and not frame.by and (frame.wanted or frame.amounts or frame.superlative)
    )


def _with_state(frame: Frame, atoms: set[str]) -> Reading | None:
    """A figure of customers in some state: the state becomes a filter."""
    for needs, condition in filters.STATES:
        rest = atoms - needs
        reading = readings.pick(frozenset(rest)) if needs <= atoms and rest else None
        if reading is not None and {"mrr", "arr", "arpa", "trial"} & set(reading.needs):
            return replace(reading, where=(*reading.where, condition))
    return None


def of_time(frame: Frame, reading: Reading) -> Reading:
    """ "customers since May" are those who became customers since then."""
    since = frame.period is not None and frame.period.spec.form is Form.SINCE
    if since and reading.count == "customers" and not frame.amounts and not frame.grain:
        return readings.of_metric("new_customers") or reading
    return reading


def is_profile(frame: Frame, reading: Reading | None) -> bool:
    """Whether a question that names a customer is about the customer as a whole."""
    if reading is None:
        return not frame.atoms - {"customer", "ending"}
    if reading.entity in _BILLING and not {"trial", "renewing"} & set(reading.needs):
        return False
    return not {reading.count, reading.amount} & OF_ONE_CUSTOMER
