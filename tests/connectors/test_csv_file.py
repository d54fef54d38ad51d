"""Customers and subscriptions from a file: mapped by header, read strictly, imported whole or not at all."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.csv_file.load import NotAFileError, load, open_source
from connectors.csv_file.rows import Read, read_rows
from connectors.csv_file.table import FileError, read_table
from connectors.registry import connector_class
from storage import models, records
from storage.records import Customer, Subscription, SubscriptionStatus
from tests.e2e.machine import Machine, machine_in
from tests.world import World

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
FILE = """\
Customer ID,Company,Billing Email,Country,Plan,MRR,Started,Ended,Notes
1,"Acme, Inc.",ada@acme.example,Germany,Growth,"1,200.50 €",2026-01-15,,a secret
2,Globex,bob@globex.example,US,Starter,$49,2026-02-01,2026-06-01,
3,Initech,,,,,,,
"""


def read(text: str, **given: str) -> Read:
    return read_rows(read_table(text.encode(), given), currency="usd", now=NOW)


def only(found: Read, kind: type[records.Record]) -> list[records.Record]:
    assert found.bad == []
    return [one for one in found.records if isinstance(one, kind)]


def test_headers_are_understood_and_the_rest_is_left_out() -> None:
    """By everyday names, whatever their case and punctuation; what is not understood is named."""
    table = read_table(FILE.encode())
    assert dict(table.columns) == {
        "customer_id": "Customer ID", "name": "Company", "email": "Billing Email", "country": "Country",
        "plan": "Plan", "amount": "MRR", "started": "Started", "ended": "Ended",
    }  # fmt: skip
    assert table.left_out == ("Notes",)
    assert "a secret" not in repr(read(FILE).records)


def test_rows_become_customers_and_subscriptions() -> None:
    """Amounts in their currency's minor units, countries as codes, what has ended as canceled."""
    found = read(FILE)
    acme, globex, initech = only(found, Customer)
    assert (acme.id, acme.name, acme.email, acme.country) == ("1", "Acme, Inc.", "ada@acme.example", "DE")  # type: ignore[attr-defined]  # a Customer
    assert (globex.country, initech.name) == ("US", "Initech")  # type: ignore[attr-defined]  # Customers
    growth, starter = only(found, Subscription)
    assert isinstance(growth, Subscription)
    assert isinstance(starter, Subscription)
    assert (growth.items[0].price.unit_amount, growth.currency, growth.status) == (120_050, "eur", "active")
    assert (starter.items[0].price.unit_amount, starter.currency) == (4_900, "usd")
    assert (starter.status, starter.ended_at) == (
        SubscriptionStatus.CANCELED,
        datetime(2026, 6, 1, tzinfo=UTC),
    )
    assert (found.customers, found.subscriptions) == (3, 2)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("1,A,x@y.example,DE,Pro,ten,2026-01-01,", "line 2: amount cannot be read"),
        ("1,A,x@y.example,DE,Pro,10,03/04/2026,", "line 2: started is no date: write it as 2026-03-31"),
        ("1,A,nobody,DE,Pro,10,2026-01-01,", "line 2: email is no e-mail address"),
        ("1,A,x@y.example,Narnia,Pro,10,2026-01-01,", "line 2: country is no country"),
        ("1,A,x@y.example,DE,Pro,10,2026-02-01,2026-01-01", "line 2: ended before it started"),
        ("1,A,x@y.example,DE,Pro,10,,", "line 2: says not since when"),
        (",,,DE,Pro,10,2026-01-01,", "line 2: says not which customer it is"),
        ("1,A,,,Pro,10,2026-01-01,\n1,B,,,Max,10,2026-01-01,", "line 3: has another name"),
        ("1,A,,,Pro,10,2026-01-01,\n1,A,,,Pro,20,2026-01-01,", "line 3: is the same subscription as line 2"),
        ("1,A,,,Pro,10.5 jpy,2026-01-01,", "line 2: amount cannot be read"),
    ],
)
def test_what_is_wrong_is_said_by_line(row: str, reason: str) -> None:
    """With what to write, and without what stands there."""
    found = read(f"id,name,email,country,plan,mrr,started,ended\n{row}\n")
    assert len(found.bad) == 1
    assert str(found.bad[0]).startswith(reason)
    assert "nobody" not in str(found.bad[0])
    assert "Narnia" not in str(found.bad[0])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "No column says which customer"),
        ("plan,mrr\nPro,10\n", "No column says which customer"),
        ("id,name\n", "no rows"),
        ("id,name\n1\n", "Line 2 has 1 cells, the header has 2"),
        ('id,name\n1,"Ac"me"\n', "quotation mark"),
        ("id,mrr,price\n1,2,3\n", "Both 'mrr' and 'price' mean amount"),
    ],
)
def test_what_is_no_table_is_refused(text: str, reason: str) -> None:
    """In one sentence that says what to change."""
    with pytest.raises(FileError, match=reason):
        read(text)


def test_an_amount_says_how_often_it_is_billed() -> None:
    """By a column, or by being called MRR or ARR; never by a guess."""
    (bad,) = read("id,amount,started\n1,120,2026-01-01\n").bad
    assert "says not how often" in str(bad)
    (yearly,) = only(read("id,arr,started\n1,120,2026-01-01\n"), Subscription)
    (quarterly,) = only(read("id,amount,billed,started\n1,120,Quarterly,2026-01-01\n"), Subscription)
    prices = [one.items[0].price for one in (yearly, quarterly) if isinstance(one, Subscription)]
    assert [(one.interval, one.interval_count) for one in prices] == [("year", 1), ("month", 3)]


def test_columns_may_be_named_by_hand_and_other_delimiters_read() -> None:
    """A spreadsheet's semicolons and signature; a header of the account's own."""
    found = read("\ufeffKunde;Netto\nAcme;120\n", name="Kunde", amount="netto")
    assert "since when" in str(found.bad[0]) or "how often" in str(found.bad[0])
    with pytest.raises(FileError, match="no column 'Brutto'"):
        read("Kunde;Netto\nAcme;120\n", name="Kunde", amount="Brutto")


@given(st.text(max_size=300), st.binary(max_size=300))
def test_no_file_crashes_the_reader(text: str, content: bytes) -> None:
    """It is read, or refused in words."""
    for one in (content, f"id,name,mrr,started\n{text}".encode(errors="replace")):
        try:
            found = read_rows(read_table(one), currency="usd", now=NOW)
        except FileError:
            continue
        assert found.records or found.bad


async def test_an_import_gives_the_figures_of_the_file(world: World) -> None:
    """MRR by currency, who churned; imported again with a change, the change alone is written."""
    account = (world.db, world.vault, world.account_id)
    source_id = await open_source(*account, into=None, label="Accounts", now=NOW)
    await load(*account, source_id, read(FILE).records, now=NOW)
    assert len(await world.rows(models.Customer)) == 3
    spans = [span for span in await world.rows(models.MrrSpan) if span.ends_at is None]
    assert [(span.mrr, span.currency) for span in spans] == [(120_050, "eur")]
    again = await load(*account, source_id, read(FILE.replace("Globex", "Globex 2")).records, now=NOW)
    assert sum(again.inserted.values()) == 0
    assert {kind: count for kind, count in again.changed.items() if count} == {"customer": 1}
    with pytest.raises(NotAFileError):
        await open_source(*account, into=world.source_id, label="", now=NOW)


def test_a_file_is_not_synced() -> None:
    """Its data is as old as the file; asking nobody makes it no younger."""
    assert not connector_class("csv").is_synced
    assert all(connector_class(kind).is_synced for kind in ("stripe", "hubspot", "demo"))


@pytest.fixture
async def machine(tmp_path: Path) -> Machine:
    found = machine_in(tmp_path)
    await found.well("init")
    return found


async def test_the_command_previews_imports_and_answers(machine: Machine, tmp_path: Path) -> None:
    """A founder's spreadsheet becomes answers; one bad row keeps all of it out."""
    file = tmp_path / "customers.csv"
    file.write_text(FILE)
    shown = await machine.well("source", "import", str(file), "--dry-run")
    assert "Left out, and not stored: Notes" in shown
    assert "3 customers with 2 subscriptions" in shown
    done = json.loads(await machine.well("source", "import", str(file), "--yes", "--json"))
    assert (done["imported"], done["customers"], done["left_out"]) == (True, 3, ["Notes"])
    (answer,) = await machine.ask("mrr")
    assert "€1,200.50" in json.dumps(answer, ensure_ascii=False)
    file.write_text(FILE + "4,New,,,Pro,10,soon,,\n")
    refused = await machine.run("source", "import", str(file), "--into", str(done["source"]), "--yes")
    assert refused.status == 1
    assert "line 5: started is no date" in refused.err
    listed = json.loads(await machine.well("source", "list", "--json"))
    assert [one["kind"] for one in listed] == ["csv"]
    (count,) = await machine.ask("how many customers do we have in total?")
    assert "New" not in json.dumps(count)
    assert (await machine.run("sync")).status == 1
    assert "source import FILE" in (await machine.run("source", "add", "csv")).err
