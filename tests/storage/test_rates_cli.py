"""`chewbotta currency rates`: what its commands do, what they print, and how they refuse."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import chewbotta
from tests.storage.test_ecb import PUBLISHED


def run(*words: str, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(chewbotta.app, words, input=stdin)


def rates(*words: str, stdin: bytes | None = None) -> Result:
    return run("currency", "rates", *words, stdin=stdin)


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An installation on SQLite, with one account in dollars."""
    monkeypatch.chdir(tmp_path)
    assert run("init").exit_code == 0
    return tmp_path


def test_rates_are_imported_set_listed_and_cleared(installed: Path) -> None:
    """The commands together: what each stores is what the next one shows, for people and for programs."""
    (installed / "rates.csv").write_bytes(PUBLISHED)
    assert "each currency apart" in rates("list").stdout
    imported = json.loads(rates("import", "rates.csv", "--json").stdout)
    assert imported == {
        "rates": 13,
        "currencies": ["cyp", "jpy", "rub", "usd"],
        "first_day": "2007-12-31",
        "last_day": "2026-11-20",
    }
    told = json.loads(rates("set", "gbp", "1.270", "--on", "2026-11-21", "--json").stdout)
    assert told == {"currency": "gbp", "into": "usd", "rate": "1.270", "day": "2026-11-21"}
    listed = {
        one["currency"]: one for one in json.loads(rates("list", "--on", "2026-11-22", "--json").stdout)
    }
    assert (listed["eur"]["rate"], listed["eur"]["day"]) == ("1.0823", "2026-11-20")
    assert (listed["gbp"]["rate"], listed["rub"]["rate"]) == ("1.27", None)
    assert "1 GBP  1.27 USD, of 2026-11-21" in rates("list", "--on", "2026-11-22").stdout
    assert json.loads(rates("clear", "GBP", "--yes", "--json").stdout) == {"deleted": 1}
    assert "13 rates are forgotten" in rates("clear", "--yes").stdout


def test_progress_and_questions_stay_out_of_the_output(installed: Path) -> None:
    """What is printed for programs is JSON alone; without --yes nothing is cleared unasked."""
    done = rates("import", "-", "--json", stdin=PUBLISHED)
    assert json.loads(done.stdout)["rates"] == 13
    assert rates("clear", stdin=b"n\n").exit_code == 1
    assert len(json.loads(rates("list", "--json").stdout)) == 4


MISTAKES: list[tuple[tuple[str, ...], bytes, str]] = [
    (("import", "-"), b"Date,USD\n2026-11-20,1\n2026-11-19,x\n", "Line 3: the rate of USD"),
    (("import", "-"), b"\x00\x01\x02", "Line 1: "),
    (("import", "-"), b"", "Line 1: "),
    (("import", "missing.csv"), b"", "cannot be read"),
    (("set", "gbp", "nought"), b"", "above 0"),
    (("set", "doubloon", "1"), b"", "no currency"),
    (("set", "usd", "1"), b"", "own currency"),
]


def test_a_mistake_is_one_line_and_stores_nothing(installed: Path) -> None:
    """Exit status 1, one line on standard error that says what is wrong, and no rate more than before."""
    for words, stdin, says in MISTAKES:
        done = rates(*words, stdin=stdin)
        assert (done.exit_code, done.stdout) == (1, "")
        assert done.stderr.startswith("Error: ")
        assert done.stderr.count("\n") == 1
        assert says in done.stderr
    assert json.loads(rates("list", "--json").stdout) == []
