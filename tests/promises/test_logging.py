"""What is logged: ids, counts and kinds. Names, questions, addresses and keys have no way into a log."""

import asyncio
import contextlib
import json
import logging
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from aiohttp import web
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from bot.slack.answering import Asked, Reply
from bot.slack.app import create_slack_app
from connectors.errors import ConnectorError
from storage import logs
from storage.log_fields import FIELDS
from storage.session import Database
from storage.settings import Settings
from storage.sources import SourceSecret
from tests.e2e.machine import Machine, machine_in
from tests.promises.canaries import Canaries, find
from tests.promises.stripe_canaries import api_key, email_of, name_of, phone_of
from tests.promises.sweep import Stage
from tests.vendors.slack import MEMBER, TEAM, FakeSlack, fake_slack
from tests.vendors.stripe import StripeServer

pytestmark = pytest.mark.promises("P16")

LIBRARIES = (
    "slack_bolt.AsyncApp",
    "aiohttp.client",
    "sqlalchemy.engine",
    "uvicorn.error",
    "apscheduler.executors",
    "stamina",
    "asyncio",
    "chewbotta.slack",
)


@pytest.fixture
def logging_on() -> Iterator[None]:
    """The log as every process sets it up, at its most talkative; as it was afterwards."""
    hook, handlers, level = sys.excepthook, list(logging.root.handlers), logging.root.level
    logs.configure("DEBUG")
    yield
    structlog.reset_defaults()
    sys.excepthook, logging.root.level = hook, level
    logging.root.handlers[:] = handlers


@pytest.fixture
def lines(logging_on: None, capfd: pytest.CaptureFixture[str]) -> Callable[[], list[dict[str, Any]]]:
    """What was logged so far; each line is one JSON object, and standard output stays empty."""

    def read() -> list[dict[str, Any]]:
        said = capfd.readouterr()
        assert said.out == ""
        return [json.loads(line) for line in said.err.splitlines()]

    return read


Lines = Callable[[], list[dict[str, Any]]]


class Leaky(Exception):
    """An error whose text, as those of drivers and vendors do, quotes what it was about."""


def _fail(problem: Exception, cause: Exception | None = None) -> None:
    raise problem from cause


# ---- the list of fields ---------------------------------------------------------------------------------


def test_unknown_fields_are_left_out(lines: Lines, canaries: Canaries) -> None:
    """A field that is not on the list does not reach the line; that some were dropped does."""
    structlog.get_logger().info("sync.done", account=1, customer=canaries.kept, email=canaries.kept, read=3)
    (line,) = lines()
    assert (line["event"], line["account"], line["read"], line["dropped"]) == ("sync.done", 1, 3, 2)
    assert find(canaries.all, json.dumps(line).encode()) == []


@pytest.mark.parametrize("field", sorted(FIELDS))
def test_free_text_fits_in_no_field(lines: Lines, canaries: Canaries, field: str) -> None:
    """A name, an address, a question, a key or an object is refused by every field there is."""
    for value in (
        name_of(canaries, 1),
        email_of(canaries, 1),
        phone_of(canaries, 1),
        api_key(canaries),
        f"MRR of {canaries.kept}",
        {"name": canaries.kept},
        [f"{canaries.kept} Ltd"],
        canaries.kept.encode(),
        Leaky(canaries.kept),
    ):
        given = {"event": "sync.done", field: value}
        structlog.get_logger().info(**given)
        (line,) = lines()
        assert find(canaries.all, json.dumps(line).encode()) == [], line


def test_an_event_is_a_name_of_our_own(lines: Lines, canaries: Canaries) -> None:
    """A sentence in place of an event's name is left out, whatever it says."""
    structlog.get_logger().info(f"Synced {canaries.kept}")
    assert lines()[0]["event"] == "log.unnamed"


def test_an_error_is_told_by_kind_and_place(lines: Lines, canaries: Canaries) -> None:
    """Of an error and its causes the log has classes, files, lines and functions: no word of their texts."""
    try:
        _fail(KeyError(canaries.secret), Leaky(canaries.kept))
    except KeyError:
        structlog.get_logger().exception("sync.failed", account=1)
    (line,) = lines()
    assert (line["error"], line["causes"]) == ("KeyError", ["Leaky"])
    assert any(f"{Path(__file__).name}:" in frame for frame in line["where"])
    assert find(canaries.all, json.dumps(line).encode()) == []


def _as_new(name: str, monkeypatch: pytest.MonkeyPatch) -> logging.Logger:
    """The logger and those above it as a library finds them, whatever tests before this one set."""
    parts = name.split(".")
    for depth in range(1, len(parts) + 1):
        logger = logging.getLogger(".".join(parts[:depth]))
        monkeypatch.setattr(logger, "handlers", [])
        monkeypatch.setattr(logger, "propagate", True)
        monkeypatch.setattr(logger, "disabled", False)
        logger.setLevel(logging.NOTSET)
    return logging.getLogger(name)


@pytest.mark.parametrize("name", LIBRARIES)
def test_libraries_say_where_and_what_kind(
    lines: Lines, canaries: Canaries, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever a library logs, the line has its logger, the place and the error's kind, and no text of it."""
    library = _as_new(name, monkeypatch)
    library.error("Could not send %s", canaries.kept)
    library.warning(f"{canaries.secret} refused", extra={"account": canaries.kept})
    try:
        _fail(Leaky(canaries.kept))
    except Leaky:
        library.exception(canaries.kept)
    said = lines()
    assert [line["event"] for line in said] == ["library.said"] * 3
    assert said[2]["error"] == "Leaky"
    assert find(canaries.all, json.dumps(said).encode()) == []


def test_a_logger_named_after_data_is_not_named(lines: Lines, canaries: Canaries) -> None:
    """The name of a logger is kept only when it is that of a package."""
    logging.getLogger(canaries.kept).error("failed")
    assert lines()[0]["logger"] == "other"


async def test_a_task_that_nobody_awaited_is_told_without_text(lines: Lines, canaries: Canaries) -> None:
    """An error lost in the event loop is logged by kind."""

    async def fail() -> None:
        raise Leaky(canaries.kept)

    task = asyncio.create_task(fail())
    await asyncio.sleep(0)
    asyncio.get_running_loop().call_exception_handler(
        {"message": canaries.kept, "exception": task.exception(), "task": task}
    )
    (line,) = lines()
    assert line["error"] == "Leaky"
    assert find(canaries.all, json.dumps(line).encode()) == []


# ---- one id from request to statement -------------------------------------------------------------------


async def test_one_id_leads_from_the_request_to_the_statement(db: Database, lines: Lines) -> None:
    """Inside a block of an id, and in tasks begun there, lines and PostgreSQL's sessions carry that id."""

    async def work() -> str | None:
        structlog.get_logger().info("work.done")
        if not db.is_postgres:
            return logs.correlation()
        async with db.system() as session:
            named = str(await session.scalar(text("SELECT current_setting('application_name')")))
            shown = await session.scalar(
                text("SELECT application_name FROM pg_stat_activity WHERE pid = pg_backend_pid()")
            )
        assert shown == named
        return named.removeprefix("chewbotta ")

    with logs.correlated() as reference:
        assert await asyncio.create_task(work()) == reference
    assert lines()[0]["correlation"] == reference
    assert logs.correlation() is None


@pytest.mark.needs_postgres
async def test_the_id_ends_with_the_transaction(migrated_postgres_url: str) -> None:
    """A pooled connection does not keep the id of what was done before."""
    db = Database.connect(migrated_postgres_url, pool_size=1)
    with logs.correlated():
        async with db.tenant(1) as session:
            await session.execute(text("SELECT 1"))
    async with db.tenant(1) as session:
        assert await session.scalar(text("SELECT current_setting('application_name')")) == "chewbotta"
    await db.dispose()


# ---- every path of the code -----------------------------------------------------------------------------


def _vendor_answers(canaries: Canaries) -> list[Callable[[web.Request], Any]]:
    """What a vendor may say wrongly, with canaries in every place: body, header, code, address."""
    word = canaries.never
    error = {"error": {"type": word, "code": word, "message": f"No such {word}", "param": word}}
    headers = {"Request-Id": word, "Retry-After": "0", "X-Note": word}

    async def reset(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    return [
        lambda _: web.json_response(error, status=500, headers=headers),
        lambda _: web.json_response(error, status=429, headers=headers),
        lambda _: web.json_response(
            {"error": {"code": word.lower(), "type": word.lower()}},
            status=503,
            headers={"Request-Id": canaries.phone},
        ),
        lambda _: web.Response(text=f"<html>{word}", status=502, headers=headers),
        lambda _: web.json_response({"object": "list", "data": [{"id": word, "created": word}]}),
        lambda _: web.Response(text=f'{{"data": "{word}'),
        lambda _: web.Response(status=302, headers={"Location": f"https://{word}.example/{word}"}),
        lambda _: web.json_response(error, status=400, headers=headers),
        lambda _: web.json_response(error, status=401, headers=headers),
        lambda _: web.json_response(error, status=403, headers=headers),
        lambda _: web.json_response(error, status=404, headers=headers),
        reset,
    ]


@pytest.mark.usefixtures("no_waiting")
async def test_nothing_personal_in_the_log_of_syncs_and_their_errors(
    stage: Stage, server: StripeServer, logging_on: None, capfd: pytest.CaptureFixture[str]
) -> None:
    """A vendor that answers wrongly in twelve ways, full of canaries, leaves none in the log or the cache."""
    for answer in _vendor_answers(stage.canaries):
        server.break_next("/v1/customers", answer)
        with contextlib.suppress(ConnectorError):
            await stage.sync(full=True)
        server._broken.clear()
    await stage.sync(full=True)
    structlog.get_logger().info("sync.done", account=stage.account_id)
    await stage.plant_controls()
    stage.log += capfd.readouterr()
    assert '"event": "sync.done"' in stage.log[-1]
    await stage.sweep_living()


async def test_nothing_personal_in_the_log_of_questions(
    stage: Stage, logging_on: None, capfd: pytest.CaptureFixture[str]
) -> None:
    """Questions that name customers, also wrongly spelt or not understood, leave no trace in the log."""
    await stage.sync()
    name = name_of(stage.canaries, 1)
    for question in (
        f"MRR of {name}",
        f"show me {email_of(stage.canaries, 1)}",
        f"who is {phone_of(stage.canaries, 1)}",
        f"mrr of {name[:9]}{name[10:]}",
        f"colourless {stage.canaries.never} ideas",
        "top 5 customers by MRR",
        "\x00\x1b[31m " + name,
    ):
        await stage.ask(question)
    assert find([stage.canaries.kept], "\n".join(stage.said).encode()), "the answers name the customers"
    await stage.plant_controls()
    stage.log += capfd.readouterr()
    await stage.sweep_living(leave_out=["said"])


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with fake_slack() as running:
        yield running


class _Fails:
    """An assistant that fails with the question in the error's text."""

    def help(self) -> str:
        return "help"

    async def ask(self, question: str, **_: object) -> Any:
        raise Leaky(question)


async def test_nothing_personal_in_the_log_of_slack(
    slack: FakeSlack, lines: Lines, canaries: Canaries
) -> None:
    """Failing questions and refused posts are logged by kind, with the id that the apology names."""
    settings = Settings(
        slack_bot_token=SecretStr(f"xoxb-{canaries.secret}"),
        slack_signing_secret=SecretStr(canaries.secret),
        slack_api_url=f"{slack.address}/api",
    )
    app = await create_slack_app(settings, _Fails(), account_id=1)
    body = {"ok": False, "error": "fatal_error", "detail": canaries.never}
    slack.failures.extend([web.json_response(body), web.json_response(body, status=500)])
    said = []

    class Delivery:
        async def send(self, messages: list[Any]) -> None:
            said.extend(messages)
            raise Leaky(canaries.never)

    reply = Reply(Delivery(), Delivery())
    app.answering.start(Asked(f"MRR of {canaries.kept}", TEAM, MEMBER, "talk", "key"), reply)
    await app.stop()
    logged = lines()
    assert {line["event"] for line in logged} >= {"slack.failed", "slack.apology_failed"}
    assert {line["correlation"] for line in logged if line["event"] == "slack.failed"} <= {
        line["reference"] for line in logged if "reference" in line
    }
    assert find(canaries.all, json.dumps(logged).encode()) == []


async def test_a_database_error_is_logged_without_the_row(
    stage: Stage, lines: Lines, canaries: Canaries
) -> None:
    """What a database says of a row it refuses stays out of the log."""
    try:
        async with stage.db.system() as session:
            await session.execute(
                text("INSERT INTO account (account_id, name) VALUES (:id, :name)"),
                {"id": stage.account_id, "name": canaries.kept},
            )
    except DBAPIError:
        structlog.get_logger().exception("sync.failed")
    logged = lines()
    assert (logged[0]["event"], logged[0]["error"]) == ("sync.failed", "IntegrityError")
    assert find(canaries.all, json.dumps(logged).encode()) == []


# ---- real processes -------------------------------------------------------------------------------------


@pytest.fixture
async def machine(tmp_path: Path, server: StripeServer, canaries: Canaries) -> Machine:
    """An installation with the canary source, connected as a person would: the key on standard input."""
    machine = machine_in(tmp_path)
    await machine.well("init")
    await machine.well("source", "add", "stripe", "--base-url", server.url, stdin=api_key(canaries) + "\n")
    return machine


async def test_a_crash_says_kind_and_place(machine: Machine, canaries: Canaries) -> None:
    """A process that ends in an unexpected error prints no word of the error's text, in no thread."""
    code = (
        "import sys, threading\n"
        "from storage.command_line import run\n"
        "def fail(*_): raise RuntimeError(sys.argv[1])\n"
        "async def work(settings):\n"
        "    thread = threading.Thread(target=fail); thread.start(); thread.join()\n"
        "    fail()\n"
        "run(work)\n"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, canaries.kept, stderr=asyncio.subprocess.PIPE, env=_environment(machine)
    )
    _, said = await process.communicate()
    events = [json.loads(line)["event"] for line in said.splitlines()]
    assert (process.returncode, events) == (1, ["thread.failed", "process.failed"])
    assert find(canaries.all, said) == []


def _environment(machine: Machine) -> dict[str, str]:
    import os

    return {"PATH": os.environ["PATH"], **machine.environment}


async def test_commands_that_are_killed_print_nothing_personal(
    machine: Machine, server: StripeServer, canaries: Canaries
) -> None:
    """Syncs that are killed on the way, and then finish, print ids and counts alone."""
    server.latency = 0.02
    for after in (2, 6, 10):
        process = await machine.start("sync", LOG_LEVEL="DEBUG")
        await _until_asked(server, after, process)
        if process.returncode is None:
            process.kill()
        out, err = await process.communicate()
        machine.printed += [out.decode(), err.decode()]
    done = await machine.spawn("sync", LOG_LEVEL="DEBUG")
    assert done.status == 0
    assert find(canaries.all, "".join(machine.printed).encode()) == []


async def test_secrets_are_in_no_process_list_and_no_environment_of_ours(
    machine: Machine, server: StripeServer, canaries: Canaries
) -> None:
    """While a sync uses the key, it stands in no process's arguments and in no environment."""
    server.latency = 0.05
    process = await machine.start("sync")
    await _until_asked(server, 1, process)
    seen = b"".join(
        (Path("/proc") / str(pid) / what).read_bytes()
        for pid in _family(process.pid)
        for what in ("cmdline", "environ")
    )
    await process.communicate()
    assert b"chewbotta" in seen
    assert find([canaries.secret], seen) == []


async def _until_asked(server: StripeServer, times: int, process: asyncio.subprocess.Process) -> None:
    """Until the server has been asked so many times more, or the process is done."""
    until = server.requests.total() + times
    async with asyncio.timeout(60):
        while server.requests.total() < until and process.returncode is None:  # noqa: ASYNC110 - no event
            await asyncio.sleep(0.005)


def _family(pid: int) -> list[int]:
    """A process and all its children."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(one for child in children for one in _family(int(child)))]


async def test_a_key_among_the_arguments_is_warned_of(machine: Machine, server: StripeServer) -> None:
    """`--api-key` puts the key into the process list: the command says so, and how to do better."""
    done = await machine.run(
        "source", "add", "stripe", "--api-key", "sk_test_wrong", "--base-url", server.url
    )
    assert "process list" in done.err
    assert "sk_test_wrong" not in done.printed


def test_secrets_print_as_nothing() -> None:
    """Settings, credentials and records show no value when they are printed."""
    from connectors.base import Credential

    secret = "sk_live_of_the_test"
    settings = Settings(stripe_secret_key=SecretStr(secret), slack_bot_token=SecretStr("xoxb-test"))
    for one in (settings, Credential(key=secret), SourceSecret(secret)):
        assert secret not in f"{one!r} {one}"
