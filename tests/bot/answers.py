"""Answers to draw: one of each kind, and a strategy for all that could exist."""

from datetime import UTC, datetime

from hypothesis import strategies as st

from bot.answer import (
    Answer,
    AnswerPeriod,
    Kind,
    Option,
    Profile,
    ProfileMovement,
    ProfilePayment,
    ProfileSubscription,
    SourceLink,
)

AT = datetime(2026, 11, 23, 11, 0, tzinfo=UTC)
FRESH = {"stripe": AT}
NOW = AnswerPeriod(start=AT, end=AT, label="now")

NUMBER = Answer(
    question="what is our MRR?",
    kind=Kind.NUMBER,
    text="MRR is $78,287.84 now.",
    value=7828784,
    unit="money",
    currency="usd",
    period=NOW,
    as_of=FRESH,
)
COMPARISON = Answer(
    question="revenue last month vs the month before",
    kind=Kind.COMPARISON,
    text="Revenue was $86,058.26 in October 2026, $16,361.51 less than in September 2026.",
    value=8605826,
    previous=10241977,
    unit="money",
    currency="usd",
    period=AnswerPeriod(start=AT, end=AT, label="in October 2026"),
    as_of=FRESH,
)
TABLE = Answer(
    question="biggest customers",
    kind=Kind.TABLE,
    text="232 customers, by MRR.",
    columns=("customer", "plan", "mrr", "currency", "status", "customer_since"),
    rows=(
        ("Globex Corporation", "Scale", 497400, "usd", "active", "2024-05-03T00:00:00+00:00"),
        ("Initech <!channel>", "Scale", 432900, "eur", "past_due", "2025-01-17T00:00:00+00:00"),
        ("Hooli & *Sons*", None, 39990, "jpy", "active", None),
    ),
    total_rows=232,
    as_of=FRESH,
)
SERIES = Answer(
    question="MRR by month this year",
    kind=Kind.SERIES,
    text="MRR by month, this year.",
    unit="money",
    currency="usd",
    columns=("month", "mrr"),
    rows=(("2026-08", 7031671), ("2026-09", 7560171), ("2026-10", 7827447)),
    total_rows=3,
    as_of=FRESH,
)
BREAKDOWN = Answer(
    question="customers by country",
    kind=Kind.BREAKDOWN,
    text="Customers by country, now.",
    unit="count",
    columns=("country", "customers"),
    rows=(("US", 147), ("DE", 23), ("GB", 20), ("KZ", 1)),
    total_rows=4,
    as_of=FRESH,
)
PROFILE = Answer(
    question="tell me about Acme Labs",
    kind=Kind.PROFILE,
    text="Acme Labs pays $189.00 a month on Growth.",
    profile=Profile(
        id="ab12",
        name="Acme Labs",
        domain="acme.example",
        email="billing@acme.example",
        contacts=("Ada Byron", "Bob <@U0EVIL>"),
        sources=(SourceLink(source="stripe", url="https://dashboard.example/customers/cus_1|x>"),),
        status="active",
        plan="Growth",
        mrr=18900,
        currency="usd",
        country="US",
        customer_since=datetime(2025, 3, 2, tzinfo=UTC),
        subscriptions=(
            ProfileSubscription(
                plan="Growth", status="active", mrr=18900, currency="usd", interval="month", renews=AT
            ),
        ),
        last_payment=ProfilePayment(
            status="failed", amount=18900, currency="usd", at=AT, failure="card_declined"
        ),
        outstanding={"usd": 18900},
        movements=(
            ProfileMovement(type="new", amount=18900, currency="usd", at=datetime(2025, 3, 2, tzinfo=UTC)),
        ),
    ),
    as_of=FRESH,
)
CLARIFY = Answer(
    question="mrr of Northwind",
    kind=Kind.CLARIFY,
    text="Which Northwind?",
    options=(
        Option(label="Northwind", detail="northwind.example", question="mrr of northwind.example"),
        Option(label="Northwind", detail="north.example", question="mrr of north.example"),
    ),
)
REFUSE = Answer(
    question="what's the weather?",
    kind=Kind.REFUSE,
    text="I only know your customers: their subscriptions, invoices and payments.",
    options=(Option(label="What is our MRR?", question="What is our MRR?"),),
)
EACH_KIND = (NUMBER, COMPARISON, TABLE, SERIES, BREAKDOWN, PROFILE, CLARIFY, REFUSE)

# ---- any answer at all ----------------------------------------------------------------------------------

HOSTILE = st.sampled_from(
    [
        "<!channel>",
        "<@U0EVIL>",
        "<https://evil.example|click>",
        "*bold* _it_ ~no~ `code`",
        "```\nblock\n```",
        "a&amp;b < c > d",
        "\x1b[31mred\x00",
        "\u202eesrever",
        ":tada:",
        "😀" * 50,
        "W" * 5_000,
        "& " * 4_000,
        "",
        " ",
        "\n\n",
    ]
)
WORDS = st.one_of(HOSTILE, st.text(max_size=60))
FIGURES = st.one_of(st.integers(-(10**18), 10**18), st.floats(), st.integers(10**40, 10**50))
CURRENCIES = st.sampled_from(["usd", "eur", "jpy", "kwd", "xyz", "<!here>"])
TIMES = st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis wants bounds without a zone
CELLS = st.one_of(WORDS, FIGURES, st.booleans(), st.none(), TIMES.map(datetime.isoformat))
NAMES = st.sampled_from(
    [
        "customer",
        "mrr",
        "currency",
        "status",
        "renews",
        "amount",
        "value",
        "overdue",
        "customers",
        "source",
        "<b>",
    ]
)


@st.composite
def rows(draw: st.DrawFn) -> dict[str, object]:
    columns = draw(st.lists(NAMES | WORDS, max_size=25))
    lines = draw(st.lists(st.lists(CELLS, max_size=26).map(tuple), max_size=6))
    lines = lines * draw(st.sampled_from([1, 1, 1, 40]))
    return {
        "columns": tuple(columns),
        "rows": tuple(lines),
        "total_rows": draw(st.none() | st.integers(0, 10**9)),
    }


OPTIONS = st.lists(
    st.builds(Option, label=WORDS, detail=st.none() | WORDS, question=st.none() | WORDS), max_size=60
).map(tuple)
PROFILES = st.builds(
    Profile,
    id=WORDS,
    name=WORDS,
    domain=st.none() | WORDS,
    email=st.none() | WORDS,
    contacts=st.lists(WORDS, max_size=30).map(tuple),
    sources=st.lists(
        st.builds(
            SourceLink, source=WORDS, url=st.none() | WORDS | st.just("https://x.example/" + "a>|" * 900)
        ),
        max_size=8,
    ).map(tuple),
    status=WORDS,
    plan=st.none() | WORDS,
    mrr=st.integers(),
    currency=st.none() | CURRENCIES,
    mrr_by_currency=st.none() | st.dictionaries(CURRENCIES, st.integers()),
    customer_since=st.none() | TIMES,
    subscriptions=st.lists(
        st.builds(
            ProfileSubscription,
            plan=st.none() | WORDS,
            status=WORDS,
            mrr=st.integers(),
            currency=CURRENCIES,
            interval=st.none() | WORDS,
            renews=st.none() | TIMES,
        ),
        max_size=40,
    ).map(tuple),
    last_payment=st.none()
    | st.builds(
        ProfilePayment, status=WORDS, amount=st.integers(), currency=CURRENCIES, at=TIMES, failure=WORDS
    ),
    outstanding=st.none() | st.dictionaries(CURRENCIES, st.integers()),
    open_conversations=st.none() | st.integers(),
    deals=st.lists(WORDS, max_size=30).map(tuple),
    owner=st.none() | WORDS,
    movements=st.lists(
        st.builds(ProfileMovement, type=WORDS, amount=st.integers(), currency=CURRENCIES, at=TIMES),
        max_size=40,
    ).map(tuple),
)


@st.composite
def answers(draw: st.DrawFn) -> Answer:
    """Any Answer: every field may be there or not, whatever the kind, and every text may be hostile."""
    extra = draw(rows()) if draw(st.booleans()) else {}
    amounts = st.dictionaries(CURRENCIES, FIGURES, max_size=6)
    return Answer(
        question=draw(WORDS),
        kind=draw(st.sampled_from(Kind)),
        text=draw(WORDS),
        value=draw(st.none() | FIGURES),
        unit=draw(st.sampled_from([None, "money", "count", "ratio", "duration", "other"])),
        currency=draw(st.none() | CURRENCIES),
        values=draw(st.none() | amounts),
        previous=draw(st.none() | FIGURES | amounts),
        profile=draw(st.none() | PROFILES),
        options=draw(st.none() | OPTIONS),
        period=draw(st.none() | st.builds(AnswerPeriod, start=TIMES, end=TIMES, label=WORDS)),
        as_of=draw(st.none() | st.dictionaries(WORDS, TIMES, max_size=3)),
        **extra,
    )
