import json
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.answer import Answer, Kind, Option
from bot.render.offers import Offers
from bot.render.slack import chosen_question, render
from bot.render.slack_blocks import Layout, link, literal, pieces
from tests.bot import answers as example
from tests.bot.slack_schema import assert_by_schema, assert_within_limits

pytestmark = pytest.mark.filterwarnings("error")

_ENTITY = re.compile(r"&(amp|lt|gt);")
_OUR_LINK = re.compile(r"<https?://[^\s<>|]+\|[^<>|*_~`]+>")


def _strings(part: Any) -> list[str]:
    if isinstance(part, dict):
        return [s for inner in part.values() for s in _strings(inner)]
    if isinstance(part, list):
        return [s for inner in part for s in _strings(inner)]
    return [part] if isinstance(part, str) else []


def _mrkdwn(part: Any) -> list[str]:
    """The texts that Slack reads as markup."""
    if isinstance(part, dict):
        own = [part["text"]] if part.get("type") == "mrkdwn" else []
        return own + [s for inner in part.values() for s in _mrkdwn(inner)]
    return [s for inner in part for s in _mrkdwn(inner)] if isinstance(part, list) else []


_VALUES = st.text("abc.", min_size=1, max_size=1_999)
OFFERS = st.builds(
    Offers,
    ways=st.lists(st.tuples(example.WORDS, _VALUES), max_size=5).map(tuple),
    csv=st.none() | _VALUES,
    why=st.none() | _VALUES,
    vote=st.none() | _VALUES,
    picture=st.none() | st.just("F1"),
)


@pytest.mark.parametrize("layout", Layout)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(answer=example.answers(), offers=OFFERS)
def test_any_answer_at_all_is_what_slack_takes(layout: Layout, answer: Answer, offers: Offers) -> None:
    """Every Answer becomes at least one message that is valid by Slack's types and within all its limits,
    whatever buttons go with it."""
    drawn = render(answer, layout=layout, offers=offers)
    assert drawn
    for message in drawn:
        assert_within_limits(message)
        assert_by_schema(message)


@pytest.mark.parametrize("layout", Layout)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(answer=example.answers())
def test_no_text_from_data_becomes_markup(layout: Layout, answer: Answer) -> None:
    """Where Slack reads markup, the only angle brackets are those of our own links to web addresses."""
    for message in render(answer, layout=layout):
        for marked_up in [message["text"], *_mrkdwn(message["blocks"])]:
            rest = _ENTITY.sub("", _OUR_LINK.sub("", marked_up))
            assert not set(rest) & set("<>&"), marked_up


@pytest.mark.parametrize("answer", example.EACH_KIND, ids=lambda a: a.kind)
@pytest.mark.parametrize("layout", Layout)
def test_each_kind_is_drawn_with_its_text(answer: Answer, layout: Layout) -> None:
    """Every kind of answer shows its sentence, and says how fresh the data is where data was read."""
    (message,) = render(answer, layout=layout)
    assert_within_limits(message)
    assert_by_schema(message)
    shown = " ".join(_strings(message["blocks"])).replace("*", "")
    assert literal(answer.text) in shown or answer.text in shown
    assert ("Stripe as of 23 Nov 2026, 11:00 UTC" in shown) == bool(answer.as_of)


def test_a_number_stands_out() -> None:
    """The figure of a number is bold in its sentence."""
    (message,) = render(example.NUMBER)
    assert message["blocks"][0]["text"]["text"] == "MRR is *$78,287.84* now."


def test_only_the_whole_figure_is_bold() -> None:
    """A figure that also occurs inside another number is not torn out of it."""
    five = Answer(question="q", kind=Kind.NUMBER, text="In 2025, 5.5 or 5 customers.", value=5, unit="count")
    assert render(five)[0]["blocks"][0]["text"]["text"] == "In 2025, 5.5 or *5* customers."


def test_a_figure_that_the_sentence_leaves_out_is_added() -> None:
    """A number whose text does not name its figure shows the figure above the text."""
    silent = Answer(question="q", kind=Kind.NUMBER, text="Your MRR.", value=100, unit="money", currency="usd")
    assert render(silent)[0]["blocks"][0]["text"]["text"] == "*$1.00*"


def test_a_comparison_shows_both_figures_and_the_change() -> None:
    """A comparison gives the figure, the one before, the difference and the percentage."""
    shown = " ".join(_strings(render(example.COMPARISON)[0]["blocks"]))
    for part in ("In October 2026", "$86,058.26", "$102,419.77", "▼ -$16,361.51 (-16%)"):
        assert part in shown


def test_a_comparison_of_several_currencies_compares_each_with_itself() -> None:
    """With one figure a currency, each is compared with its own figure before; a missing one counts 0."""
    both = example.COMPARISON.model_copy(
        update={"value": None, "values": {"usd": 300, "eur": 100}, "previous": {"usd": 200}}
    )
    shown = " ".join(_strings(render(both)[0]["blocks"]))
    assert "▲ +$1.00 (+50%)" in shown
    assert "▲ +€1.00" in shown


def test_a_table_is_a_native_table() -> None:
    """Rows become a table that sorts: amounts in their own currency, sorted as numbers; dates in words."""
    (message,) = render(example.TABLE)
    (table,) = [b for b in message["blocks"] if b["type"] == "data_table"]
    cells = [[cell["text"] for cell in row] for row in table["rows"]]
    assert cells[0] == ["Customer", "Plan", "MRR", "Status", "Customer since"]
    assert cells[1] == ["Globex Corporation", "Scale", "$4,974.00", "active", "3 May 2024"]
    assert cells[2] == ["Initech <!channel>", "Scale", "€4,329.00", "past due", "17 Jan 2025"]
    assert cells[3] == ["Hooli & *Sons*", "—", "¥39,990", "active", "—"]
    assert table["rows"][1][2] == {"type": "raw_number", "text": "$4,974.00", "value": 497400}
    assert table["caption"] == example.TABLE.text
    assert any("Showing 3 of 232" in s for s in _strings(message["blocks"]))


def test_the_classic_layout_has_tables_that_do_not_sort() -> None:
    """For a Slack without the newest blocks, rows are a table block with figures to the right."""
    (message,) = render(example.TABLE, layout=Layout.CLASSIC)
    (table,) = [b for b in message["blocks"] if b["type"] == "table"]
    assert table["column_settings"][2] == {"align": "right"}


def test_a_series_is_a_native_chart() -> None:
    """Figures over time are an area, in whole units of their currency; groups are bars."""
    (message,) = render(example.SERIES)
    (block,) = [b for b in message["blocks"] if b["type"] == "data_visualization"]
    assert block["chart"]["type"] == "area"
    assert block["chart"]["axis_config"]["categories"] == ["Aug 2026", "Sep 2026", "Oct 2026"]
    assert block["chart"]["series"][0]["data"][2] == {"label": "Oct 2026", "value": 78274.47}
    (message,) = render(example.BREAKDOWN)
    (block,) = [b for b in message["blocks"] if b["type"] == "data_visualization"]
    assert block["chart"]["type"] == "bar"


def test_currencies_have_charts_of_their_own() -> None:
    """Dollars and yen never stand on one axis."""
    both = example.SERIES.model_copy(
        update={
            "columns": ("month", "mrr", "currency"),
            "rows": tuple((f"2026-0{m}", m * 100, c) for m in (1, 2) for c in ("usd", "jpy")),
        }
    )
    drawn = [b for b in render(both)[0]["blocks"] if b["type"] == "data_visualization"]
    assert [block["title"] for block in drawn] == ["MRR (USD)", "MRR (JPY)"]
    assert drawn[1]["chart"]["series"][0]["data"][0]["value"] == 100


def test_a_picture_says_its_figures_to_those_who_cannot_see_it() -> None:
    """Where a chart is a picture, its text names every figure."""
    (message,) = render(example.SERIES, layout=Layout.CLASSIC, offers=Offers(picture="F1"))
    (image,) = [b for b in message["blocks"] if b["type"] == "image"]
    assert image["slack_file"] == {"id": "F1"}
    assert "Oct 2026: $78,274.47" in image["alt_text"]


@pytest.mark.parametrize("layout", Layout)
def test_every_offer_is_a_button(layout: Layout) -> None:
    """Ways on, the file, the reasons and both thumbs are there in every layout."""
    offers = Offers(ways=(("By plan", "w"),), csv="c", why="y", vote="v")
    drawn = json.dumps(render(example.NUMBER, layout=layout, offers=offers)[0])
    for part in ('"By plan"', '"way:0"', '"Show all as CSV"', '"Why this number?"', '"+v"', '"-v"'):
        assert part in drawn


def test_the_plain_layout_uses_only_old_blocks() -> None:
    """For a Slack without tables, nothing but sections, headers, context and actions is used."""
    used = {b["type"] for a in example.EACH_KIND for m in render(a, layout=Layout.PLAIN) for b in m["blocks"]}
    assert used <= {"section", "header", "context", "actions"}


def test_a_long_table_is_split_over_messages_and_complete() -> None:
    """All 1,000 rows of an answer arrive, in order, 100 in a message; the last says of how many."""
    many = example.TABLE.model_copy(
        update={"rows": tuple((f"Customer {i}", "Scale", i, "usd", "active", None) for i in range(1_000))}
    ).model_copy(update={"total_rows": 1_234})
    drawn = render(many)
    tables = [b for m in drawn for b in m["blocks"] if b["type"] == "data_table"]
    names = [row[0]["text"] for table in tables for row in table["rows"][1:]]
    assert names == [f"Customer {i}" for i in range(1_000)]
    assert "Showing 1,000 of 1,234" in json.dumps(drawn[-1])
    assert drawn[1]["text"].endswith(f"(2 of {len(drawn)})")


def test_columns_beyond_what_fits_are_named() -> None:
    """A table wider than Slack's says which columns it does not show."""
    wide = Answer(
        question="q",
        kind=Kind.TABLE,
        text="Wide.",
        columns=tuple(f"c{i}" for i in range(22)),
        rows=(tuple(range(22)),),
    )
    assert "Not shown: C20 and C21" in _strings(render(wide)[0]["blocks"])


def test_a_series_without_a_chart_is_bars_of_text() -> None:
    """Where nothing can be drawn, a series shows each period with a bar to scale and its figure."""
    (message,) = render(example.SERIES, layout=Layout.CLASSIC)
    (drawing,) = [b for b in message["blocks"] if b["type"] == "rich_text"]
    lines = drawing["elements"][0]["elements"][0]["text"].split("\n")
    assert [line.split()[0] for line in lines] == ["Aug", "Sep", "Oct"]
    assert lines[2] == "Oct 2026 ████████████████████ $78,274.47"
    assert lines[0].count("█") == 18


def test_bars_of_different_currencies_have_their_own_scale() -> None:
    """The largest amount of each currency has a full bar: yen are not measured in dollars."""
    both = example.SERIES.model_copy(
        update={
            "columns": ("month", "mrr", "currency"),
            "rows": (("2026-10", 100, "usd"), ("2026-10", 9, "jpy")),
        }
    )
    drawing = json.dumps(render(both, layout=Layout.CLASSIC)[0], ensure_ascii=False)
    assert drawing.count("█" * 20) == 2
    assert "$1.00" in drawing
    assert "¥9" in drawing


def test_a_profile_has_facts_and_deep_links() -> None:
    """A profile shows the name, the facts, and a link into each source that cannot be broken out of."""
    (message,) = render(example.PROFILE)
    shown = " ".join(_strings(message["blocks"]))
    assert message["blocks"][0] == {
        "type": "header",
        "text": {"type": "plain_text", "text": "Acme Labs", "emoji": False},
    }
    for part in (
        "*MRR*\n$189.00",
        "*Plan*\nGrowth",
        "*Last payment*\n$189.00 failed, 23 Nov 2026 (card declined)",
    ):
        assert part in shown
    assert "<https://dashboard.example/customers/cus_1%7Cx%3E|Open in Stripe>" in shown
    assert "Bob &lt;@U0EVIL&gt;" in shown


def test_clarify_offers_a_button_for_each_reading() -> None:
    """The buttons of a question back carry the question that gives the reading, and tell namesakes apart."""
    (message,) = render(example.CLARIFY)
    (actions,) = [b for b in message["blocks"] if b["type"] == "actions"]
    first, second = actions["elements"]
    assert first["text"]["text"] == "Northwind · northwind.example"
    assert chosen_question(first["value"]) == "mrr of northwind.example"
    assert (first["action_id"], second["action_id"]) == ("choose:0", "choose:1")


def test_a_label_too_long_for_a_button_is_told_in_full() -> None:
    """Where a button cannot show a whole label, the label stands in full above the buttons."""
    name = "Very " * 30 + "Long Ltd"
    long = example.CLARIFY.model_copy(update={"options": (Option(label=name, question="q"),)})
    (message,) = render(long)
    assert f"• {name}" in _strings(message["blocks"])


@pytest.mark.parametrize(
    "value", ["", "{}", "[]", '"x"', "null", '{"question": 5}', '{"question": " "}', "\x00"]
)
def test_a_button_value_that_is_none_of_ours_is_no_question(value: str) -> None:
    """A forged or foreign button value asks nothing."""
    assert chosen_question(value) is None


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "ftp://x.example", "https://", "", None, "https://[x"]
)
def test_only_web_addresses_become_links(url: str | None) -> None:
    """An address that is not one of the web stays a label."""
    assert link(url, "Stripe") == "Stripe"


def test_pieces_lose_nothing_but_blanks() -> None:
    """A text cut for Slack is complete when put together again."""
    words = "Tom & Jerry <3 " * 500
    parts = pieces(words, 300)
    assert " ".join(parts) == words.strip()
    assert all(len(literal(part)) <= 300 for part in parts)
