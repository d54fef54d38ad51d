"""Asking in Discord: by command, mention and direct message; answered once, and never in silence."""

import asyncio

import pytest

from storage.models import Message
from storage.trust.messages import list_messages
from tests.bot.discord.conftest import Stage
from tests.vendors.discord_data import APP
from tests.vendors.discord_wire import refuse, slow_down

MRR = "what is our MRR?"


async def test_a_command_is_answered_to_its_asker_alone(stage: Stage) -> None:
    """Acknowledged at once, for one pair of eyes; the answer has the figure and ways on, and is kept."""
    typed = await stage.town.type(stage.town.ann, "ask", question=MRR)
    sent = await stage.discord.next_message()
    assert typed.callback
    assert typed.callback.type == 5
    assert typed.callback.data
    assert typed.callback.data.flags == 64
    assert sent.only_for == stage.town.ann.id
    assert "$78,287.84" in sent.words
    await stage.quiet()
    kept = await list_messages(stage.world.db, stage.world.vault, stage.world.account_id)
    assert [(one.platform, one.kind, one.posts) for one in kept] == [("discord", "number", 0)]


async def test_a_mention_is_answered_by_a_reply(stage: Stage) -> None:
    """In a channel that finance alone reads; nobody is pinged, and where it stands is kept."""
    asked = await stage.town.mention(stage.town.ann, MRR)
    sent = await stage.discord.next_message()
    assert sent.channel == asked["channel_id"]
    assert sent.body.message_reference
    assert str(sent.body.message_reference.message_id) == asked["id"]
    assert sent.body.allowed_mentions
    assert (sent.body.allowed_mentions.parse, sent.body.allowed_mentions.replied_user) == ([], False)
    assert stage.asks.asked[0][0] == MRR
    await stage.quiet()
    (kept,) = await list_messages(stage.world.db, stage.world.vault, stage.world.account_id)
    assert kept.posts == 1


async def test_nobody_is_called_by_a_name(stage: Stage) -> None:
    """A customer called @everyone stays a name: no mention is allowed, and none is left in the text."""
    await stage.town.mention(stage.town.ann, "<@!1> @everyone <@&2>")
    sent = await stage.discord.next_message()
    assert "@everyone" not in sent.words
    assert sent.body.allowed_mentions
    assert sent.body.allowed_mentions.parse == []


async def test_what_is_not_for_us_is_let_be(stage: Stage) -> None:
    """What people say to each other, what apps say, and notices of Discord's are not answered."""
    town = stage.town
    await town.say(town.ann, "private", content=MRR)
    await town.mention(town.robot, MRR)
    await town.mention(town.ann, MRR, type=7)
    await town.mention(town.ann, MRR, webhook_id="5")
    await stage.quiet()
    assert stage.discord.sent == []
    assert stage.asks.asked == []


async def test_a_direct_message_is_answered_to_members(stage: Stage) -> None:
    """Who has the role in a connected server is answered; who has not, or is in none, is told so."""
    await stage.town.write(stage.town.ann, MRR)
    assert "$78,287.84" in (await stage.discord.next_message()).words
    await stage.town.write(stage.town.bob, MRR)
    assert "I do not find you" in (await stage.discord.next_message()).words
    del stage.town.guild.members[stage.town.boss.id]
    await stage.town.write(stage.town.boss, MRR)
    assert "I do not find you" in (await stage.discord.next_message()).words
    assert len(stage.asks.asked) == 1


async def test_follow_ups_stay_in_their_talk(stage: Stage) -> None:
    """A reply to an answer goes on with it, whoever replies; a thread is one talk of its own."""
    town = stage.town
    town.guild.members[town.bob.id] = ["Finance"]
    await town.mention(town.ann, MRR)
    first = await stage.discord.next_message()
    await town.mention(town.bob, "by country?", reply_to=first)
    await stage.discord.next_message()
    await town.mention(town.ann, "and ARR?", "thread")
    await stage.discord.next_message()
    await town.mention(town.bob, "and ARPA?", "thread")
    await stage.discord.next_message()
    talks = [conversation for _, _, conversation in stage.asks.asked]
    assert talks[0] == talks[1]
    assert talks[2] == talks[3] != talks[0]


async def test_a_message_is_answered_once(stage: Stage) -> None:
    """Delivered twice, as after a reconnect, a message and a command are answered once."""
    asked = await stage.town.mention(stage.town.ann, MRR)
    await stage.discord.next_message()
    await stage.discord.gateway.tell("MESSAGE_CREATE", asked)
    await stage.quiet()
    assert len(stage.discord.sent) == 1


async def test_help_is_given_without_asking(stage: Stage) -> None:
    """`/chewy help`, and an empty mention, say how to ask and what."""
    await stage.town.type(stage.town.ann, "help")
    assert "Lists: customers, invoices & payments" in (await stage.discord.next_message()).words
    await stage.town.mention(stage.town.ann, "")
    assert "How to ask me" in (await stage.discord.next_message()).words
    assert stage.asks.asked == []


async def test_a_failure_ends_in_an_apology(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    """With a reference that the log has too; the log has neither the error's text nor the question."""
    await stage.town.type(stage.town.ann, "ask", question="fail")
    sent = await stage.discord.next_message()
    assert "something went wrong" in sent.words
    assert "Globex" not in sent.words
    reference = sent.words.split("`")[1]
    assert len(reference) == 8


async def test_a_slow_answer_shows_work_and_is_given_up(stage: Stage) -> None:
    """In a channel Discord shows that the bot types; after its time an apology says that it took too long."""
    stage.chewy.answering.time_limit = 1.2
    await stage.town.mention(stage.town.ann, "wait")
    assert "took me too long" in (await stage.discord.next_message()).words
    assert stage.discord.typing == 1


async def test_a_command_too_late_for_discord_is_answered_directly(stage: Stage) -> None:
    """When Discord no longer waits, or fifteen minutes have gone, the answer is a direct message."""
    ann = stage.town.ann
    await stage.town.type(ann, "ask", question=MRR, late=True)
    assert (await stage.discord.next_message()).channel == stage.discord.dm_payload(ann)["id"]
    typed = await stage.town.type(ann, "ask", question="wait")
    await asyncio.wait_for(stage.asks.waiting.wait(), 5)
    typed.expired = True
    stage.asks.go.set()
    assert (await stage.discord.next_message()).channel == stage.discord.dm_payload(ann)["id"]


async def test_a_channel_that_cannot_be_written_to(stage: Stage) -> None:
    """Where the bot may not post, the asker learns it in their direct messages."""
    stage.discord.failures.append(refuse(403, 50013, "Missing Permissions"))
    await stage.town.mention(stage.town.ann, MRR)
    sent = await stage.discord.next_message()
    assert sent.channel == stage.discord.dm_payload(stage.town.ann)["id"]
    assert "I may not post in this channel" in sent.words


async def test_an_answer_in_doubt_is_there_once(stage: Stage) -> None:
    """Taken and answered with 502, it is sent again under the same nonce: one answer; a 429 is waited for."""
    stage.discord.forgets_to_say = 1
    await stage.town.mention(stage.town.ann, MRR)
    await stage.discord.next_message()
    await stage.quiet()
    assert len(stage.discord.sent) == 1
    assert sum(call.endswith("/messages") for call in stage.discord.calls) == 2
    stage.discord.failures.append(slow_down(0.1))
    await stage.town.mention(stage.town.ann, MRR)
    assert "$78,287.84" in (await stage.discord.next_message()).words


async def test_many_ask_at_once(stage: Stage) -> None:
    """All are acknowledged and answered, and every answer is kept."""
    typed = [await stage.town.type(stage.town.ann, "ask", question=MRR) for _ in range(30)]
    waits = [asyncio.wait_for(one.acknowledged.wait(), 10) for one in typed]
    await asyncio.gather(*waits)
    for _ in typed:
        await stage.discord.next_message(30)
    await stage.quiet()
    assert len(await stage.world.rows(Message)) == 30


async def test_our_commands_are_told_to_discord(stage: Stage) -> None:
    """`/chewy` with its sub-commands, for servers and direct messages; no privileged intent is asked for."""
    (chewy,) = stage.discord.commands
    assert chewy.name == "chewy"
    assert {option.name for option in chewy.options} == {"ask", "help", "connect", "alerts"}
    assert chewy.contexts == [0, 1]
    (identity,) = stage.discord.gateway.identities
    assert identity["intents"] & (1 << 1 | 1 << 8 | 1 << 15) == 0
    assert APP
