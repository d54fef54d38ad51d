"""Facts that several detectors say of a customer."""

from thoughts.base import Count, Customer, Day, Fact, Moment, Money, Sentence, Thought
from thoughts.facts import About, CustomerFacts
from thoughts.figures import Figures

TICKETS = ("open ticket", "open tickets")


def facts_of(customer: CustomerFacts | None, about: About | Figures, *names: str) -> dict[str, Fact]:
    """Who it is, and of these facts those that are known: mrr, since, collected, tickets, renews."""
    if customer is None:
        return {}
    known: dict[str, Fact | None] = {
        "mrr": customer.largest_mrr,
        "since": Day(about.day(customer.since)) if customer.since else None,
        "collected": _largest(customer),
        "tickets": Count(customer.open_tickets, *TICKETS) if customer.open_tickets is not None else None,
        "renews": Moment(customer.renews) if customer.renews else None,
    }
    found: dict[str, Fact] = {"customer": Customer(customer.profile_id)}
    return found | {name: fact for name in names if (fact := known[name]) is not None}


def _largest(customer: CustomerFacts) -> Money | None:
    found = max(customer.collected.items(), key=lambda item: (item[1], item[0]), default=None)
    return Money(found[1], found[0]) if found and found[1] > 0 else None


def who(thought: Thought) -> Fact | str:
    """The customer of a thought, as the beginning of a sentence."""
    return thought.facts.get("customer", "A customer")


def history(thought: Thought) -> Sentence:
    """Since when they are a customer, what they have paid, what is open: what of it is known."""
    said: Sentence = ()
    if "since" in thought.facts:
        said = (*said, "A customer since ", thought.facts["since"], ". ")
    if "collected" in thought.facts:
        said = (*said, thought.facts["collected"], " paid in all. ")
    return tidy((*said, *tickets(thought)))


def tickets(thought: Thought) -> Sentence:
    """How many of their tickets are open, where support is connected."""
    match thought.facts.get("tickets"):
        case Count(value=0):
            return ("No open tickets. ",)
        case Count() as count:
            return (count, ". ")
        case _:
            return ()


def tidy(sentence: Sentence) -> Sentence:
    """Without blanks at its end."""
    if sentence and isinstance(sentence[-1], str):
        return (*sentence[:-1], sentence[-1].rstrip())
    return sentence
