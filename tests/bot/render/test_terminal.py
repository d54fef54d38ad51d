"""Answers on a terminal: what people read, at any width, and nothing that moves their cursor."""

import io
import os
import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from bot.answer import (
    Answer,
    Kind,
    Option,
    Profile,
    ProfileMovement,
    ProfilePayment,
    ProfileSubscription,
    SourceLink,
)
from bot.render.chart import Frame, Point, columns
from bot.render.terminal import show
from tests.bot import answers as example

NOW = datetime(2026, 11, 23, 11, 30, tzinfo=UTC)
HOSTILE = "\x1b[2J\x1b]0;owned\x07[bold red]Acme[/] :bomb: \u202egnp\x9b31m\r\nrm -rf"


def answer(kind, text="In words.", **more):
    return Answer(question="q", kind=kind, text=text, as_of={"stripe": NOW}, **more)


def drawn(what, width=80, **more):
    console = Console(file=io.StringIO(), width=width, **more)
    show(what, console)
    return "\n".join(line.rstrip() for line in console.file.getvalue().split("\n"))


def table(rows, names=("customer", "plan", "mrr", "currency", "customer_since"), **more):
    return answer(Kind.TABLE, columns=names, rows=tuple(rows), **more)


PROFILE = Profile(
    id="00",
    name="Café Zoë",
    domain="cafezoe.example",
    email="zoe@cafezoe.example",
    status="past_due",
    plan="Growth",
    mrr=9900,
    currency="eur",
    country="FR",
    customer_since=NOW,
    subscriptions=(
        ProfileSubscription(
            plan="Growth", status="past_due", mrr=9900, currency="eur", interval="month", renews=NOW
        ),
    ),
    last_payment=ProfilePayment(
        status="failed", amount=9900, currency="eur", at=NOW, failure="card_declined"
    ),
    outstanding={"eur": 9900},
    sources=(SourceLink(source="stripe", url="https://dashboard.stripe.example/c/1"),),
    movements=(ProfileMovement(type="expansion", amount=7000, currency="eur", at=NOW),),
)
ONE_OF_EACH = {
    Kind.NUMBER: answer(Kind.NUMBER, value=1234000, unit="money", currency="usd"),
    Kind.COMPARISON: answer(Kind.COMPARISON, value=110, previous=100, unit="count"),
    Kind.TABLE: table([("Acme", "Growth", 9900, "eur", "2026-01-31")], total_rows=20),
    Kind.SERIES: answer(
        Kind.SERIES,
        columns=("month", "mrr"),
        rows=tuple((f"2026-{month:02d}", month * 10_000) for month in range(1, 12)),
        unit="money",
        currency="usd",
    ),
    Kind.BREAKDOWN: answer(
        Kind.BREAKDOWN,
        columns=("plan", "customers"),
        rows=(("Growth", 30), ("Starter", 10)),
        unit="count",
    ),
    Kind.PROFILE: answer(Kind.PROFILE, profile=PROFILE),
    Kind.CLARIFY: answer(
        Kind.CLARIFY, options=(Option(label="Fernhill", detail="Growth"), Option(label="Berlin"))
    ),
    Kind.REFUSE: answer(Kind.REFUSE, options=(Option(label="What is our MRR?"),)),
}


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_every_kind_fits_every_width(kind, width):
    """Each kind of answer is drawn, freshness last, and no line is wider than the terminal."""
    shown = drawn(ONE_OF_EACH[kind], width)
    lines = shown.splitlines()
    assert max(map(cell_len, lines)) <= width
    assert re.sub(r"\s+", " ", shown).strip().endswith("Stripe as of 23 Nov 2026, 11:30 UTC")


def test_number_is_shown_in_figures_then_in_words():
    """A number: the figure alone on its line, then the sentence."""
    lines = [line.strip() for line in drawn(ONE_OF_EACH[Kind.NUMBER]).splitlines()]
    assert lines[1:3] == ["$12,340.00", "In words."]


def test_currencies_stand_one_below_the_other():
    """Several currencies are never added up: each has its line."""
    shown = drawn(answer(Kind.NUMBER, values={"usd": 7828784, "jpy": 222767}, unit="money"))
    assert re.search(r"\$78,287\.84\n +¥222,767\n", shown)


@pytest.mark.parametrize(
    ("now", "before", "said"),
    [
        (110, 100, "110  ▲ +10 (+10%)"),
        (90, 100, "90  ▼ -10 (-10%)"),
        (5, 5, "5  ▬ no change"),
        (5, 0, "5  ▲ +5"),
    ],
)
def test_comparison_says_which_way_and_how_much(now, before, said):
    """A comparison has an arrow, the difference and, where it means something, the percentage."""
    assert said in drawn(answer(Kind.COMPARISON, value=now, previous=before, unit="count"))


def test_comparison_in_several_currencies_compares_each():
    """A currency that is in one of the two figures only is compared with nothing."""
    shown = drawn(
        answer(Kind.COMPARISON, values={"usd": 200}, previous={"usd": 100, "eur": 50}, unit="money")
    )
    assert "$2.00  ▲ +$1.00 (+100%)" in shown
    assert "€0.00  ▼ -€0.50 (-100%)" in shown


def test_table_formats_cells_by_their_column():
    """Money in its row's currency, dates as dates, and no column that only repeats the currency."""
    shown = drawn(
        table([("Acme", "Growth", 9900, "eur", "2026-01-31"), ("Sakura", None, 15000, "jpy", None)])
    )
    assert re.search(r"Acme +Growth +€99\.00 +31 Jan 2026", shown)
    assert re.search(r"Sakura +— +¥15,000 +—", shown)
    assert "Currency" not in shown


def test_table_says_when_rows_are_missing():
    """Rows that are not shown are counted."""
    assert "1 of 20 rows" in drawn(ONE_OF_EACH[Kind.TABLE])
    assert "rows" not in drawn(table([("Acme", "Growth", 9900, "eur", None)], total_rows=1))


def test_empty_table_is_its_sentence():
    """No rows: the sentence says so, and no empty head stands below it."""
    assert "Customer" not in drawn(table([], total_rows=0))


def test_series_is_drawn_with_its_scale():
    """A series has its largest figure and zero on the axis, the first and the last period below."""
    shown = drawn(ONE_OF_EACH[Kind.SERIES])
    assert re.search(r"\$1,100\.00 ┤.*█", shown)
    assert re.search(r"\$0\.00 ┤", shown)
    assert re.search(r"Jan 2026 .* Nov 2026\n", shown)


def test_series_in_several_currencies_draws_each_on_its_own_scale():
    """Dollars and yen do not share an axis."""
    rows = tuple((f"2026-{m:02d}", m * 100, c) for m in (1, 2) for c in ("usd", "jpy"))
    shown = drawn(answer(Kind.SERIES, columns=("month", "mrr", "currency"), rows=rows, unit="money"))
    assert shown.index("USD") < shown.index("$2.00") < shown.index("JPY") < shown.index("¥200")


def test_breakdown_has_bars_and_shares():
    """Groups have bars in proportion, figures, and their share of the whole."""
    shown = drawn(ONE_OF_EACH[Kind.BREAKDOWN])
    bars = {
        name: line.count("█") for line in shown.splitlines() for name in ("Growth", "Starter") if name in line
    }
    assert bars["Growth"] == pytest.approx(3 * bars["Starter"], abs=2)
    assert re.search(r"Growth .* 30 +75%", shown)


def test_profile_shows_what_is_known():
    """A customer's card has the name, the payments and the way to the source; unknowns take no line."""
    shown = drawn(ONE_OF_EACH[Kind.PROFILE], 100)
    for part in (
        "Café Zoë",
        "past due",
        "€99.00",
        "failed (card declined)",
        "dashboard.stripe.example",
        "+€70.00",
    ):
        assert part in shown
    assert "Owner" not in shown


def test_choices_are_numbered():
    """A question back numbers its options; a refusal lists what can be asked."""
    shown = drawn(ONE_OF_EACH[Kind.CLARIFY])
    assert "1. Fernhill  Growth" in shown
    assert "2. Berlin" in shown
    assert "• What is our MRR?" in drawn(ONE_OF_EACH[Kind.REFUSE])


def test_dates_are_the_accounts():
    """Moments are shown in the account's time zone."""
    console = Console(file=io.StringIO(), width=80)
    show(ONE_OF_EACH[Kind.NUMBER], console, timezone(timedelta(hours=14), "LINT"))
    assert "24 Nov 2026, 01:30 LINT" in console.file.getvalue()


def assert_harmless(shown):
    for character in shown:
        assert character == "\n" or character.isprintable() or character in "\u00a0\u200d", hex(
            ord(character)
        )


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(example.answers(), st.sampled_from([25, 80]))
def test_any_answer_at_all_moves_no_cursor(what, width):
    """Whatever an answer holds, it is drawn, and only printable characters reach the terminal."""
    assert_harmless(drawn(what, width))


def test_hostile_names_stay_on_their_line():
    """Escape sequences, bidi overrides and line ends in a name are taken out, its letters stay."""
    shown = drawn(table([(HOSTILE, HOSTILE, 5, "usd", None)]), 200)
    assert_harmless(shown)
    assert shown.count("[bold red]Acme[/] :bomb: gnp31m rm -rf") == 2


def test_markup_and_emoji_codes_stay_as_they_were_written():
    """A name that looks like markup is shown, not obeyed."""
    shown = drawn(table([("[red]Beacon[/red] :bomb:", "Growth", 1, "usd", None)]), 120)
    assert "[red]Beacon[/red] :bomb:" in shown


def test_colours_are_left_out_where_they_are_not_wanted(monkeypatch):
    """With NO_COLOR or through a pipe there is no colour, and the words are the same."""
    coloured = drawn(ONE_OF_EACH[Kind.BREAKDOWN], force_terminal=True, color_system="standard")
    monkeypatch.setitem(os.environ, "NO_COLOR", "1")
    plain = drawn(ONE_OF_EACH[Kind.BREAKDOWN], force_terminal=True)
    piped = drawn(ONE_OF_EACH[Kind.BREAKDOWN])
    assert "\x1b[36m" in coloured
    assert not re.search(r"\x1b\[[\d;]*3\d", plain)
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == re.sub(r"\x1b\[[\d;]*m", "", plain) == piped


# ---- charts ---------------------------------------------------------------------------------------------

FIGURES = st.lists(st.one_of(st.none(), st.integers(-(10**12), 10**12)), max_size=400)


@given(FIGURES, st.integers(20, 200), st.integers(2, 20), st.booleans())
def test_chart_stays_in_its_frame(values, width, height, ascii_only):
    """Any figures fit: no line wider than the frame, two rows more than its height at most, plus the axis."""
    points = [Point(f"2026-{i:03d}", value) for i, value in enumerate(values)]
    lines = columns(points, Frame(width, height, lambda v: f"{v:.0e}", ascii_only=ascii_only))
    assert all(len(line) <= width for line in lines)
    assert len(lines) <= height + 3
    assert bool(lines) == any(value is not None for value in values)
    assert not ascii_only or all(line.isascii() for line in lines)


@given(st.lists(st.integers(0, 1000), min_size=2, max_size=10))
def test_taller_columns_are_larger_figures(values):
    """A column is never drawn taller than that of a larger figure."""
    height = 8
    lines = columns([Point("x", value) for value in values], Frame(100, height, lambda _: "m"))[:-1]
    drawn_heights = [
        sum(" ▁▂▃▄▅▆▇█".index(line.ljust(100)[3 + 6 * place]) for line in lines)
        for place in range(len(values))
    ]
    for value, tall in zip(values, drawn_heights, strict=True):
        assert all(
            tall <= other for larger, other in zip(values, drawn_heights, strict=True) if larger > value
        )
        assert (tall > 0) == (value > 0)


def test_columns_below_zero_hang_from_it():
    """Losses are drawn downwards, and the axis names the smallest figure too."""
    lines = columns([Point("Jan", 4), Point("Feb", -4)], Frame(40, 4, str))
    assert [line.split() for line in lines[:-1]] == [
        ["4", "┤█████"],
        ["0", "┤█████"],
        ["│", "█████"],
        ["-4", "┤", "█████"],
    ]
