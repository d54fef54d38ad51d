"""What becomes of one message, against a Slack that refuses, slows down and breaks."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientSession, web
from slack_sdk.web.async_client import AsyncWebClient

from bot.render import slack_blocks as kit
from bot.render.slack_blocks import Message
from bot.slack.sending import DOUBTFUL_WAIT, Gone, Later, Place, Posted, Refused, deliver, try_once
from storage.trust.messages import Post
from tests.vendors.slack import FakeSlack, fake_slack, refuse, slow_down

HERE = Place("C1", thread="1.0")


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with fake_slack() as running:
        yield running


@pytest.fixture
async def client(slack: FakeSlack) -> AsyncIterator[AsyncWebClient]:
    async with ClientSession() as session:
        yield AsyncWebClient(token="xoxb-1", base_url=f"{slack.address}/api/", session=session, timeout=2)


def _message(words: str = "MRR is up") -> Message:
    return Message(text=words[:100], blocks=[kit.section(words)])


async def test_what_is_posted_says_where_it_stands(client: AsyncWebClient, slack: FakeSlack) -> None:
    """A message that Slack takes is one post, in its thread and without previews of links."""
    outcome = await deliver(client, HERE, _message(), key="thought:7", metadata={"event_type": "thought"})
    assert outcome == Posted((Post("C1", "1.1"),))
    sent = slack.calls[-1].arguments
    assert (sent["channel"], sent["thread_ts"]) == ("C1", "1.0")
    assert sent["metadata"]


async def test_the_same_key_is_the_same_message(client: AsyncWebClient, slack: FakeSlack) -> None:
    """Sent twice under one key, Slack is told that it is the same message; another key is another one."""
    for key in ("thought:7", "thought:7", "thought:8"):
        await deliver(client, HERE, _message(), key=key)
    ids = [call.arguments["client_msg_id"] for call in slack.calls]
    assert ids[0] == ids[1] != ids[2]


async def test_a_message_for_one_person_stands_nowhere(client: AsyncWebClient, slack: FakeSlack) -> None:
    """What one person alone sees cannot be edited later, so there is no post of it."""
    assert await deliver(client, Place("C1", only_for="U1"), _message()) == Posted()
    assert slack.calls[-1].method == "chat.postEphemeral"


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (slow_down(30), Later(30, "ratelimited")),
        (slow_down(90_000), Later(3600, "ratelimited")),
        (refuse("message_limit_exceeded"), Later(DOUBTFUL_WAIT, "message_limit_exceeded")),
        (refuse("internal_error"), Later(DOUBTFUL_WAIT, "internal_error")),
        (web.Response(status=503, text="oops"), Later(DOUBTFUL_WAIT, "status 503")),
        (refuse("is_archived"), Gone("is_archived")),
        (refuse("not_in_channel"), Gone("not_in_channel")),
        (refuse("token_revoked"), Gone("token_revoked")),
        (refuse("something_new"), Gone("something_new")),
        (refuse("invalid_blocks"), Refused("invalid_blocks")),
    ],
)
async def test_what_slack_says_is_what_to_do_next(
    client: AsyncWebClient, slack: FakeSlack, answer: web.Response, outcome: Any
) -> None:
    """Too many, or broken: later; archived, left, revoked: never; an unknown block: otherwise."""
    slack.failures.append(answer)
    assert await try_once(client, HERE, _message()) == outcome
    assert len(slack.calls) == 1


async def test_a_slack_that_cannot_be_reached_is_tried_later(client: AsyncWebClient) -> None:
    """No connection at all is no reason to give a message up."""
    client.base_url = "http://127.0.0.1:9/api/"
    outcome = await deliver(client, HERE, _message())
    assert isinstance(outcome, Later)


async def test_refused_blocks_become_words(client: AsyncWebClient, slack: FakeSlack) -> None:
    """A message whose blocks Slack refuses arrives in plain words, complete."""
    rows = [
        [{"type": "raw_text", "text": words} for words in row]
        for row in (("Customer", "MRR"), ("Acme", "$5"))
    ]
    slack.failures.append(refuse("invalid_blocks"))
    table: kit.Block = {"type": "data_table", "caption": "Top", "rows": rows}
    outcome = await deliver(client, HERE, Message(text="Top", blocks=[table]))
    assert isinstance(outcome, Posted)
    words = str(slack.calls[-1].arguments["blocks"])
    assert "Acme · $5" in words
    assert "data_table" not in words


async def test_too_much_text_is_split_not_lost(client: AsyncWebClient, slack: FakeSlack) -> None:
    """A message over the limits goes out in pieces that together say all of it."""
    words = " ".join(f"word{i}" for i in range(4_000))
    outcome = await deliver(client, HERE, _message(words))
    assert isinstance(outcome, Posted)
    assert len(outcome.posts) > 1
    said = " ".join(b["text"]["text"] for call in slack.calls for b in call.arguments["blocks"])
    assert all(f"word{i}" in said for i in (0, 1999, 3999))


async def test_what_is_refused_even_in_words_is_given_up(client: AsyncWebClient, slack: FakeSlack) -> None:
    """A message that Slack takes in no form does not come back for ever."""
    slack.failures.extend([refuse("invalid_blocks"), refuse("msg_too_long")])
    assert await deliver(client, HERE, _message()) == Gone("msg_too_long")
