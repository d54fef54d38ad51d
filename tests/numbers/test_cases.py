"""Each thing that Stripe can say, from its JSON to the figure; and docs/stripe.md, with a row for each."""

import re
from datetime import UTC, datetime
from pathlib import Path

from storage.keys.vault import Vault
from storage.metrics.plan import Period, Plan
from storage.session import Database
from tests.numbers.cases import CASES, NOW, lists
from tests.numbers.compare import plain
from tests.numbers.loading import load, open_account, records_of

PAGE = Path(__file__).parents[2] / "docs" / "stripe.md"


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


async def test_every_case_gives_the_figure_worked_out_by_hand(db: Database, vault: Vault) -> None:
    """Prices, lives, discounts, bills and money, in current and in older shapes."""
    account = await open_account(db, vault, zone="UTC", currency="usd")
    await load(account, records_of(lists()), _moment(NOW))
    wrong = []
    for case in CASES:
        period = case.period and Period(
            start=_moment(case.period[0]), end=_moment(case.period[1]), label="then"
        )
        who = (await account.id_of("customer", case.customer)).hex()
        for measure, wanted in case.wanted.items():
            found = plain(await account.ask(Plan(measure=measure, customer=who, period=period), _moment(NOW)))
            if found != wanted:
                wrong.append(f"{case.topic} ({case.customer}): {measure} is {found}, not {wanted}")
    assert not wrong, "\n".join(wrong)


def test_the_page_has_a_row_for_every_case() -> None:
    """docs/stripe.md says how each is counted, and says of nothing that no case shows."""
    rows = re.findall(
        r"^\| ([^|]+?) +\| [^|]+ \| (?:\[[^\]]+\]\(https://docs\.stripe\.com/[^)]+\)|—) \|$",
        PAGE.read_text(),
        re.M,
    )
    assert {case.topic for case in CASES} == set(rows)
    assert len(rows) == len(set(rows))
