"""Figures of support: conversations opened and open, how fast they were answered, how they were rated."""

from storage.metrics.catalog.shapes import Metric, Span, Unit

_SPLIT_BY = ("source", "assignee", "tag", "status", "owner", "country")
_NOUNS = ("conversation", "conversations")


def _metric(name: str, label: str, formula: str, synonyms: tuple[str, ...], example: str, *,
            unit: Unit = Unit.COUNT, span: Span = Span.FLOW, needs: tuple[str, ...] = ("conversations",),
            nouns: tuple[str, str] | None = None) -> Metric:  # fmt: skip
    return Metric(
        name=name,
        label=label,
        unit=unit,
        span=span,
        entity="conversation",
        formula=formula,
        synonyms=synonyms,
        dimensions=_SPLIT_BY,
        needs=needs,
        example=example,
        nouns=nouns,
        only_now=span is Span.STOCK,
    )


DECLARED = (
    _metric(
        "open_conversations",
        "Open conversations",
        "conversations and tickets that are new, open, pending, on hold or snoozed",
        ("open conversation", "open ticket", "open case", "open support ticket",
         "open support conversation", "open support request", "open issue", "unresolved ticket",
         "unsolved ticket", "unresolved conversation", "unresolved issue", "open convo",
         "ticket backlog", "support backlog", "backlog", "pending ticket", "ticket open",
         "conversation open", "outstanding ticket", "ticket still open", "support queue",
         "tickets in the queue"),
        "How many open tickets do we have?",
        span=Span.STOCK,
        nouns=("open conversation", "open conversations"),
    ),
    _metric(
        "unanswered_conversations",
        "Unanswered conversations",
        "open conversations and tickets that no colleague has replied to yet",
        ("unanswered conversation", "unanswered ticket", "ticket without a reply",
         "ticket without reply", "conversation without a reply", "ticket waiting for a reply",
         "ticket waiting for a first reply", "not yet answered ticket", "ticket nobody answered",
         "ticket with no reply"),
        "How many tickets are unanswered?",
        span=Span.STOCK,
        nouns=("unanswered conversation", "unanswered conversations"),
    ),
    _metric(
        "conversations",
        "Conversations opened",
        "conversations and tickets by the date when they were opened",
        ("conversation", "ticket", "support ticket", "support conversation", "support request",
         "support case", "ticket opened", "ticket created", "new ticket", "new conversation",
         "conversation opened", "conversation started", "conversation created", "ticket received",
         "incoming ticket", "ticket volume", "support volume", "conversation volume", "inbound ticket",
         "inbound conversation", "ticket raised", "ticket filed", "ticket logged", "convo",
         "support contact", "help request", "inquiry", "enquiry", "support inquiry", "case opened"),
        "How many tickets were created last week?",
        nouns=_NOUNS,
    ),
    _metric(
        "closed_conversations",
        "Conversations closed",
        "conversations and tickets that are solved or closed, by the date when they were",
        ("closed conversation", "closed ticket", "solved ticket", "resolved ticket",
         "resolved conversation", "ticket closed", "ticket solved", "ticket resolved",
         "conversation closed", "conversation resolved", "finished ticket", "ticket we closed",
         "ticket we solved"),
        "How many tickets did we solve last month?",
        nouns=("closed conversation", "closed conversations"),
    ),
    _metric(
        "response_time",
        "Median first response time",
        "median time from the opening of a conversation to the first reply by a colleague, of the "
        "conversations opened in the period that have one",
        ("response time", "first response time", "median response time", "median first response time",
         "first reply time", "reply time", "time to first response", "time to first reply",
         "time to reply", "time to respond", "frt", "median reply time", "median first reply time",
         "typical response time", "first response", "speed of response", "how fast we reply",
         "how quickly we reply", "how fast we respond", "how quickly we respond",
         "how long until we reply", "how long we take to reply", "how fast we answer",
         "how quickly we answer", "support response time", "ticket response time"),
        "What was the median first response time last month?",
        unit=Unit.DURATION,
    ),
    _metric(
        "average_response_time",
        "Average first response time",
        "average time from the opening of a conversation to the first reply by a colleague, of the "
        "conversations opened in the period that have one",
        ("average response time", "average first response time", "mean response time",
         "mean first response time", "avg response time", "avg first response time",
         "average reply time", "average first reply time", "mean reply time", "avg reply time",
         "average time to reply", "average time to first response", "average time to respond"),
        "What was the average response time last month?",
        unit=Unit.DURATION,
    ),
    _metric(
        "csat",
        "CSAT",
        "good ratings / all ratings of conversations, by the date of the rating (good: 4 or 5 of 5 in "
        "Intercom, good in Zendesk)",
        ("csat", "customer satisfaction", "satisfaction", "satisfaction score", "satisfaction rate",
         "customer satisfaction score", "csat score", "csat rating", "satisfaction rating",
         "support rating", "share of good ratings", "good rating share", "happiness score",
         "support satisfaction", "how happy customers are with support"),
        "What was CSAT last month?",
        unit=Unit.RATIO,
        needs=("ratings", "conversations"),
    ),
    _metric(
        "ratings",
        "Ratings",
        "ratings of conversations, by their own date",
        ("rating", "rated conversation", "rated ticket", "csat response", "satisfaction response",
         "rating received", "number of ratings"),
        "How many ratings did we get last month?",
        needs=("ratings", "conversations"),
        nouns=("rating", "ratings"),
    ),
)  # fmt: skip
