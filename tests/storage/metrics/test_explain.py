"""Every statement that a question makes: of one account, reading only, limited in rows and in time."""

import re
from collections.abc import Iterator
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
from sqlalchemy import literal_column, select, update
from sqlalchemy.exc import DBAPIError

from storage.metrics import catalog, periods, rows
from storage.metrics.catalog import Span
from storage.metrics.explain import Statement, explained
from storage.metrics.plan import Condition, Grain, Op, Order, Plan
from storage.metrics.run import run
from storage.metrics.scope import Asking, Unanswerable
from storage.models import Base, Customer, Profile, Tenant
from storage.models.base import table_of
from tests.world import NOW, World

pytestmark = pytest.mark.asyncio(loop_scope="module")

OCTOBER = periods.resolve(periods.month(10, 2026), NOW, ZoneInfo("UTC"))
TENANTS = {table_of(m.class_).name for m in Base.registry.mappers if issubclass(m.class_, Tenant)}
MENTIONED = re.compile(r"(?:FROM|JOIN|,)\s+(\w+)(?: AS (\w+))?")
SINGLE = re.compile(r"SELECT (?:count|max|min|sum|coalesce)\([^,]*\) AS \w+\s*\n?FROM")


def plans() -> Iterator[Plan]:
    """Every metric as it is, cut, and over time with a filter by size; every list, also ranked."""
    over = Condition(field="mrr", op=Op.OVER, value=1)
    for metric in catalog.METRICS.values():
        period = OCTOBER if metric.span is Span.FLOW else None
        yield Plan(measure=metric.name, period=period, filters=over if metric.only_now else None)
        if metric.dimensions:
            yield Plan(measure=metric.name, period=period, by=metric.dimensions[:1])
        if not metric.only_now:
            yield Plan(measure=metric.name, period=OCTOBER, grain=Grain.MONTH, filters=over)
    for entity in catalog.ENTITIES.values():
        yield Plan(entity=entity.name)
        for field in {"amount", "mrr"} & set(entity.columns):
            yield Plan(entity=entity.name, order=Order(field=field))


async def statements(world: World, plan: Plan, *, analyse: bool = False) -> list[Statement]:
    asking = Asking(world.account_id, "usd", "UTC", NOW, ("eur", "usd"))
    async with world.db.tenant(world.account_id, read_only=True, timeout=20) as session:
        try:
            return await explained(session, plan, asking, analyse=analyse)
        except Unanswerable:
            return []


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def all_statements(company: World) -> list[str]:
    """What all plans together send, each once; on PostgreSQL, which keeps accounts apart itself, some."""
    asked = list(plans())[:: 3 if company.db.is_postgres else 1]
    return sorted({one.sql for plan in asked for one in await statements(company, plan)})


async def test_every_statement_is_held_to_one_account(all_statements: list[str]) -> None:
    """Whatever is asked, each table of tenants in each statement is asked for one account's rows."""
    seen: set[str] = set()
    assert len(all_statements) > 50
    for sql in all_statements:
        assert sql.lstrip().startswith(("SELECT", "WITH")), sql
        for table, alias in MENTIONED.findall(sql):
            if table in TENANTS:
                assert f"{alias or table}.account_id = " in sql, sql
                seen.add(table)
    assert {"mrr_span", "movement", "profile", "payment", "refund", "invoice", "currency_rate"} <= seen


async def test_every_statement_is_limited_in_rows(all_statements: list[str]) -> None:
    """A statement gives a page, one value, rows of a page's customers, or rates; all else has a limit."""
    for sql in all_statements:
        of_a_page = re.search(r"profile_id IN \(|= ANY \(", sql)
        a_rate = "currency_rate.rate" in sql
        assert "LIMIT" in sql or SINGLE.search(sql) or of_a_page or a_rate, sql


async def test_more_rows_than_the_limit_are_refused(company: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What has too many parts is not answered with some of them."""
    monkeypatch.setattr(rows, "MOST_ROWS", 2)
    asking = Asking(company.account_id, "usd", "UTC", NOW)
    async with company.db.tenant(company.account_id, read_only=True) as session:
        with pytest.raises(Unanswerable, match="too many parts"):
            await run(session, Plan(measure="mrr", by=("plan", "country")), asking)


async def test_a_session_that_answers_cannot_write(company: World) -> None:
    """The database itself refuses a change in a session that is opened to answer."""
    async with company.db.tenant(company.account_id, read_only=True) as session:
        with pytest.raises(DBAPIError, match=r"read-?only"):
            await session.execute(update(Profile).values(country="XX"))


async def test_a_statement_ends_after_its_time(company: World) -> None:
    """A statement that runs longer than the session allows is ended by the database."""
    counting = select(literal_column("1").label("n")).cte("counting", recursive=True)
    counting = counting.union_all(select(counting.c.n + 1).where(counting.c.n < 10**9))
    with pytest.raises(DBAPIError):
        async with company.db.tenant(company.account_id, read_only=True, timeout=0.05) as session:
            await session.execute(select(counting.c.n).order_by(counting.c.n.desc()).limit(1))


async def test_values_stand_apart_and_name_nobody(company: World) -> None:
    """A statement holds no value; among its parameters a customer is sixteen bytes, without saying which."""
    people = await company.rows(Customer)
    for profile_id in [row.profile_id for row in await company.rows(Profile)]:
        found = await statements(company, Plan(measure="mrr", customer=profile_id.hex()), analyse=True)
        told = repr(found)
        assert "<16 bytes>" in found[0].parameters
        assert profile_id.hex() not in told
        assert repr(profile_id) not in told
        assert not any(row.id.hex() in told for row in people)


async def test_the_database_tells_its_plan(company: World) -> None:
    """With `analyse` each statement comes with how the database goes about it."""
    found = await statements(company, Plan(measure="revenue", period=OCTOBER), analyse=True)
    assert len(found) >= 2
    assert all(statement.plan for statement in found)
    assert any("ix_payment_created" in line or "payment" in line for line in found[0].plan)
    assert all(statement.milliseconds >= 0 for statement in found)
