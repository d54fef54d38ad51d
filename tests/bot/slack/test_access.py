"""Who sees what, where: the whole matrix, asked as people ask."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from bot.slack.app import SlackApp, create_slack_app
from bot.slack.backing import in_memory
from bot.slack.people import Refusal
from storage.chat_access import Channel, Role, Rules
from storage.settings import Settings
from tests.bot import answers as example
from tests.bot.asks import AsksByHeart
from tests.bot.slack.talking import all_of, blocks_of, command, deliver, direct, mention
from tests.vendors.slack import MEMBER, TEAM, Call, FakeSlack, fake_slack

_HERE = {"team_id": TEAM}
PEOPLE: Mapping[str, dict[str, Any] | None] = {
    "owner": {**_HERE, "is_owner": True},
    "member": _HERE,
    "viewer": _HERE,
    "in a group of viewers": _HERE,
    "shut out": _HERE,
    "guest": {**_HERE, "is_restricted": True},
    "guest of one channel": {**_HERE, "is_restricted": True, "is_ultra_restricted": True},
    "of another company": {"team_id": "T9"},
    "stranger": {**_HERE, "is_stranger": True},
    "app": {**_HERE, "is_bot": True},
    "deactivated": {**_HERE, "deleted": True},
    "unknown": None,
}
IDS = {who: f"U{number:03}" for number, who in enumerate(PEOPLE)}
GROUP = "S001"
RULES = Rules(
    people={IDS["viewer"]: Role.VIEWER, IDS["shut out"]: Role.NONE},
    groups={GROUP: Role.VIEWER},
)
ALONE = ("owner", "member")
PLACES: Mapping[str, dict[str, Any]] = {
    "direct message": {},
    "command": {},
    "channel": {"members": [IDS[who] for who in ALONE]},
    "with a viewer": {"members": [IDS[who] for who in (*ALONE, "viewer")]},
    "with somebody shut out": {"members": [IDS[who] for who in (*ALONE, "shut out")]},
    "with a guest": {"members": [IDS[who] for who in (*ALONE, "guest")]},
    "Slack Connect": {"members": [IDS["member"]], "is_ext_shared": True},
    "invited to": {"members": [IDS["member"]], "is_pending_ext_shared": True},
    "of the organisation": {"members": [IDS["member"]], "is_org_shared": True},
    "of other teams": {"members": [IDS["member"]], "shared_team_ids": [TEAM, "T9"]},
    "with a guest, figures allowed": {"members": [IDS[who] for who in (*ALONE, "guest")]},
    "unlisted": {"members": [IDS["member"]]},
}
CHANNELS = {place: f"C{number:03}" for number, place in enumerate(PLACES)}

MONEY, COUNT, NAMES = example.NUMBER.question, example.BREAKDOWN.question, example.TABLE.question

# For each place what becomes of a figure of money, a count, and a list of customers:
# A answered, N answered without amounts, W withheld and offered in private, R refused.
MATRIX: Mapping[str, tuple[tuple[str, ...], Mapping[str, str]]] = {
    "sees everything": (
        ("owner", "member"),
        {
            "direct message": "AAA",
            "command": "AAA",
            "channel": "AAA",
            "with a viewer": "WAW",
            "with somebody shut out": "WWW",
            "with a guest": "WWW",
            "Slack Connect": "WWW",
            "invited to": "WWW",
            "of the organisation": "WWW",
            "of other teams": "WWW",
            "with a guest, figures allowed": "AAW",
            "unlisted": "RRR",
        },
    ),
    "sees no money": (
        ("viewer",),
        {
            "direct message": "NAN",
            "command": "NAN",
            "channel": "NAN",
            "with a viewer": "NAN",
            "with a guest": "WWW",
            "with a guest, figures allowed": "NAW",
            "unlisted": "RRR",
        },
    ),
    "sees nothing": (
        ("shut out", "guest", "guest of one channel", "of another company", "stranger", "app", "deactivated",
         "unknown"),
        {"direct message": "RRR", "command": "RRR", "channel": "RRR", "with a guest": "RRR"},
    ),
}  # fmt: skip
CASES = [
    (who, place, outcomes)
    for people, places in MATRIX.values()
    for who in people
    for place, outcomes in places.items()
]


@dataclass
class GivenRules:
    """Rules that a test gives; `noted` are the refusals."""

    given: Rules = field(default_factory=Rules)
    noted: list[tuple[str, Refusal]] = field(default_factory=list)

    async def rules(self, account_id: int) -> Rules:
        return self.given

    async def refused(self, account_id: int, user: str, refusal: Refusal) -> None:
        self.noted.append((user, refusal))


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with fake_slack() as running:
        for who, user in PEOPLE.items():
            if user is not None:
                running.users[IDS[who]] = {"id": IDS[who], **user}
        running.channels = {CHANNELS[place]: about for place, about in PLACES.items()}
        running.groups = {GROUP: [IDS["in a group of viewers"]]}
        yield running


@pytest.fixture
def chosen() -> GivenRules:
    return GivenRules(RULES)


@pytest.fixture
async def app(slack: FakeSlack, chosen: GivenRules) -> AsyncIterator[SlackApp]:
    settings = Settings(slack_bot_token="xoxb-1", slack_api_url=f"{slack.address}/api")
    backing = replace(in_memory(), rules=chosen)
    made = await create_slack_app(settings, AsksByHeart(), account_id=7, backing=backing)
    yield made
    await made.stop()


def _asked(slack: FakeSlack, who: str, place: str, question: str) -> dict[str, Any]:
    if place == "direct message":
        return direct(question, IDS[who], ts=question)
    if place == "command":
        return command(slack, question, IDS[who], trigger_id=question)
    return mention(question, IDS[who], CHANNELS[place], ts=question)


def _became(call: Call, place: str) -> str:
    said = blocks_of(call)
    if "See it privately" in said:
        return "W"
    if any(
        word in said for word in ("I answer members", "given you access", "do not answer in this channel")
    ):
        assert place in ("direct message",) or call.method in ("chat.postEphemeral", "response_url")
        return "R"
    if "not amounts of money" in said or "Amounts are not shown" in said:
        return "N"
    return "A"


@pytest.mark.parametrize(("who", "place", "outcomes"), CASES, ids=lambda value: str(value).replace(" ", "_"))
async def test_who_sees_what_where(
    app: SlackApp, slack: FakeSlack, chosen: GivenRules, who: str, place: str, outcomes: str
) -> None:
    """Each person, asking in each kind of place, gets what the matrix says, and outsiders see no more."""
    if place in ("unlisted", "with a guest, figures allowed"):
        listed = CHANNELS["with a guest, figures allowed"]
        chosen.given = replace(RULES, channels={listed: Channel.FIGURES})
    found = ""
    for question in (MONEY, COUNT, NAMES):
        await deliver(app, _asked(slack, who, place, question))
        (call,) = await all_of(app, slack)
        became = _became(call, place)
        if became != "A":
            assert "$" not in blocks_of(call)
        if became in "RW":
            assert "Globex" not in str(call.arguments)
        found += became
    assert found == outcomes
    assert bool(chosen.noted) == ("R" in outcomes)


async def test_a_group_may_be_given_less_or_more(app: SlackApp, slack: FakeSlack, chosen: GivenRules) -> None:
    """With everybody shut out, a user group is let in with its own role; the others are not."""
    chosen.given = Rules(everybody=Role.NONE, groups={GROUP: Role.VIEWER})
    outcomes = []
    for who in ("in a group of viewers", "member", "owner"):
        await deliver(app, direct(MONEY, IDS[who], ts=who))
        outcomes += [_became(call, "direct message") for call in await all_of(app, slack)]
    assert outcomes == ["N", "R", "A"]
    assert chosen.noted == [(IDS["member"], Refusal.NOT_ALLOWED)]


@pytest.mark.parametrize("method", ["conversations.info", "conversations.members", "users.list"])
async def test_where_slack_does_not_say_who_is_there_nothing_is_shown(
    app: SlackApp, slack: FakeSlack, method: str
) -> None:
    """Without the scope to look, a channel counts as one with outsiders."""
    slack.errors[method] = "missing_scope"
    await deliver(app, mention(MONEY, IDS["member"], CHANNELS["channel"]))
    (call,) = await all_of(app, slack)
    assert _became(call, "channel") == "W"


async def test_a_plain_workspace_costs_three_look_ups_a_minute(
    app: SlackApp, slack: FakeSlack, chosen: GivenRules
) -> None:
    """Who is where is asked once, not with every question; without guests nobody looks at the members."""
    chosen.given = Rules()
    slack.users = {MEMBER: {"id": MEMBER, "team_id": TEAM}}
    for number in range(3):
        await deliver(app, mention(MONEY, MEMBER, "C777", ts=str(number)))
        await all_of(app, slack)
    asked = [call.method for call in slack.calls if not call.method.startswith(("chat.", "auth."))]
    assert sorted(asked) == ["conversations.info", "users.info", "users.list"]


async def test_posting_where_outsiders_are_warns(app: SlackApp, slack: FakeSlack, chosen: GivenRules) -> None:
    """Before something is posted into a shared channel, and where figures are allowed there, it is said who
    else sees it."""
    access = app.answering.shows.access
    assert await access.warning(7, TEAM, CHANNELS["channel"]) is None
    assert "people from outside" in (await access.warning(7, TEAM, CHANNELS["Slack Connect"]) or "")
    place = CHANNELS["with a guest, figures allowed"]
    chosen.given = replace(RULES, channels={place: Channel.FIGURES})
    await deliver(app, mention(MONEY, IDS["member"], place))
    (call,) = await all_of(app, slack)
    assert "People from outside see this channel" in blocks_of(call)
