"""Thoughts in Discord: subscribed to, posted once, only where nobody else reads; posts taken back."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.discord import texts
from bot.discord.courier import DiscordCourier
from bot.discord.posts import REDACTED, DiscordPosts
from bot.discord.rest import Rest
from bot.discord.sending import NONCE
from storage.discord_guilds import place
from storage.models import Alert
from storage.settings import Settings
from storage.trust.messages import Post, PostsUnavailable
from tests.bot.discord.conftest import Stage
from tests.vendors.discord_wire import refuse, slow_down
from thoughts.base import Customer, Money, Thought, Words
from thoughts.digest import Digest
from thoughts.ports import Gone, Item, Later, Letter, LetterKind, Names, Sent, Target

AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
ACME = bytes(16)


@pytest.fixture
async def courier(stage: Stage) -> AsyncIterator[DiscordCourier]:
    rest = Rest(stage.settings)
    yield DiscordCourier(rest, stage.world.db)
    await rest.close()


def _letter(
    stage: Stage, where: str = "private", *, items: int = 1, direct: str | None = None, **more
) -> Letter:
    guild = stage.town.guild
    target = Target(guild.id, f"D{direct}" if direct else guild.channel(where)["id"])
    words = Words(
        ("A payment of ", Money(18900, "usd"), " by ", Customer(ACME), " failed."), ("It is the second try.",)
    )
    thought = Thought(kind="payment_failed", matter="m", occurrence="1", at=AT, facts={}, customer=ACME)
    names = Names(customers={ACME: "Acme @everyone <@1>"})
    given = {"key": "letter-1", "made_at": datetime.now(UTC) - timedelta(minutes=5), **more}
    return Letter(
        kind=LetterKind.THOUGHTS, target=target, zone="UTC", subscription=1, names=names,
        items=(Item(thought, words, "Write to them."),) * items, **given,
    )  # fmt: skip


async def test_a_place_subscribes_and_lists_and_ends(stage: Stage) -> None:
    """`/chewy alerts add`, `list` and `remove` are about the channel where they are typed."""
    town = stage.town
    await town.type(town.ann, "alerts", "list")
    assert (await stage.discord.next_message()).words == texts.NO_ALERTS
    await town.type(town.ann, "alerts", "add", what="failed payments over $500")
    assert "Its number is 1" in (await stage.discord.next_message()).words
    (row,) = await stage.world.rows(Alert)
    assert (row.made_by, row.platform, row.team, row.place) == (
        f"D{town.ann.id}",
        "discord", town.guild.id, town.guild.channel("private")["id"],
    )  # fmt: skip
    await town.type(town.ann, "alerts", "list", channel="guests")
    assert (await stage.discord.next_message()).words == texts.NO_ALERTS
    await town.type(town.ann, "alerts", "list")
    assert "1. failed payments over $500.00" in (await stage.discord.next_message()).words
    await town.type(town.ann, "alerts", "add", what="the weather")
    assert "weather" in (await stage.discord.next_message()).words
    await town.type(town.ann, "alerts", "remove", number=1, channel="guests")
    assert (await stage.discord.next_message()).words == texts.NO_ALERT
    await town.type(town.ann, "alerts", "remove", number=1)
    assert "no longer" in (await stage.discord.next_message()).words
    assert await stage.world.rows(Alert) == []


async def test_a_rule_is_tried_out_before_it_is_saved(stage: Stage) -> None:
    """ "Tell us when ..." is read back with what it would have told, and saved only once somebody says so."""
    town, said = stage.town, "tell us when a customer churns"
    await town.type(town.ann, "alerts", "add", what=said)
    assert "would not have fired" in (await stage.discord.next_message()).words
    assert await stage.world.rows(Alert) == []
    await town.type(town.ann, "alerts", "add", what=said, save=True)
    assert "Its number is 1" in (await stage.discord.next_message()).words
    await town.type(town.ann, "alerts", "add", what="alert #sales when a customer churns", save=True)
    assert (await stage.discord.next_message()).words == texts.RULES_ARE_TOLD_HERE


async def test_nothing_is_subscribed_where_others_read(stage: Stage) -> None:
    """A channel that everybody reads is declined; so is whoever has no role; a direct message is fine."""
    town = stage.town
    await town.type(town.ann, "alerts", "add", channel="open")
    assert (await stage.discord.next_message()).words == texts.ALERTS_READ_BY_OTHERS
    await town.type(town.bob, "alerts", "add")
    assert (await stage.discord.next_message()).words == texts.NO_ROLE
    await town.type(town.ann, "alerts", "add", channel=None)
    assert "Its number is 1" in (await stage.discord.next_message()).words
    (row,) = await stage.world.rows(Alert)
    assert row.place == f"D{town.ann.id}"


async def test_a_thought_is_posted_once(stage: Stage, courier: DiscordCourier) -> None:
    """Posted again under the same key, after a crash, it is still there once; and nobody is called."""
    for _ in range(2):
        outcome = await courier.post(_letter(stage))
        assert isinstance(outcome, Sent)
    (sent,) = stage.discord.sent
    assert outcome.posts == (Post(place(int(stage.town.guild.id), int(sent.channel)), sent.id),)
    assert sent.body.enforce_nonce
    assert len(sent.body.nonce or "") == NONCE
    assert "@everyone" not in sent.words
    assert sent.body.allowed_mentions
    assert sent.body.allowed_mentions.parse == []
    assert "It is the second try." in sent.words
    assert (await courier.post(_letter(stage, key="letter-2"))) != outcome
    assert len(stage.discord.sent) == 2


async def test_a_letter_of_several_names_those_to_call(stage: Stage, courier: DiscordCourier) -> None:
    """The person who asked to be called is called, and nobody else."""
    await courier.post(_letter(stage, items=3, mentions=(stage.town.ann.id, "x")))
    (sent,) = stage.discord.sent
    assert f"<@{stage.town.ann.id}>" in sent.words
    assert sent.body.allowed_mentions
    assert sent.body.allowed_mentions.users == [int(stage.town.ann.id)]
    assert sent.words.count("failed.") == 3
    many = await courier.post(_letter(stage, items=99, key="many"))
    assert isinstance(many, Sent)
    assert len(many.posts) > 1


async def test_a_digest_has_its_chart(stage: Stage, courier: DiscordCourier) -> None:
    """Its title, its lines, what was kept for it, and MRR as a picture."""
    digest = Digest(
        title=("Your week",),
        lines=(("MRR grew by ", Money(5000, "usd"), "."),),
        chart={"usd": (("2026-10", 100), ("2026-11", 5100))},
    )
    letter = replace(_letter(stage), kind=LetterKind.DIGEST, digest=digest)
    assert isinstance(await courier.post(letter), Sent)
    (sent,) = stage.discord.sent
    assert sent.body.content == "Your week"
    assert "• MRR grew by $50.00." in sent.words
    assert "Kept for this digest" in sent.words
    assert "failed." in sent.words
    assert sent.files["chart.png"].startswith(b"\x89PNG")


async def test_a_letter_follows_in_the_thread(stage: Stage, courier: DiscordCourier) -> None:
    """What comes later of a matter replies to what opened it; a direct message reaches who has the role."""
    first = await courier.post(_letter(stage))
    assert isinstance(first, Sent)
    later = _letter(stage, key="letter-2")
    target = Target(later.target.team, later.target.place, thread=first.posts[0])
    await courier.post(replace(later, target=target))
    reference = stage.discord.sent[1].body.message_reference
    assert reference
    assert str(reference.message_id) == first.posts[0].ts
    assert isinstance(await courier.post(_letter(stage, direct=stage.town.ann.id, key="3")), Sent)
    assert await courier.post(_letter(stage, direct=stage.town.bob.id, key="4")) == Gone("no_role")


@pytest.mark.parametrize("where", ["open", "guests"])
async def test_no_thought_is_posted_where_others_read(
    stage: Stage, courier: DiscordCourier, where: str
) -> None:
    """Also where the channel was opened to others after it subscribed: the subscriber is told why."""
    assert await courier.post(_letter(stage, where)) == Gone("read_by_others")
    assert stage.discord.sent == []


async def test_no_thought_is_posted_in_a_server_that_left(stage: Stage, courier: DiscordCourier) -> None:
    """Without a connection nothing is posted, even where Discord would take it."""
    await stage.house.forget(int(stage.town.guild.id))
    assert await courier.post(_letter(stage)) == Gone("not_connected")


async def test_what_discord_does_is_an_outcome(stage: Stage, courier: DiscordCourier) -> None:
    """Forbidden and unknown are for good; out of order is for later, with doubt; told to wait, it waits."""
    failures = stage.discord.failures
    failures.append(refuse(403, 50013, "Missing Permissions"))
    assert await courier.post(_letter(stage)) == Gone("discord_50013")
    failures.append(refuse(503, 0, "unavailable"))
    outcome = await courier.post(_letter(stage))
    assert isinstance(outcome, Later)
    assert outcome.doubtful
    failures.append(slow_down(0.1))
    assert isinstance(await courier.post(_letter(stage)), Sent)
    failures.append(slow_down(3600))
    assert await courier.post(_letter(stage, key="5")) == Later(3600.0, "rate_limited", doubtful=False)


async def test_a_doubtful_letter_is_looked_for(stage: Stage, courier: DiscordCourier) -> None:
    """What stands there is found by what it says; what does not is None."""
    letter = _letter(stage)
    assert await courier.find(letter) is None
    sent = await courier.post(letter)
    assert isinstance(sent, Sent)
    found = await courier.find(letter)
    assert isinstance(found, Sent)
    assert found.posts == sent.posts


async def test_posts_are_taken_back(stage: Stage) -> None:
    """Edited to a sentence without anything else, or deleted; gone is gone, and out of order is for later."""
    await stage.town.mention(stage.town.ann, "biggest customers")
    sent = await stage.discord.next_message()
    rest = Rest(stage.settings)
    posts, where = DiscordPosts(rest), Post(place(1, int(sent.channel)), sent.id)
    assert await posts.redact(where)
    assert sent.words == REDACTED
    assert await posts.delete(where)
    assert sent.deleted
    assert not await posts.delete(where)
    await rest.close()
    nowhere = Rest(Settings(discord_bot_token="x", discord_api_url="http://127.0.0.1:9/api/v10"))  # type: ignore[arg-type]  # pydantic reads them
    with pytest.raises(PostsUnavailable):
        await DiscordPosts(nowhere).delete(where)
