"""How every command runs: settings read, work awaited, and what goes wrong said in one line.

An error that the operator can put right ends with its text on standard error and exit status 1, without a
traceback; so does a database that cannot be reached.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, TypeVar

import typer

if TYPE_CHECKING:
    from storage.keys.vault import Vault
    from storage.session import Database
    from storage.settings import Settings

Result = TypeVar("Result")


class Opened(NamedTuple):
    """What most commands work with."""

    settings: "Settings"
    db: "Database"
    vault: "Vault"


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Turns what an operator can put right into one line and exit status 1; anything else is a bug."""
    from sqlalchemy.exc import DBAPIError

    from storage.errors import OperatorError

    try:
        yield
    except OperatorError as problem:
        fail(str(problem))
    except BrokenPipeError:
        raise  # whoever read the output has gone: typer ends quietly
    except (DBAPIError, ConnectionError) as problem:
        fail(
            f"The database does not answer ({type(problem).__name__}): is it running, is DATABASE_URL right, "
            "and are its tables there (`chewbotta migrate`)?"
        )


def fail(text: str) -> NoReturn:
    """Says what is wrong in one line and ends with exit status 1."""
    typer.secho(f"Error: {' '.join(text.split())}", err=True, fg="red")
    raise typer.Exit(1)


def printable(text: str) -> str:
    """Text of others without signs that a terminal would obey."""
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)


def run(work: Callable[["Settings"], Coroutine[Any, Any, Result]], *, serves: bool = False) -> Result:
    """Runs a command's work with the settings of the environment; what it logs goes to standard error.

    `serves`: many connections for a long time are worth the start of a faster event loop, where there is one.
    """
    from storage import logs
    from storage.settings import load_settings

    with one_line_errors(), logs.correlated():
        settings = load_settings()
        logs.configure(settings.log_level)
        with asyncio.Runner(loop_factory=_fast_loop() if serves else None) as runner:
            return runner.run(work(settings))


def _fast_loop() -> "Callable[[], asyncio.AbstractEventLoop] | None":
    try:
        import uvloop
    except ImportError:  # not made for Windows
        return None
    return uvloop.new_event_loop


_watch: list[Callable[[], Any]] = []


def watch_with(make_observer: Callable[[], Any]) -> None:
    """From now on whatever a command writes into the cache is told to an observer, made when it is needed.

    The floors below do not know who watches: the command line says it.
    """
    _watch[:] = [make_observer]


@asynccontextmanager
async def opened(settings: "Settings") -> AsyncIterator[Opened]:
    """The database and the vault, for as long as a command runs."""
    from storage.keys.vault import open_vault
    from storage.session import Database

    db = Database.connect(settings.database_url.get_secret_value())
    if _watch:
        db.observer = _watch[0]()
    try:
        async with open_vault(settings) as vault:
            yield Opened(settings, db, vault)
    finally:
        await db.dispose()
