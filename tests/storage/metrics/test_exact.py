"""Amounts times rates, added up by either database: to the minor unit, as fractions add up."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import BigInteger, Integer, column, select, values

from storage.exact import ExactRate, converted, converted_sum
from tests.world import World

pytestmark = pytest.mark.asyncio(loop_scope="module")

GROUPS = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.one_of(st.integers(-(10**6), 10**12), st.integers(0, 100)),
        st.one_of(
            st.sampled_from(["0.5", "1", "1.25", "0.05", "2.5"]).map(Fraction),
            st.fractions("1/1000000", 100_000, max_denominator=10**9),
        ),
    ),
    min_size=1,
    max_size=9,
)


@given(rows=GROUPS)
@settings(max_examples=40)
async def test_sql_adds_up_to_the_minor_unit(
    shared_world: World, rows: list[tuple[int, int, Fraction]]
) -> None:
    """What the database makes of amounts and rates, ties and all, is what fractions make of them."""
    columns = (column("place", Integer), column("amount", BigInteger), column("rate", ExactRate))
    table = values(*columns, name="given").data(rows).cte("given").c
    summed = select(table.place, converted_sum(table.amount, table.rate)).group_by(table.place)
    async with shared_world.db.tenant(shared_world.account_id, read_only=True) as session:
        sums = {place: int(found) for place, found in await session.execute(summed)}
        (each,) = zip(*await session.execute(select(converted(table.amount, table.rate))), strict=True)
    exact: dict[int, Fraction] = {}
    for place, amount, rate in rows:
        exact[place] = exact.get(place, Fraction(0)) + amount * rate
    assert sums == {place: round(value) for place, value in exact.items()}
    assert sorted(map(int, each)) == sorted(round(amount * rate) for _, amount, rate in rows)
