"""The commands as people meet them: help that teaches, mistakes said in one line, secrets that stay in."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator

import pytest

from storage.locks import exclusive
from storage.session import Database
from tests.e2e.local_slack import free_port
from tests.e2e.machine import REPOSITORY, Done, Machine
from tests.vendors.stripe import StripeServer
from tests.vendors.stripe_company import company

KEY = "sk_test_ofthistest0123456789"
SECRET = "hushhushhush"

EVERY_COMMAND = {
    "init", "source", "sync", "ask", "chat", "demo", "slack", "web", "worker", "migrate", "keys", "doctor",
}  # fmt: skip
SUBCOMMANDS = {"source": {"add", "list", "remove"}, "keys": {"generate", "rotate", "status"}}
HEAVY = {
    "aiohttp", "alembic", "apscheduler", "asyncpg", "babel", "cryptography", "fastapi", "msgspec", "numpy",
    "pydantic", "pydantic_settings", "rapidfuzz", "rich", "slack_bolt", "slack_sdk", "sqlalchemy",
    "structlog", "uvicorn",
}  # fmt: skip


@pytest.fixture
async def stripe() -> AsyncIterator[StripeServer]:
    """A small company, behind one key."""
    async with StripeServer(company(customers=10), key=KEY) as running:
        yield running


def assert_said_in_one_line(done: Done, status: int = 1) -> None:
    """One line on standard error, no traceback, no secret."""
    assert (done.status, done.out) == (status, ""), done
    assert done.err.startswith("Error: ")
    assert done.err.count("\n") == 1
    assert SECRET not in done.err


# --- help -------------------------------------------------------------------------------------------------


async def test_help_names_every_command(sqlite_machine: Machine) -> None:
    """`chewbotta --help` says what to begin with, and names every command with what it is for."""
    done = await sqlite_machine.spawn("--help")
    assert (done.status, done.err) == (0, "")
    listed = done.out.partition("Commands:")[2].splitlines()
    told = {words[0]: words[1:] for line in listed if (words := line.split())}
    assert told.keys() >= EVERY_COMMAND
    assert all(told.values())
    assert "chewbotta demo" in done.out


@pytest.mark.parametrize("command", sorted(EVERY_COMMAND))
async def test_each_command_has_its_own_help(sqlite_machine: Machine, command: str) -> None:
    """`chewbotta COMMAND --help` works on an empty machine, with nothing set up."""
    told = await sqlite_machine.well(command, "--help")
    assert f"chewbotta {command}" in told.replace("Usage: root", "Usage: chewbotta")
    assert all(name in told for name in SUBCOMMANDS.get(command, set()))


async def test_help_imports_nothing_heavy() -> None:
    """`chewbotta --help` answers at once because what the commands work with is imported by them alone."""
    program = (
        "import sys, chewbotta\n"
        "try: chewbotta.app(['--help'])\n"
        "except SystemExit: pass\n"
        "print(*sorted(sys.modules), file=sys.stderr)"
    )
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", program), cwd=REPOSITORY, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _, imported = await process.communicate()
    loaded = {name.partition(".")[0] for name in imported.decode().split()}
    assert "chewbotta" in loaded
    assert loaded & HEAVY == set()


# --- mistakes ---------------------------------------------------------------------------------------------

ON_AN_EMPTY_MACHINE = (
    ("ask", "mrr"),
    ("chat",),
    ("sync",),
    ("source", "list"),
    ("source", "remove", "1", "--yes"),
    ("keys", "status"),
    ("keys", "rotate"),
    ("slack",),
    ("web", "--port", "0"),
    ("worker",),
)


@pytest.mark.parametrize("words", ON_AN_EMPTY_MACHINE, ids=" ".join)
async def test_an_empty_machine_is_told_what_to_do(sqlite_machine: Machine, words: tuple[str, ...]) -> None:
    """Before `init` every command ends with one line that names it, and makes nothing."""
    lives_on = words[0] in {"slack", "web", "worker"}  # these mind signals, so they need a process
    done = await (sqlite_machine.spawn if lives_on else sqlite_machine.run)(*words)
    assert_said_in_one_line(done)
    assert "chewbotta init" in done.err
    assert not sqlite_machine.home.exists()


AFTER_INIT = {
    "no source": ("sync",),
    "no such source": ("sync", "--source", "9"),
    "nothing to remove": ("source", "remove", "9", "--yes"),
    "no such system": ("source", "add", "nonsense"),
    "no key": ("source", "add", "stripe"),
    "no address": ("source", "add", "stripe", "--base-url", SECRET),
    "no such currency": ("init", "--currency", "dollars"),
    "no such time zone": ("init", "--time-zone", "Mars/Olympus"),
}


@pytest.mark.parametrize("words", AFTER_INIT.values(), ids=AFTER_INIT)
async def test_a_mistake_is_said_in_one_line(sqlite_machine: Machine, words: tuple[str, ...]) -> None:
    """What cannot be done is said in one line, with exit status 1."""
    await sqlite_machine.well("init")
    key = f"sk_test_{SECRET}\n" if "--base-url" in words else ""
    assert_said_in_one_line(await sqlite_machine.run(*words, stdin=key))


NO_COMMANDS = (
    ("nonsense",),
    ("ask",),
    ("ask", "--jsonn", "mrr"),
    ("source", "remove", "x"),
    ("web", "--port", "x"),
)


@pytest.mark.parametrize("words", NO_COMMANDS, ids=" ".join)
async def test_a_command_that_is_none_ends_with_status_2(
    sqlite_machine: Machine, words: tuple[str, ...]
) -> None:
    """Usage errors say how to get help, and end with exit status 2."""
    done = await sqlite_machine.run(*words)
    assert (done.status, done.out) == (2, "")
    assert "--help" in done.err
    assert done.err.splitlines()[-1].startswith("Error: ")


UNUSABLE_SETTINGS = {
    "no database": {"DATABASE_URL": SECRET},
    "unreachable": {"DATABASE_URL": f"postgresql://chewbotta:{SECRET}@127.0.0.1:9/chewbotta"},
    "no key store": {"KEYSTORE_URL": f"postgresql://chewbotta:{SECRET}@127.0.0.1:9/keys"},
    "master key": {"MASTER_KEYS": SECRET},
    "log level": {"LOG_LEVEL": "LOUD"},
}


@pytest.mark.parametrize("setting", UNUSABLE_SETTINGS.values(), ids=UNUSABLE_SETTINGS)
async def test_an_unusable_setting_is_named(sqlite_machine: Machine, setting: dict[str, str]) -> None:
    """A setting that cannot be used is said in one line that never repeats it."""
    await sqlite_machine.well("init")
    assert_said_in_one_line(await sqlite_machine.run("ask", "mrr", **setting))


async def test_a_home_that_cannot_be_made(sqlite_machine: Machine) -> None:
    """`init` where nothing can be written says so."""
    assert_said_in_one_line(await sqlite_machine.run("init", CHEWBOTTA_HOME="/proc/chewbotta"))


async def test_a_port_that_is_taken(sqlite_machine: Machine, stripe: StripeServer) -> None:
    """`web` on a port that another program has says so."""
    await sqlite_machine.well("init")
    taken = stripe.url.rpartition(":")[2]
    assert_said_in_one_line(await sqlite_machine.spawn("web", "--port", taken))


async def test_slack_without_tokens(sqlite_machine: Machine) -> None:
    """`slack` without tokens ends with one line."""
    await sqlite_machine.well("init")
    assert_said_in_one_line(await sqlite_machine.spawn("slack"))


@pytest.mark.parametrize("words", [("slack",), ("web", "--port", "0")], ids=["slack", "web"])
async def test_slack_that_cannot_be_reached(sqlite_machine: Machine, words: tuple[str, ...]) -> None:
    """Both start all the same, say that Slack is away, wait for it, and stop when they are told to."""
    await sqlite_machine.well("init")
    nowhere = {
        "SLACK_API_URL": f"http://127.0.0.1:{free_port()}/api",
        "SLACK_BOT_TOKEN": f"xoxb-{SECRET}",
        "SLACK_APP_TOKEN": f"xapp-{SECRET}",
        "SLACK_SIGNING_SECRET": SECRET,
    }
    process = await sqlite_machine.start(*words, **nowhere)
    assert process.stderr is not None
    said = b""
    async with asyncio.timeout(60):
        while b"slack.unreachable_for_now" not in said:
            line = await process.stderr.readline()
            assert line, said
            said += line
        process.terminate()
        out, err = await process.communicate()
    assert process.returncode == 0
    assert SECRET.encode() not in said + out + err


# --- sources and syncs ------------------------------------------------------------------------------------


async def test_a_wrong_key_is_not_stored(machine: Machine, stripe: StripeServer) -> None:
    """`source add` tries the key first: a wrong one is refused, not repeated, and nothing is kept."""
    await machine.well("init")
    wrong = f"sk_test_{SECRET}\n"
    done = await machine.run("source", "add", "stripe", "--base-url", stripe.url, stdin=wrong)
    assert_said_in_one_line(done)
    assert "the key is wrong" in done.err
    assert json.loads(await machine.well("source", "list", "--json")) == []


async def test_a_source_is_listed_with_its_freshness(machine: Machine, stripe: StripeServer) -> None:
    """`source list --json` names each source with when it was synced and what was left out; never the key."""
    await machine.well("init")
    stripe.forbidden.add("disputes")
    key = {"SOURCE_API_KEY": KEY}
    told = await machine.well("source", "add", "stripe", "--base-url", stripe.url, "--label", "Ours", **key)
    assert "disputes" in told
    (before,) = json.loads(await machine.well("source", "list", "--json"))
    await machine.well("sync")
    (after,) = json.loads(await machine.well("source", "list", "--json"))
    assert (before["source"], before["kind"], before["label"]) == (1, "stripe", "Ours")
    assert before["synced_at"] is None
    assert after["synced_at"] is not None
    assert after["left_out"].keys() == {"disputes"}
    assert KEY not in "".join(machine.printed)


async def test_two_syncs_of_one_source_are_impossible(machine: Machine, stripe: StripeServer) -> None:
    """While one sync of a source runs, another says so and ends with exit status 1; afterwards it may."""
    await machine.well("init")
    await machine.well("source", "add", "stripe", "--base-url", stripe.url, stdin=f"{KEY}\n")
    db = Database.connect(machine.settings().database_url.get_secret_value())
    async with exclusive(db, "sync:1:1"):
        done = await machine.run("sync")
    await db.dispose()
    assert (done.status, done.out) == (1, "")
    assert done.err == "Source 1: another sync of it is running\n"
    await machine.well("sync")


async def test_two_syncs_at_once_read_everything_once(machine: Machine, stripe: StripeServer) -> None:
    """Of two real `chewbotta sync` at once one reads everything; the other may say that one is running."""
    await machine.well("init")
    await machine.well("source", "add", "stripe", "--base-url", stripe.url, stdin=f"{KEY}\n")
    stripe.latency = 0.05
    both = await asyncio.gather(machine.spawn("sync"), machine.spawn("sync"))
    assert min(done.status for done in both) == 0
    assert all(done.status == 0 or done.err.endswith("another sync of it is running\n") for done in both)
    (signups,) = await machine.ask("how many sign-ups did we have in the last 36 months?")
    assert signups["value"] == 10


# --- doctor -----------------------------------------------------------------------------------------------


async def test_doctor_on_an_empty_machine(sqlite_machine: Machine) -> None:
    """It says what is missing and which command makes it, makes nothing itself, and ends with status 1."""
    done = await sqlite_machine.run("doctor", "--json")
    assert done.status == 1
    wrong = {finding["name"]: finding["advice"] for finding in json.loads(done.out) if finding["ok"] is False}
    assert wrong.keys() == {"Keys open", "Database"}
    assert all("chewbotta init" in advice for advice in wrong.values())
    assert not sqlite_machine.home.exists()


async def test_doctor_on_a_ready_machine(machine: Machine, stripe: StripeServer) -> None:
    """Set up, connected and synced, nothing is wrong; what is optional says how to switch it on."""
    await machine.well("init")
    assert (await machine.run("doctor")).status == 1
    await machine.well("source", "add", "stripe", "--base-url", stripe.url, stdin=f"{KEY}\n")
    assert "never synced" in (await machine.run("doctor")).out
    await machine.well("sync")
    findings = json.loads(await machine.well("doctor", "--json"))
    assert [finding for finding in findings if finding["ok"] is False] == []
    advice = {finding["name"]: finding["advice"] for finding in findings}
    assert "SLACK_BOT_TOKEN" in advice["Slack over Socket Mode"]
    assert advice["Source 1 (stripe)"] == ""


async def test_init_may_be_repeated(machine: Machine) -> None:
    """A second `init` changes nothing: one account, the same master key."""
    await machine.well("init")
    key = (machine.home / "master.key").read_bytes()
    told = await machine.well("init", "--name", "Another")
    assert "there already" in told
    assert (machine.home / "master.key").read_bytes() == key
    assert (machine.home / "master.key").stat().st_mode & 0o077 == 0
