"""Answers as Discord shows them: within its limits, and nothing in them is its markdown."""

import re

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.answer import Answer, Kind
from bot.render import discord_kit as kit
from bot.render.discord import render, why
from bot.render.discord_kit import Message, literal, size
from bot.render.discord_rows import WIDTH
from tests.bot import answers as example
from tests.vendors.discord_shapes import CreateMessage, checked

pytestmark = pytest.mark.filterwarnings("error")

_ESCAPED = re.compile(r"\\[^0-9A-Za-z\s]")
_CODE = re.compile(r"```\n.*?\n```", re.DOTALL)
_OUR_LINK = re.compile(r"\[(?:[^\]\\]|\\.)*\]\(<https://[^\s<>()|]+>\)")
_OUR_BOLD = re.compile(r"^\*\*(.*)\*\*$", re.MULTILINE)


def _as_discord_has_it(message: Message) -> CreateMessage:
    sent = {"content": message.content, "embeds": [message.embed] if message.embed else []}
    return checked(msgspec.convert(sent, CreateMessage))


def _marked_up(message: Message) -> list[str]:
    """The texts that Discord reads as markdown."""
    embed = message.embed or {"color": 0}
    fields = [part for one in embed.get("fields", []) for part in (one["name"], one["value"])]
    return [message.content, embed.get("title", ""), embed.get("description", ""), *fields]


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(answer=example.answers(), pictured=st.booleans())
def test_any_answer_at_all_is_what_discord_takes(answer: Answer, pictured: bool) -> None:
    """Every Answer becomes at least one message by Discord's types and limits, and no markdown of its own."""
    drawn = render(answer, pictured=pictured)
    assert drawn
    for message in drawn:
        _as_discord_has_it(message)
        for words in _marked_up(message):
            rest = _OUR_BOLD.sub(r"\1", _OUR_LINK.sub("", _CODE.sub("", words)))
            assert not re.search(r"[*_~|`\[\]<>]", _ESCAPED.sub("", rest)), words
            assert not re.search(r"@(everyone|here)", rest)
            assert not re.search(r"https?://", rest)


@settings(deadline=None)
@given(words=example.WORDS | st.text(alphabet="\\*_~|`[]<>#-+@:/ \n😀\u0301eh", max_size=40))
def test_words_come_out_as_they_were(words: str) -> None:
    """What is escaped reads as before once Discord has taken the escapes away."""
    shown = re.sub(r"\\([^0-9A-Za-z\s])", r"\1", literal(words)).replace("\u200b", "")
    assert shown == kit.text.clean(words)


@settings(max_examples=60, deadline=None)
@given(words=example.WORDS, limit=st.integers(4, 60))
def test_pieces_hold_every_word(words: str, limit: int) -> None:
    """A long text is told in parts within the limit, and nothing of it is lost."""
    parts = kit.pieces(words, limit)
    assert all(size(part) <= limit for part in parts)
    joined = "".join(re.sub(r"\\(.)", r"\1", "".join(parts)).split()).replace("\u200b", "")
    assert joined == "".join(kit.text.clean(words).split())


@pytest.mark.parametrize("answer", example.EACH_KIND, ids=lambda a: a.kind)
def test_each_kind_is_drawn_with_its_text(answer: Answer) -> None:
    """Every kind of answer has its sentence for notifications, and says how fresh the data is."""
    (message,) = render(answer)
    _as_discord_has_it(message)
    assert message.content == literal(answer.text)
    footer = (message.embed or {"color": 0}).get("footer", {}).get("text", "")
    assert ("Stripe as of 23 Nov 2026, 11:00 UTC" in footer) == bool(answer.as_of)


def test_a_number_stands_out() -> None:
    """The figure of a number is the embed's title."""
    (message,) = render(example.NUMBER)
    assert message.embed
    assert message.embed["title"] == "$78,287.84"


def test_a_comparison_has_its_delta() -> None:
    """The title is the figure with how far it moved; both figures stand side by side below."""
    (message,) = render(example.COMPARISON)
    assert message.embed
    assert message.embed["title"] == "$86,058.26 ▼ -$16,361.51 (-16%)"
    assert [one["value"] for one in message.embed["fields"]] == ["$86,058.26", "$102,419.77"]


def test_a_table_is_aligned_and_fits() -> None:
    """Rows stand in a code block no wider than an embed; figures are whole and right-aligned."""
    (message,) = render(example.TABLE)
    assert message.embed
    lines = message.embed["description"].splitlines()
    assert lines[0] == lines[-1] == "```"
    assert all(len(line) <= WIDTH for line in lines)
    assert any("$4,974.00" in line for line in lines)
    assert message.embed["footer"]["text"].startswith("Showing 3 of 232")


def test_a_long_table_goes_on_in_further_messages() -> None:
    """Two hundred rows are told in several messages; each row is in one of them."""
    rows = tuple(
        (f"Customer {number} of many", "Scale", number, "usd", "active", None) for number in range(200)
    )
    drawn = render(example.TABLE.model_copy(update={"rows": rows, "total_rows": 200}))
    assert len(drawn) > 1
    told = "".join(message.embed["description"] for message in drawn if message.embed)
    assert all(f"Customer {number} " in told for number in range(200))
    assert drawn[1].content == f"(2 of {len(drawn)})"


def test_a_wide_table_is_told_cell_by_cell() -> None:
    """Where columns cannot stand side by side every cell has a line with its heading."""
    columns = ("customer", *(f"figure_{i}" for i in range(9)))
    answer = example.TABLE.model_copy(
        update={"columns": columns, "rows": (("Acme", *range(10**7, 10**7 + 9)),)}
    )
    (message,) = render(answer)
    assert message.embed
    assert "  Figure 8: 10,000,008" in message.embed["description"]


def test_a_breakdown_has_bars() -> None:
    """Each row has a bar to scale, beside its figure; with a picture the figures alone."""
    (message,) = render(example.BREAKDOWN)
    assert message.embed
    assert "█" in message.embed["description"]
    (pictured,) = render(example.BREAKDOWN, pictured=True)
    assert pictured.embed
    assert "█" not in pictured.embed["description"]


def test_a_profile_is_a_card() -> None:
    """A customer's card has the name, the facts side by side, and no link that is none."""
    (message,) = render(example.PROFILE)
    assert message.embed
    assert message.embed["title"] == "Acme Labs"
    facts = {one["name"]: one["value"] for one in message.embed["fields"]}
    assert facts["MRR"] == "$189.00"
    assert facts["Contacts"] == "Ada Byron and Bob \\<@U0EVIL\\>"
    assert facts["Recent changes"] == "• 2 Mar 2025 · new · +$189.00"
    assert "(<https://dashboard.example/customers/cus_1%7Cx%3E>)" in message.embed["description"]


def test_why_tells_the_receipt() -> None:
    """Why this number: one fact a line."""
    (message,) = why(example.NUMBER)
    assert message.embed
    assert "no figure to account for" in message.embed["description"]


@pytest.mark.parametrize("kind", [Kind.CLARIFY, Kind.REFUSE])
def test_what_a_button_cannot_say_is_said(kind: Kind) -> None:
    """A choice longer than a button, or beyond the last button, stands in the text in full."""
    options = tuple(
        example.CLARIFY.options[0].model_copy(update={"label": f"{i} " + "long " * 20 * (i == 3)})  # type: ignore[index]  # it has options
        for i in range(27)
    )
    (message,) = render(example.CLARIFY.model_copy(update={"kind": kind, "options": options}))
    assert message.embed
    told = message.embed["description"].splitlines()
    assert [line.split()[1] for line in told] == ["3", "25", "26"]
