"""Buttons under answers in Discord: choose, ask on, why, CSV, share; for those who may ask."""

from hypothesis import given
from hypothesis import strategies as st

from bot.discord.buttons import Act, Button, custom_id, pressed
from bot.render import discord_kit as kit
from storage.models import KeptButton
from tests.bot.discord.conftest import Stage
from tests.vendors.discord_wire import Sent

MRR = "what is our MRR?"


async def _asked(stage: Stage, question: str = MRR) -> Sent:
    await stage.town.type(stage.town.ann, "ask", question=question)
    return await stage.discord.next_message()


async def test_a_choice_asks_the_question_behind_it(stage: Stage) -> None:
    """Pressing one of two readings in a channel answers there, as a reply, in the same talk."""
    await stage.town.mention(stage.town.ann, "mrr of Northwind")
    sent = await stage.discord.next_message()
    assert list(sent.buttons) == ["Northwind · northwind.example", "Northwind · north.example"]
    assert await stage.town.press(stage.town.ann, sent, "Northwind · north.example")
    answer = await stage.discord.next_message()
    assert (answer.only_for, answer.channel) == (None, sent.channel)
    assert [question for question, *_ in stage.asks.asked] == ["mrr of Northwind", "mrr of north.example"]
    assert stage.asks.asked[0][2] == stage.asks.asked[1][2]


async def test_a_way_on_runs_its_plan(stage: Stage) -> None:
    """A step further under a private answer is answered in private."""
    sent = await _asked(stage)
    assert "By month" in sent.buttons
    await stage.town.press(stage.town.ann, sent, "By month")
    answer = await stage.discord.next_message()
    assert answer.only_for == stage.town.ann.id
    (ran,) = stage.asks.ran
    assert ran[0].grain == "month"


async def test_why_tells_the_receipt_to_one_person(stage: Stage) -> None:
    """Also under a public answer only the one who asks why sees it."""
    await stage.town.mention(stage.town.ann, MRR)
    sent = await stage.discord.next_message()
    await stage.town.press(stage.town.ann, sent, "Why this number?")
    told = await stage.discord.next_message()
    assert told.only_for == stage.town.ann.id
    assert "MRR is what comes in every month" in told.words


async def test_all_rows_come_as_a_private_file(stage: Stage) -> None:
    """As CSV without formulas, asked for without the list's limit."""
    sent = await _asked(stage, "biggest customers")
    await stage.town.press(stage.town.ann, sent, "All as CSV")
    file = await stage.discord.next_message()
    assert file.only_for == stage.town.ann.id
    assert list(file.files) == ["biggest-customers.csv"]
    assert b"Globex Corporation" in file.files["biggest-customers.csv"]
    (ran,) = stage.asks.ran
    assert (ran[0].limit or 0) > 1_000


async def test_an_answer_is_shared_once(stage: Stage) -> None:
    """Where all who read the channel may see it; a second press, or a double click, posts nothing more."""
    sent = await _asked(stage)
    for _ in range(2):
        await stage.town.press(stage.town.ann, sent, "Share in channel")
    shared = await stage.discord.next_message()
    assert (shared.only_for, "$78,287.84" in shared.words) == (None, True)
    assert "Shared" in (await stage.discord.next_message()).words
    stage.chewy.presses.clock = lambda: 10**9
    await stage.town.press(stage.town.ann, sent, "Share in channel")
    assert "Shared" in (await stage.discord.next_message()).words
    await stage.quiet()
    assert sum(one.only_for is None for one in stage.discord.sent) == 1


async def test_an_answer_is_not_shared_with_others(stage: Stage) -> None:
    """Where people without the role read, sharing is declined, and only the asker learns of it."""
    await stage.town.type(stage.town.ann, "ask", question=MRR, channel="open")
    sent = await stage.discord.next_message()
    await stage.town.press(stage.town.ann, sent, "Share in channel", "open")
    told = await stage.discord.next_message()
    assert (told.only_for, "did not share" in told.words) == (stage.town.ann.id, True)
    assert all(one.only_for for one in stage.discord.sent)


async def test_buttons_are_for_those_who_may_ask(stage: Stage) -> None:
    """Whoever has no role is refused at every button, whatever it does; nothing is run for them."""
    sent = await _asked(stage)
    reference = sent.buttons["Why this number?"].split(":")[2]
    for act in Act:
        number = ":0" if act is Act.ASK else ""
        await stage.town.press_forged(stage.town.bob, sent, f"chewy:{act}:{reference}{number}")
        told = await stage.discord.next_message()
        assert (told.only_for, "certain roles" in told.words) == (stage.town.bob.id, True)
    assert stage.asks.ran == []


async def test_a_forged_button_does_nothing(stage: Stage) -> None:
    """A reference, a number or an act that is none of ours is answered with a kind word."""
    sent = await _asked(stage)
    reference = sent.buttons["Why this number?"].split(":")[2]
    for forged in ("chewy:why:" + "0" * 32, "chewy:ask:{}:9", "chewy:none:{}", "x", "chewy:why:{}0"):
        await stage.town.press_forged(stage.town.ann, sent, forged.format(reference))
        assert "do not know that button" in (await stage.discord.next_message()).words
    assert stage.asks.ran == []


async def test_what_a_button_stands_for_is_sealed(stage: Stage) -> None:
    """Discord has a number alone; the question and the plan are sealed in the account's rows."""
    sent = await _asked(stage)
    assert all(len(one) <= kit.CUSTOM_ID for one in sent.buttons.values())
    (row,) = await stage.world.rows(KeptButton)
    assert b"MRR" not in row.sealed
    assert not row.personal


@given(
    act=st.sampled_from(Act),
    number=st.none() | st.integers(0, 24),
    reference=st.binary(min_size=16, max_size=16),
)
def test_a_custom_id_is_read_back(act: Act, number: int | None, reference: bytes) -> None:
    """Within Discord's hundred characters, whatever the button."""
    custom = custom_id(Button(act, "x", number), reference)
    assert len(custom) <= kit.CUSTOM_ID
    found = pressed(custom)
    assert found
    assert (found.act, found.reference, found.number) == (act, reference, number)


async def test_a_chart_goes_with_a_series(stage: Stage) -> None:
    """As a picture in the embed, with words for those who cannot see it."""
    sent = await _asked(stage, "MRR by month this year")
    assert sent.files["chart.png"].startswith(b"\x89PNG")
    assert sent.body.embeds[0].image
    assert sent.body.embeds[0].image.url == "attachment://chart.png"
    assert sent.body.attachments[0].description == "Chart: MRR by month, this year."
