"""The buttons under an answer, pressed as people press them, with everything kept in a real database."""

import csv
import io
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from bot.answer import Answer, LeftOut, Receipt
from bot.slack.app import SlackApp, create_slack_app
from bot.slack.backing import stored
from storage.feedback import list_feedback
from storage.settings import Settings
from tests.bot import answers as example
from tests.bot.asks import BY_HEART, AsksByHeart
from tests.bot.slack.talking import all_of, blocks_of, buttons_of, deliver, direct, mention, press
from tests.vendors.slack import MEMBER, TEAM, Call, FakeSlack, fake_slack
from tests.world import World, make_world

PLAN = {"version": 1, "measure": "mrr"}
FIGURE = example.NUMBER.model_copy(
    update={
        "plan": PLAN,
        "receipt": Receipt(
            definition="What subscriptions bring in a month",
            counted=5,
            left_out=(LeftOut(count=2, noun="subscriptions", reason="on trial"),),
        ),
    }
)
CUSTOMER = "ab" * 16
LIST = example.TABLE.model_copy(
    update={
        "plan": {"version": 1, "entity": "customer"},
        "about": (bytes.fromhex(CUSTOMER),),
        "row_ids": (CUSTOMER, None, None),
        "columns": ("customer", "mrr", "currency"),
        "rows": (("=HYPERLINK(1)", 497400, "usd"), ("Initech", 39990, "jpy"), ("+49 30 1", 1, "eur")),
    }
)


@dataclass
class Stage:
    app: SlackApp
    slack: FakeSlack
    asks: AsksByHeart
    world: World

    async def answer(self, body: dict[str, Any]) -> Call:
        await deliver(self.app, body)
        (call,) = await all_of(self.app, self.slack)
        return call

    async def pressed(self, call: Call, action_id: str, user: str = MEMBER, **more: Any) -> list[Call]:
        await deliver(self.app, press(self.slack, buttons_of(call)[action_id], user, **more))
        return await all_of(self.app, self.slack)


@pytest.fixture
async def stage(world: World, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    monkeypatch.setitem(BY_HEART, FIGURE.question, FIGURE)
    monkeypatch.setitem(BY_HEART, LIST.question, LIST)
    asks = AsksByHeart()
    async with fake_slack() as slack:
        settings = Settings(slack_bot_token="xoxb-1", slack_api_url=f"{slack.address}/api")
        backing = stored(world.db, world.vault)
        app = await create_slack_app(settings, asks, account_id=world.account_id, backing=backing)
        yield Stage(app, slack, asks, world)
        await app.stop()


async def test_a_way_on_runs_its_plan(stage: Stage) -> None:
    """A button under a figure asks the next question by its plan, in the same thread."""
    call = await stage.answer(mention(FIGURE.question, thread_ts="1.0"))
    assert [b["text"]["text"] for b in buttons_of(call).values() if "text" in b][:3] == [
        "By month", "By plan", "By country",
    ]  # fmt: skip
    (after,) = await stage.pressed(call, "way:1")
    assert (after.method, after.arguments["thread_ts"]) == ("chat.postMessage", "1.1")
    plan, account_id = stage.asks.ran[-1]
    assert (plan.measure, plan.by, account_id) == ("mrr", ("plan",), stage.world.account_id)


async def test_a_double_click_is_one_click(stage: Stage) -> None:
    """Two clicks right after each other are answered once, though each has its own trigger id."""
    call = await stage.answer(direct(FIGURE.question))
    await deliver(stage.app, press(stage.slack, buttons_of(call)["way:0"], trigger_id="t7"))
    await deliver(stage.app, press(stage.slack, buttons_of(call)["way:0"], trigger_id="t8"))
    assert len(await all_of(stage.app, stage.slack)) == 1


async def test_a_customer_of_a_list_is_a_click_away(stage: Stage) -> None:
    """The first customers of a list have buttons; their values name nobody in clear."""
    call = await stage.answer(direct(LIST.question))
    button = buttons_of(call)["way:0"]
    assert button["text"]["text"] == "=HYPERLINK(1)"
    assert button["value"].startswith("s.")
    await stage.pressed(call, "way:0")
    assert stage.asks.ran[-1][0].customer == CUSTOMER


@pytest.mark.parametrize("how", ["altered", "another account's", "made up"])
async def test_a_button_that_is_not_ours_does_nothing(stage: Stage, how: str) -> None:
    """A changed or foreign value runs no plan, and says so to whoever pressed."""
    call = await stage.answer(direct(FIGURE.question))
    value = buttons_of(call)["way:0"]["value"]
    if how == "altered":
        value = value[:12] + ("A" if value[12] != "A" else "B") + value[13:]
    elif how == "made up":
        value = "p.e30.00"
    else:
        other = await make_world(stage.world.db, stage.world.vault)
        backing = stage.app.answering.shows.backing
        press_ = await backing.buttons.read(stage.world.account_id, value)
        assert press_ is not None
        [value] = await backing.buttons.make(other.account_id, [press_], personal=True)
    buttons_of(call)["way:0"]["value"] = value
    (said,) = await stage.pressed(call, "way:0")
    assert "do not know that button" in blocks_of(said)
    assert stage.asks.ran == []


async def test_a_guest_cannot_press(stage: Stage) -> None:
    """Whoever may not ask may not press either."""
    stage.slack.users["U2GUEST"] = {"id": "U2GUEST", "team_id": TEAM, "is_restricted": True}
    call = await stage.answer(direct(FIGURE.question))
    (said,) = await stage.pressed(call, "way:0", "U2GUEST")
    assert "you are a guest here" in blocks_of(said)
    assert stage.asks.ran == []


async def test_all_rows_come_as_a_private_file(stage: Stage) -> None:
    """The CSV goes to the asker's direct messages, with amounts in whole units and no formula in it."""
    call = await stage.answer(mention(LIST.question))
    stage.asks.ran.clear()
    BY_HEART[""] = LIST
    (said,) = await stage.pressed(call, "csv")
    del BY_HEART[""]
    assert (said.method, said.arguments["response_type"]) == ("response_url", "ephemeral")
    [(channel, content)] = stage.slack.files
    assert channel == f"D{MEMBER}"
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    assert rows == [
        ["Customer", "MRR", "Currency"],
        ["'=HYPERLINK(1)", "4974.00", "usd"],
        ["Initech", "39990", "jpy"],
        ["'+49 30 1", "0.01", "eur"],
    ]
    assert stage.asks.ran[-1][0].limit == 50_000


async def test_why_is_told_to_whoever_asks(stage: Stage) -> None:
    """The receipt says the definition and what is left out, to one person alone."""
    call = await stage.answer(mention(FIGURE.question))
    BY_HEART[""] = FIGURE
    (said,) = await stage.pressed(call, "why")
    del BY_HEART[""]
    assert said.method == "response_url"
    assert "What subscriptions bring in a month." in blocks_of(said)
    assert "Left out: 2 subscriptions, on trial." in blocks_of(said)


async def test_a_vote_keeps_the_plan_and_no_name(stage: Stage) -> None:
    """Thumbs are counted once a person, with the plan of the answer and nobody's name."""
    named: dict[str, Any] = {"kind": "condition", "field": "owner", "op": "is", "value": "ada@acme.example"}
    secret: Answer = FIGURE.model_copy(update={"plan": {**PLAN, "filters": named}})
    BY_HEART[FIGURE.question] = secret
    call = await stage.answer(mention(FIGURE.question))
    thumbs = buttons_of(call)["vote"]
    for side in ("positive_button", "negative_button"):
        element = {"type": "feedback_buttons", "action_id": "vote", "value": thumbs[side]["value"]}
        container = {"channel_id": "C1", "message_ts": side}
        await deliver(stage.app, press(stage.slack, element, container=container))
        await all_of(stage.app, stage.slack)
    votes = await list_feedback(stage.world.db, stage.world.account_id)
    assert sorted(vote.is_good for vote in votes) == [False, True]
    assert {(vote.kind, vote.interpreter) for vote in votes} == {("number", "grammar")}
    assert all('"owner"' in (vote.plan or "") and "acme" not in (vote.plan or "") for vote in votes)


async def test_what_was_withheld_is_seen_in_private(stage: Stage) -> None:
    """In a channel with a guest the button shows the answer to a member who presses it, and to no guest."""
    stage.slack.users["U2GUEST"] = {"id": "U2GUEST", "team_id": TEAM, "is_restricted": True}
    stage.slack.channels["C1"] = {"members": [MEMBER, "U2GUEST"]}
    call = await stage.answer(mention(LIST.question))
    assert "people from outside" in blocks_of(call)
    (refused,) = await stage.pressed(call, "see", "U2GUEST")
    assert "you are a guest here" in blocks_of(refused)
    (shown,) = await stage.pressed(call, "see")
    assert (shown.method, shown.arguments["response_type"]) == ("response_url", "ephemeral")


async def test_a_workspace_without_charts_gets_a_picture(stage: Stage) -> None:
    """Where Slack's charts are refused, the chart is an uploaded picture that says its figures."""
    stage.slack.refused_blocks = frozenset({"data_visualization", "context_actions"})
    call = await stage.answer(direct(example.SERIES.question))
    assert '"image"' in blocks_of(call)
    assert "Oct 2026: $78,274.47" in blocks_of(call)
    [(channel, content)] = stage.slack.files
    assert channel is None
    assert content.startswith(b"\x89PNG")


async def test_a_workspace_without_files_gets_bars_of_text(stage: Stage) -> None:
    """Where no picture can be uploaded either, the series is drawn with characters."""
    stage.slack.refused_blocks = frozenset({"data_visualization"})
    stage.slack.errors["files.getUploadURLExternal"] = "missing_scope"
    call = await stage.answer(direct(example.SERIES.question))
    assert "████" in blocks_of(call)
