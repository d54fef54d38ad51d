"""`chewbotta demo`: the invented company in a database of its own."""

import io
import stat
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from rich.console import Console
from sqlalchemy import func, select

from bot.answer import Answer, Kind
from bot.demo import QUESTIONS, bring_up, settings_of, show_off
from bot.questions.grammar import interpret
from bot.questions.outcome import Understood
from bot.questions.vocabulary import Vocabulary
from connectors.demo import SEED
from connectors.demo_company import company, founded_before
from storage.models import MrrSpan
from storage.records import Customer, Interval, Subscription, SubscriptionStatus
from storage.session import Database

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
COUNTING = {SubscriptionStatus.ACTIVE, SubscriptionStatus.PAST_DUE}


@pytest.fixture
def console():
    return Console(file=io.StringIO(), width=100)


@pytest.fixture
def settings(tmp_path):
    return settings_of(tmp_path / "demo")


def mrr_of_company(now):
    """MRR by currency, straight from the subscriptions."""
    totals = {}
    for s in company(seed=SEED, founded=founded_before(NOW), now=now).records[Subscription]:
        if s.status in COUNTING:
            amount = sum(item.price.unit_amount * item.quantity for item in s.items)
            for discount in s.discounts:
                amount *= 1 - discount.percent_off / 100 if discount.duration != "once" else 1
            monthly = amount / 12 if s.items[0].price.interval is Interval.YEAR else amount
            totals[s.currency] = totals.get(s.currency, 0) + round(monthly)
    return totals


async def mrr_of_database(settings, now):
    """MRR by currency, as the cache has worked it out."""
    db = Database.connect(settings.database_url.get_secret_value())
    async with db.tenant(1) as session:
        covers = (MrrSpan.starts_at <= now) & ((MrrSpan.ends_at > now) | MrrSpan.ends_at.is_(None))
        query = select(MrrSpan.currency, func.sum(MrrSpan.mrr)).where(covers).group_by(MrrSpan.currency)
        totals = {currency: int(total) for currency, total in await session.execute(query)}
    await db.dispose()
    return totals


async def test_company_is_read_in_to_the_cent(settings, console):
    """After the sync the cache's MRR is that of the company's subscriptions; a week later it still is."""
    for days in (0, 7):
        now = NOW + timedelta(days=days)
        with time_machine.travel(now, tick=False):
            result = await bring_up(settings, console)
            assert (result.left_out, result.skipped) == ({}, [])
            assert await mrr_of_database(settings, now) == mrr_of_company(now)


@time_machine.travel(NOW, tick=False)
async def test_second_start_finds_everything_there(settings, console):
    """Starting again makes nothing twice."""
    first, again = await bring_up(settings, console), await bring_up(settings, console)
    assert first.read > 3000
    assert (again.read, again.recomputed) == (0, 0)


@time_machine.travel(NOW, tick=False)
async def test_nothing_personal_lies_in_clear(settings, console):
    """No name, address or number of a customer stands in the demo's files, and nobody else may read them."""
    await bring_up(settings, console)
    stored = b"".join(file.read_bytes() for file in settings.chewbotta_home.iterdir())
    customers = company(seed=SEED, founded=founded_before(NOW), now=NOW).records[Customer]
    for customer in customers:
        for secret in filter(None, (customer.name, customer.email, customer.phone, customer.id)):
            assert secret.encode() not in stored
    assert stat.S_IMODE(settings.chewbotta_home.stat().st_mode) == 0o700


def test_demo_keeps_off_other_databases(monkeypatch, tmp_path):
    """Whatever the environment names, the demo stays in its folder."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://real.example/customers")
    monkeypatch.setenv("KEYSTORE_URL", "postgresql://keys.example/customers")
    monkeypatch.setenv("MASTER_KEYS", "not a key")
    settings = settings_of(tmp_path / "demo")
    for url in (settings.database_url, settings.keystore_url):
        assert str(tmp_path / "demo") in url.get_secret_value()
    assert settings.master_keys is None


def test_questions_are_understood_and_each_of_another_kind():
    """The five questions are a figure, a comparison, a table, a chart and a breakdown."""
    words = Vocabulary(
        plans=("Starter", "Growth", "Scale", "Enterprise"), currencies=("usd", "eur", "gbp", "jpy")
    )
    plans = []
    for question in QUESTIONS:
        outcome = interpret(question, None, words, NOW)
        assert isinstance(outcome, Understood), question
        plans.append(outcome.plan)
    shapes = [(p.entity is not None, p.grain is not None, bool(p.by), p.compare is not None) for p in plans]
    assert len(set(shapes)) == len(shapes) == 5
    assert plans[2].entity == "customer"
    assert plans[3].grain is not None


async def test_every_question_is_shown_with_its_answer(console):
    """What is asked stands above what is answered."""

    class Echo:
        async def ask(self, question, *, account_id, conversation=None, follow_up=True):
            return Answer(question=question, kind=Kind.REFUSE, text=f"{account_id} answers {question[::-1]}")

    await show_off(Echo(), 7, console)
    shown = console.file.getvalue()
    for question in QUESTIONS:
        assert shown.index(question) < shown.index(f"7 answers {question[::-1]}")
