"""A machine with Chewbotta on it: its commands, run as a person or a script runs them."""

import asyncio
import gc
import json
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from typer.testing import CliRunner

import chewbotta
from storage.settings import Settings, load_settings

REPOSITORY = Path(__file__).parents[2]


class Done(NamedTuple):
    """How a command ended and what it printed."""

    status: int
    out: str
    err: str

    @property
    def printed(self) -> str:
        return self.out + self.err


@dataclass
class Machine:
    """One installation: its home folder, its environment, and everything its commands ever printed."""

    home: Path
    environment: dict[str, str]
    printed: list[str] = field(default_factory=list)

    def settings(self, **more: str) -> Settings:
        """What a process started here with these variables as well would read."""
        with pytest.MonkeyPatch.context() as patch:
            for name, value in {**self.environment, **more}.items():
                patch.setenv(name, value)
            return load_settings()

    async def run(self, *words: str, stdin: str = "", **more: str) -> Done:
        """A command in this process, and its end; an exception that is none of its exits is raised."""

        def command() -> Done:
            result = CliRunner().invoke(
                chewbotta.app, words, input=stdin, env={**self.environment, **more}, catch_exceptions=False
            )
            if result.exit_code:
                gc.collect()  # a process that ends lets go of SQLite's lock; a cancelled writer's would stay
            return self._noted(Done(result.exit_code, result.stdout, result.stderr))

        return await asyncio.to_thread(command)  # commands start an event loop of their own

    async def well(self, *words: str, stdin: str = "", **more: str) -> str:
        """The output of a command that must succeed."""
        done = await self.run(*words, stdin=stdin, **more)
        assert done.status == 0, done
        return done.out

    async def ask(self, *questions: str) -> list[dict[str, Any]]:
        """Answers of one `ask --json -`, in order."""
        out = await self.well("ask", "--json", "-", stdin="".join(f"{one}\n" for one in questions))
        return [json.loads(line) for line in out.splitlines()]

    async def spawn(self, *words: str, stdin: str = "", **more: str) -> Done:
        """The real command, in a process of its own."""
        process = await self.start(*words, **more)
        out, err = await process.communicate(stdin.encode())
        return self._noted(Done(process.returncode or 0, out.decode(), err.decode()))

    async def start(self, *words: str, **more: str) -> asyncio.subprocess.Process:
        """The real command, running."""
        inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "chewbotta", *words),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=REPOSITORY,
            env={**inherited, **self.environment, **more},
        )

    def _noted(self, done: Done) -> Done:
        self.printed += [done.out, done.err]
        return done


def machine_in(folder: Path, database_url: str | None = None) -> Machine:
    """An empty machine; without a URL its database is a file in its home folder."""
    environment = {"CHEWBOTTA_HOME": str(folder / "home")}
    if database_url:
        environment["DATABASE_URL"] = database_url
    return Machine(folder / "home", environment)
