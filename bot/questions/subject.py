"""Which reading of its words a frame asks for."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from bot.questions import filters, readings
from bot.questions.frame import Frame
from bot.questions.readings import Reading
from bot.questions.sharing import reading_of_whole
from bot.questions.specs import Form
from bot.questions.words import K
from storage.metrics import catalog
from storage.metrics.catalog import Unit

OF_ONE_CUSTOMER = frozenset({"mrr", "arr", "revenue", "refunds", "outstanding", "overdue", "failed_payments",
                             "conversations", "open_conversations", "open_invoices"})  # fmt: skip
RATES = frozenset(name for name, metric in catalog.METRICS.items() if metric.unit is Unit.RATIO)
_BILLING = frozenset({"invoice", "payment", "subscription", "refund", "dispute", "conversation", "deal"})


def reading_of(frame: Frame) -> Reading | None:
    """The reading of a frame's atoms; "who" and counts speak of customers where nothing else is named."""
    atoms = set(frame.atoms)
    if frame.by and frame.by_atoms:
        atoms |= frame.by_atoms
    if frame.amounts and len(atoms) > 1:
        atoms.discard("paying")
    was_paid = any(token.word == "paid" for token in frame.text.tokens) and K.AMOUNT not in frame.kinds
    if was_paid and {"invoice", "inflow"} <= atoms:
        atoms = atoms - {"inflow"} | {"paid"}  # "invoices that were paid" are no money collected
    if K.SHARE in frame.kinds:
        return _share(atoms)
    if K.AMOUNT in frame.kinds and "paying" in atoms and atoms <= {"paying", "customer"}:
        atoms = {"revenue"} if _in_a_time(frame) else {"mrr"}
    if K.AVERAGE in frame.kinds:
        frame.by_atoms.discard("customer")
        atoms = _averaged(frame, atoms)
    words = {token.word for token in frame.text.tokens}
    if {"who", "whose"} & words or (not atoms and _speaks_of_customers(frame)):
        picked = readings.pick(frozenset(atoms | {"customer"}))
        if picked is not None:
            return picked
    if frame.by and not atoms:
        by_worth = frame.superlative is not None and frame.superlative[0] != "popular"
        atoms = {"mrr"} if by_worth else {"customer"}
    return _picked(frame, atoms)


def _picked(frame: Frame, atoms: set[str]) -> Reading | None:
    found = readings.pick(frozenset(atoms)) or _with_state(frame, atoms)
    rows = readings.pick(frozenset(atoms - {"customer"})) if _is_of_customers(frame, atoms) else None
    if rows is not None and rows.entity in _BILLING and (found is None or found.entity == "customer"):
        return rows
    if (
        found is None
        and frame.superlative
        and "customer" in atoms
        and not frame.superlative_on & {"customer"}
    ):
        return readings.pick(frozenset({"customer"}))  # "customers with the most open deals"
    return found


_SHARES = (
    ({"churned"}, {"customer", "paying", "active"}, "customer_churn_rate"),
    ({"mrr", "churned"}, {"customer"}, "gross_mrr_churn_rate"),
    ({"revenue", "churned"}, {"customer"}, "gross_mrr_churn_rate"),
    ({"churned_mrr"}, {"customer", "mrr"}, "gross_mrr_churn_rate"),
    ({"trials_converted"}, {"trial", "customer"}, "trial_conversion_rate"),
    ({"trial", "paying"}, {"customer"}, "trial_conversion_rate"),
    ({"stayed"}, {"customer", "paying", "active"}, "customer_retention_rate"),
    ({"ratings", "good"}, {"customer", "ticket"}, "csat"),
    ({"deal", "new"}, {"closed", "customer"}, "win_rate"),
    ({"deal", "closed"}, {"new", "customer"}, "win_rate"),
    ({"trial", "paid"}, {"customer"}, "trial_conversion_rate"),
)


def _share(atoms: set[str]) -> Reading | None:
    """ "what percentage of customers churned": the rate that it is, if it is one that is known."""
    for needs, also, rate in _SHARES:
        if needs <= atoms <= needs | also:
            return readings.pick(frozenset({rate}))
    reading = readings.pick(frozenset(atoms))
    figure = reading.figure if reading is not None else None
    if figure is not None and catalog.METRICS[figure].unit is Unit.RATIO:
        return reading
    whole = reading_of_whole(atoms)
    return None if whole is None else whole[0]


_AVERAGES = (
    ("payment", "average_payment"),
    ("invoice", "average_invoice"),
    ("response_time", "average_response_time"),
    ("deal", "average_deal_size"),
)
_ACCOUNT_WORTH = ({"mrr"}, {"paying"}, {"arpa"}, {"revenue", "customer"})


def _averaged(frame: Frame, atoms: set[str]) -> set[str]:
    """ "average MRR", "what do customers pay on average": revenue per account; or of payments, invoices."""
    if "response_time" in atoms and any(token.word == "median" for token in frame.text.tokens):
        return atoms
    for noun, metric in _AVERAGES:
        if noun in atoms and atoms <= {noun, "customer", "succeeded", "ticket", "new", "closed"}:
            return {metric}
    worth = atoms <= {"mrr", "customer", "revenue", "paying", "arpa", "active"} and K.COUNT not in frame.kinds
    return {"arpa"} if worth and any(some <= atoms for some in _ACCOUNT_WORTH) else atoms


def _in_a_time(frame: Frame) -> bool:
    """Whether what was paid is asked of a time: then it is money collected, not what is owed monthly."""
    return frame.period is not None and frame.period.spec.form is not Form.NOW


def _speaks_of_customers(frame: Frame) -> bool:
    asks = {K.COUNT, K.LIST, K.SHOW} & frame.kinds
    return bool(
        (asks or frame.superlative) and not frame.by and (frame.wanted or frame.amounts or frame.superlative)
    )


_ROWS = frozenset({"invoice", "bill", "payment", "ticket", "conversation", "deal", "refund", "dispute"})


def _is_of_customers(frame: Frame, atoms: set[str]) -> bool:
    """Whether rows are asked of some customers, "open tickets from VIP customers", and not the customers."""
    lemmas = [token.lemma for token in frame.text.tokens]
    if "customer" not in atoms or "customer" not in lemmas:
        return False
    first = next((at for at, word in enumerate(lemmas) if word in _ROWS), None)
    customer = lemmas.index("customer")
    between = set(lemmas[first:customer]) if first is not None and first < customer else set()
    return bool(between) and not between & {"whose", "who", "which", "per", "by"}


_COHORTS = ((frozenset({"signed_up"}), "signed_up"),)
_OF_COHORTS = frozenset({"mrr", "arr", "arpa"})


def _with_state(frame: Frame, atoms: set[str]) -> Reading | None:
    """A figure of customers in some state: the state becomes a filter."""
    for needs, test in filters.STATES:
        rest = atoms - needs
        reading = readings.pick(frozenset(rest)) if needs <= atoms and rest - {"customer"} else None
        if reading is not None and ("customer" in rest or {"mrr", "arr", "arpa", "trial"} & rest):
            return replace(reading, tests=(*reading.tests, test), narrows=True)
    for needs, field in _COHORTS:
        others = frozenset(atoms - needs)
        reading = readings.pick(others) if needs <= atoms and "customer" in others else None
        if reading is not None and reading.amount in _OF_COHORTS:
            return replace(reading, cohort=field)
    return None


def _says_open_ticket(frame: Frame) -> bool:
    """ "open tickets" is a state; "tickets that customers opened" is not."""
    words = [token.lemma for token in frame.text.tokens]
    return any(
        word in _OPEN
        and after in ("ticket", "conversation", "support", "zendesk", "intercom", "case", "issue")
        for word, after in pairwise(words)
    )


_OPEN = frozenset(["open", "unresolved", "unsolved", "pending"])


def _failed_payments(frame: Frame) -> Reading | None:
    """ "whose card was declined last week": the payments that failed then; of how many, is not known."""
    reading = readings.pick(frozenset({"failed", "payment"}))
    if reading is None or K.COUNT in frame.kinds:
        return None
    return replace(reading, count=None, amount=None, bare=None, counted=False)


_FAILING = (("failing", True),)


def of_time(frame: Frame, reading: Reading) -> Reading:
    """ "customers since May" are those who became customers since then."""
    if reading.dated == "trial_ends" and _is_over(frame) and "ending" in frame.atoms:
        return readings.pick(frozenset({"trials_ended"})) or reading
    if {"ticket", "open"} <= set(reading.needs) and _in_a_time(frame) and not _says_open_ticket(frame):
        return readings.pick(frozenset({"ticket"})) or reading
    if reading.entity == "customer" and reading.tests == _FAILING and frame.period is not None:
        return _failed_payments(frame) or reading
    since = frame.period is not None and frame.period.spec.form is Form.SINCE
    plain = not (frame.amounts or frame.grain or "existing" in frame.atoms)
    if since and reading.count == "customers" and plain:
        return readings.of_metric("new_customers") or reading
    return reading


def _is_over(frame: Frame) -> bool:
    """Whether the words speak of what has ended: "trials that expired in January"."""
    words = {token.word for token in frame.text.tokens}
    return bool(words & _ENDED)


_ENDED = frozenset("ended expired finished lapsed over did ran".split())  # noqa: SIM905 - reads better


def is_profile(frame: Frame, reading: Reading | None) -> bool:
    """Whether a question that names a customer is about the customer as a whole."""
    if reading is None:
        return not frame.atoms - {"customer", "ending"}
    if reading.entity in _BILLING and not {"trial", "renewing"} & set(reading.needs):
        return False
    return not {reading.count, reading.amount} & OF_ONE_CUSTOMER
