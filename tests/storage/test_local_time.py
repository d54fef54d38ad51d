"""Days of time zones in SQL, on both databases alike."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import bindparam, literal, null, select

from storage.local_time import LastMomentOfDay
from storage.session import Database
from storage.types import Instant


@pytest.mark.parametrize(
    ("moment", "zone", "midnight"),
    [
        (datetime(2026, 10, 15, tzinfo=UTC), "UTC", datetime(2026, 10, 16, tzinfo=UTC)),
        (datetime(2026, 10, 15, 23, 59, 59, 999_999, UTC), "UTC", datetime(2026, 10, 16, tzinfo=UTC)),
        (datetime(2026, 10, 15, 23, tzinfo=UTC), "Europe/Berlin", datetime(2026, 10, 16, 22, tzinfo=UTC)),
        # Days of 25 and of 23 hours, and one whose midnight the clocks skip.
        (datetime(2026, 10, 25, 1, tzinfo=UTC), "Europe/Berlin", datetime(2026, 10, 25, 23, tzinfo=UTC)),
        (datetime(2026, 3, 29, 5, tzinfo=UTC), "Europe/Berlin", datetime(2026, 3, 29, 22, tzinfo=UTC)),
        (datetime(2026, 4, 23, 20, tzinfo=UTC), "Africa/Cairo", datetime(2026, 4, 23, 22, tzinfo=UTC)),
        (datetime(1969, 12, 31, 12, tzinfo=UTC), "Pacific/Auckland", datetime(1970, 1, 1, 12, tzinfo=UTC)),
    ],
)
async def test_the_last_moment_of_a_day(db: Database, moment: datetime, zone: str, midnight: datetime):
    """It is the instant before the next midnight of that zone, however long the day."""
    asked = LastMomentOfDay(bindparam(None, moment, type_=Instant), zone)
    async with db.system() as session:
        assert await session.scalar(select(asked)) == midnight - timedelta(microseconds=1)


async def test_no_moment_has_no_day(db: Database):
    """NULL gives NULL."""
    async with db.system() as session:
        nothing = select(LastMomentOfDay(null().cast(Instant), "UTC"), literal(1))
        assert (await session.execute(nothing)).one() == (None, 1)
