"""What a frame filters by, as one condition of the plan; and how a plan's filter is taken apart again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot.questions import amounts
from bot.questions.frame import Frame, Wanted
from bot.questions.readings import ANY, Test, condition
from bot.questions.vocabulary import Vocabulary
from storage.metrics.plan import And, Condition, Filter, Not, Or

BILLS = frozenset({"invoice", "payment", "refund", "dispute", "movement", "deal"})
"""What has an amount of its own, where customers and subscriptions have an MRR."""

# States of a customer that may stand beside a figure: "MRR of customers with failed payments".
STATES: tuple[tuple[frozenset[str], Test], ...] = (
    (frozenset({"failed", "payment"}), ("failing", True)),
    (frozenset({"failed"}), ("failing", True)),
    (frozenset({"overdue", "invoice"}), ("overdue", True)),
    (frozenset({"overdue", "payment"}), ("overdue", True)),
    (frozenset({"overdue"}), ("overdue", True)),
    (frozenset({"ticket", "open"}), ("open_tickets", ANY)),
    (frozenset({"ticket"}), ("tickets", ANY)),
    (frozenset({"deal", "open"}), ("open_deals", ANY)),
    (frozenset({"owner"}), ("owned", True)),
    (frozenset({"customers_at_risk"}), ("at_risk", True)),
    (frozenset({"upcoming_cancellations"}), ("canceling", True)),
)
_COUNTED = {"ticket": "tickets", "open ticket": "open_tickets", "deal": "open_deals"}
# Negated states that paying customers are anyway.
_TRUE_OF_PAYING = frozenset({"churned", "trial"})


class Unfilterable(ValueError):
    """The frame filters by something that cannot be filtered by; the text is the word for it."""


def of_frame(frame: Frame, vocabulary: Vocabulary, entity: str) -> tuple[tuple[Filter, ...], tuple[str, ...]]:
    """The frame's terms, to be joined by "and", and what was assumed. Raises Unfilterable, AmountError."""
    wanted = [one for want in frame.wanted for one in _resolved(want, vocabulary, entity)]
    terms: list[Filter] = [*_values(wanted), *_negated_states(frame.without)]
    amount_field = "amount" if entity in BILLS else "mrr"
    assumed: list[str] = []
    if frame.amounts and entity == "conversation":
        raise Unfilterable("amount")
    of_customers = "customer" in frame.atoms and entity == "conversation"
    if of_customers and any(want.field == "tag" for want in frame.wanted):
        raise Unfilterable("tags of customers")  # a ticket has tags of its own
    for amount in frame.amounts:
        compared, stated = amounts.condition(amount, amount_field, vocabulary.currency)
        terms.append(compared)
        if not stated and len(vocabulary.currencies) > 1:
            own = vocabulary.currency.upper()
            assumed.append(f"Amounts are taken as {own}.")
    terms.extend(amounts.counted(amount, _COUNTED[noun]) for noun, amount in frame.counted)
    terms.extend(
        Not(term=Condition(field="customer", value=name.matches[0].profile_id))
        for name in frame.names
        if name.negated and name.matches
    )
    if frame.among:
        terms.append(condition(("customer", frame.among)))
    return tuple(terms), tuple(dict.fromkeys(assumed))


def _resolved(want: Wanted, vocabulary: Vocabulary, entity: str) -> list[Wanted]:
    """A colleague's name as the ids of that role: who is assigned conversations, who owns all else."""
    if want.field != "owner":
        return [want]
    roles = (("assignee", vocabulary.assignees), ("owner", vocabulary.owners))
    for role, people in roles if entity == "conversation" else reversed(roles):
        ids = [hex_id for name, hex_id in people if name == want.value]
        if ids and (role == "owner" or entity == "conversation"):
            return [Wanted(role, hex_id, want.negated, want.at) for hex_id in ids]
    raise Unfilterable(want.value)


def _values(wanted: Iterable[Wanted]) -> list[Filter]:
    """One term a field: several values of a field are alternatives ("in Germany and France")."""
    grouped: dict[tuple[str, bool], list[str]] = {}
    for want in wanted:
        values = grouped.setdefault((want.field, want.negated), [])
        if want.value not in values:
            values.append(want.value)
    return [_one_of(name, values, negated) for (name, negated), values in grouped.items()]


def _one_of(name: str, values: Sequence[str], negated: bool) -> Filter:
    wanted = condition((name, values[0] if len(values) == 1 else tuple(values)))
    return Not(term=wanted) if negated else wanted


def _negated_states(atoms: set[str]) -> list[Filter]:
    left = set(atoms) - _TRUE_OF_PAYING - {"customer", "any"}
    if not left:
        return []
    for needs, test in STATES:
        if needs == left:
            return [Not(term=condition(test))]
    raise Unfilterable(" ".join(sorted(left)))


def joined(terms: Sequence[Filter]) -> Filter | None:
    """The terms as one filter; None for none."""
    if not terms:
        return None
    return terms[0] if len(terms) == 1 else And(terms=tuple(terms))


def terms_of(filters: Filter | None) -> tuple[Filter, ...]:
    """The terms that a plan's filter joins by "and"."""
    if filters is None:
        return ()
    return filters.terms if isinstance(filters, And) else (filters,)


def field_of(term: Filter) -> str | None:
    """The one field that a term tests; None where it tests several."""
    match term:
        case Condition():
            return term.field
        case Not():
            return field_of(term.term)
        case And() | Or():
            fields = {field_of(part) for part in term.terms}
            return fields.pop() if len(fields) == 1 else None


def replaced(old: Sequence[Filter], new: Sequence[Filter]) -> tuple[Filter, ...]:
    """The old terms, without those about a field that a new term is about, then the new ones."""
    fields = {field_of(term) for term in new}
    return (*(term for term in old if field_of(term) not in fields), *new)
