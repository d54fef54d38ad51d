"""A company that moves, to be worked out by hand. It is noon on 23 November 2026, UTC.

| customer | country | pays a month | |
|---|---|---|---|
| Ann | US | Growth 100.00 since January | and Starter 20.00 since 10 October |
| Ben | DE | Scale 300.00 since January | and Starter 50.00 until 12 October |
| Cal | US | Growth 100.00 since February | left on 20 October |
| Dee | GB | Starter 40.00 EUR a year 480.00 | since 5 October |
| Eve | US | Growth 100.00 from March | left on 30 June, came back with 120.00 on 15 October |
| Fay | DE | Growth 80.00 since January | left on 25 October, came back on 2 November |
| Gus | US | Growth 60.00 | tried from 1 to 15 October, then paid |
| Hal | US | nothing | tried from 10 to 24 October, and no longer |
| Ida | US | nothing | began to try on 20 October for a fortnight, stopped after two days |

October in dollars: 630.00 before it; 20.00 expansion, 60.00 new, 120.00 reactivation, 50.00 contraction,
180.00 churn; 600.00 after it. In euros: 40.00 new.
"""

from storage.records import Interval, Item, SubscriptionStatus
from tests.storage.metrics.company import day
from tests.world import World, customer, price, product, subscription

CANCELED = SubscriptionStatus.CANCELED
PLANS = ("Starter", "Growth", "Scale")
NAMES = ("Ann", "Ben", "Cal", "Dee", "Eve", "Fay", "Gus", "Hal", "Ida")
COUNTRIES = {"Ben": "DE", "Fay": "DE", "Dee": "GB"}


def buys(of, plan, amount, since, until=None, *, count="", **fields):
    money = {name: fields.pop(name) for name in ("currency", "interval") if name in fields}
    bought = price(plan, amount, **money)
    ended = {} if until is None else {"status": CANCELED, "canceled_at": until, "ended_at": until}
    return subscription(
        of,
        of_price=bought,
        id=f"sub_{of}{count}",
        items=(Item(id=f"si_{of}{count}", price=bought),),
        created_at=since,
        started_at=since,
        **{**ended, **fields},
    )


def _tries(of, since, trial_end, **fields):
    return buys(of, "Growth", 6_000, since, trial_start=since, trial_end=trial_end, **fields)


async def found(world: World) -> None:
    """Writes the company."""
    await world.sync(
        *map(product, PLANS),
        *(customer(name, country=COUNTRIES.get(name, "US"), created_at=day(1, 1)) for name in NAMES),
        buys("Ann", "Growth", 10_000, day(1, 1)),
        buys("Ann", "Starter", 2_000, day(10, 10), count="2"),
        buys("Ben", "Scale", 30_000, day(1, 1)),
        buys("Ben", "Starter", 5_000, day(2, 1), day(10, 12), count="2"),
        buys("Cal", "Growth", 10_000, day(2, 1), day(10, 20)),
        buys("Dee", "Starter", 48_000, day(10, 5), currency="eur", interval=Interval.YEAR),
        buys("Eve", "Growth", 10_000, day(3, 1), day(6, 30)),
        buys("Eve", "Growth", 12_000, day(10, 15), count="2"),
        buys("Fay", "Growth", 8_000, day(1, 1), day(10, 25)),
        buys("Fay", "Growth", 8_000, day(11, 2), count="2"),
        _tries("Gus", day(10, 1), day(10, 15)),
        _tries("Hal", day(10, 10), day(10, 24), status=CANCELED, ended_at=day(10, 24)),
        _tries("Ida", day(10, 20), day(11, 3), status=CANCELED, ended_at=day(10, 22)),
    )
