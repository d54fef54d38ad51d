"""Why this number: the receipt of an answer, and the statements behind it."""

from datetime import UTC, timedelta

import pytest
from sqlalchemy import update

from bot.answer import Answer, LeftOut
from bot.assistant import Assistant
from bot.cache import AccountCache
from bot.render import receipt
from bot.why import plan_shown, statements, with_receipt
from storage import models, rates, records
from storage.models import Profile
from tests.world import NOW, World, customer, gone, payment, price, product, subscription

YESTERDAY = NOW - timedelta(days=1)


async def _filled(world: World) -> None:
    """Acme pays in dollars and Beta in euros; Tria is on trial, Gone has left; payments of two days ago."""
    euros, trial = price("P", 9_000, currency="eur"), records.SubscriptionStatus.TRIALING
    ended = {"status": records.SubscriptionStatus.CANCELED, "ended_at": YESTERDAY, "canceled_at": YESTERDAY}
    await world.sync(
        product("P"),
        *map(customer, ("Acme", "Beta", "Tria", "Gone")),
        subscription("Acme", of_price=price("P")),
        subscription("Beta", of_price=euros),
        subscription("Tria", of_price=price("P"), status=trial, trial_end=NOW + timedelta(days=3)),
        subscription("Gone", of_price=price("P"), **ended),
        payment(1, "Acme"),
        payment(2, "Acme", status=records.PaymentStatus.FAILED, failure="card_declined"),
        payment(3, "Gone"),
    )
    async with world.db.tenant(world.account_id) as session:
        await session.execute(update(models.Source).values(synced_at=NOW, backfilled_at=NOW))


async def _asked(world: World, question: str) -> Answer:
    assistant = Assistant(AccountCache(world.db, world.vault), now=lambda: NOW)
    answer = await assistant.ask(question, account_id=world.account_id)
    return await with_receipt(world.db, world.account_id, answer, now=NOW)


async def test_a_receipt_says_what_a_figure_is_made_of(world: World) -> None:
    """Definition, rows counted, what is left out and why, rates and freshness; the contract prints none."""
    await _filled(world)
    await rates.set_rate(world.db, world.account_id, "EUR", "1.1", day=YESTERDAY.date())
    answer = await _asked(world, "what is our MRR?")
    assert answer.value == 10_000 + 9_900
    assert "EUR is converted to USD at the rates of 22 November 2026." in answer.text
    assert answer.receipt is not None
    assert answer.receipt.counted == 2
    assert answer.receipt.left_out == (
        LeftOut(count=1, noun="subscriptions", reason="ended, or called off"),
        LeftOut(count=1, noun="subscriptions", reason="on trial"),
    )
    assert "receipt" not in answer.model_dump()
    said = "\n".join(receipt.lines(answer, UTC))
    for words in ("MRR: sum over counting", "Counted: 2 subscriptions", "on trial", "22 November", "as of"):
        assert words in said


async def test_a_filter_narrows_what_is_left_out_too(world: World) -> None:
    """Of revenue from one customer the failed payment is left out; of another's there is none."""
    await _filled(world)
    acme = await _asked(world, "revenue from Acme this month")
    assert acme.receipt is not None
    assert [(one.count, one.noun, one.reason) for one in acme.receipt.left_out] == [(1, "payments", "failed")]
    other = await _asked(world, "revenue from Beta this month")
    assert other.receipt is not None
    assert (other.receipt.left_out, other.receipt.complete) == ((), True)


async def test_rows_of_the_deleted_are_left_out_of_a_list(world: World) -> None:
    """A payment of a customer whom the source deleted is in no list; the receipt says how many there are."""
    await _filled(world)
    await world.sync(gone(records.Customer, "cus_Gone"))
    answer = await _asked(world, "list payments this month")
    assert answer.receipt is not None
    (left,) = answer.receipt.left_out
    assert (left.count, left.noun) == (1, "payments")
    assert "deleted" in left.reason


async def test_other_currencies_are_left_out_without_rates(world: World) -> None:
    """Without rates a filter on MRR leaves out who is billed in another currency, and the receipt says so."""
    await _filled(world)
    answer = await _asked(world, "how many customers pay over $50?")
    assert answer.receipt is not None
    assert answer.receipt.left_out[0].noun == "customers"
    assert "currency" in answer.receipt.left_out[0].reason


async def test_an_explanation_names_nobody(world: World) -> None:
    """Plan and statements of a question about a customer hold neither its name nor its id."""
    await _filled(world)
    answer = await _asked(world, "MRR of Acme")
    told = repr((plan_shown(answer), await statements(world.db, world.account_id, answer, now=NOW)))
    assert "<16 bytes>" in told
    assert "mrr_span" in told
    for row in await world.rows(Profile):
        assert row.profile_id.hex() not in told
    assert "acme" not in told.lower()


@pytest.mark.parametrize("question", ["colour of the sky?", "tell me about Acme"])
async def test_what_has_no_figure_has_no_receipt(world: World, question: str) -> None:
    """A refusal and a customer's card have nothing to account for, and say so."""
    await _filled(world)
    answer = await _asked(world, question)
    assert answer.receipt is None
    assert list(receipt.lines(answer, UTC)) == ["There is no figure to account for."]
