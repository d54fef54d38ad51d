"""Messages over Slack's limits, put right."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.render import slack_blocks as kit
from bot.render.slack_blocks import Message
from bot.render.slack_repair import in_words, repaired
from tests.bot.slack_schema import assert_within_limits

_words = st.text(min_size=0, max_size=40).map(lambda said: said * 100)
_sections = st.builds(lambda said: {"type": "section", "text": kit.mrkdwn(said)}, _words)
_headers = st.builds(lambda said: {"type": "header", "text": {"type": "plain_text", "text": said}}, _words)
_buttons = st.integers(0, 60).map(
    lambda many: {"type": "actions", "elements": [kit.button("a", f"a:{i}", "v") for i in range(many)]}
)
_notes = st.integers(0, 30).map(
    lambda many: {"type": "context", "elements": [kit.plain_text(f"note {i}", 100) for i in range(many)]}
)
_blocks: Any = st.lists(st.one_of(_sections, _headers, _buttons, _notes), max_size=70)


@settings(max_examples=60)
@given(text=_words, blocks=_blocks)
def test_whatever_comes_in_slack_takes_what_comes_out(text: str, blocks: list[dict[str, Any]]) -> None:
    """Any message becomes messages within Slack's limits, as it is and in words alone."""
    message = Message(text=text, blocks=blocks)
    for made in (*repaired(message), *in_words(message)):
        assert_within_limits(dict(made))


def test_a_sound_message_is_left_alone() -> None:
    """What Slack takes is not touched."""
    message = Message(text="MRR", blocks=[kit.section("MRR is *$5*."), *kit.context(["as of now"])])
    assert repaired(message) == [message]


def test_no_word_is_lost() -> None:
    """A section that is too long comes out in several, with every word in its place."""
    words = " ".join(f"word{i}" for i in range(2_000))
    said = [
        b["text"]["text"]
        for m in repaired(Message(text="x", blocks=[kit.section(words)]))
        for b in m["blocks"]
    ]
    assert " ".join(said).split() == words.split()
