"""Processes to kill: forked from one that has imported everything already, so that they start in no time.

    async with zygote("tests.connectors.sync_once") as mother:
        child = await mother.start({...})   # the arguments of the module's `main`
        child.kill()
        await child.wait()

One child at a time. What a child prints comes by `readline`.
"""

import asyncio
import importlib
import json
import os
import signal
import sys
import traceback
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_STARTED, _ENDED = "zygote: started", "zygote: ended"


@dataclass(slots=True)
class Child:
    """A forked process. `returncode` is None while it runs, and -9 after it was killed."""

    pid: int = 0
    returncode: int | None = None
    started: asyncio.Event = field(default_factory=asyncio.Event)
    _ended: asyncio.Event = field(default_factory=asyncio.Event)
    _lines: asyncio.Queue[str] = field(default_factory=asyncio.Queue)

    def kill(self) -> None:
        if self.returncode is None:
            os.kill(self.pid, signal.SIGKILL)

    async def wait(self) -> int:
        await self._ended.wait()
        return int(self.returncode or 0)

    async def readline(self) -> str:
        """The next line it prints; nothing once it has ended."""
        return await self._lines.get()

    def hear(self, line: str) -> None:
        """A line of the mother's output."""
        if line.startswith(_STARTED):
            self.pid = int(line.removeprefix(_STARTED))
            self.started.set()
        elif line.startswith(_ENDED):
            self.returncode = int(line.removeprefix(_ENDED))
            self._lines.put_nowait("")
            self._ended.set()
        else:
            self._lines.put_nowait(line)


class Mother:
    """The process that has imported everything."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._child = Child()

    async def start(self, arguments: Mapping[str, Any]) -> Child:
        assert self._process.stdin is not None
        self._child = Child()
        self._process.stdin.write(json.dumps(dict(arguments)).encode() + b"\n")
        await self._process.stdin.drain()
        await asyncio.wait_for(self._child.started.wait(), 60)
        return self._child

    async def listen(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            self._child.hear(line.decode())


@asynccontextmanager
async def zygote(module: str) -> AsyncIterator[Mother]:
    """A process that forks others, each of which runs the module's `main`."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.zygote", module),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[1],
    )
    mother = Mother(process)
    listening = asyncio.create_task(mother.listen())
    try:
        yield mother
    finally:
        process.kill()
        await process.wait()
        await listening


def main(module: str) -> None:
    work = importlib.import_module(module).main
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            _run(work, json.loads(line))
        _say(f"{_STARTED} {pid}")
        _, status = os.waitpid(pid, 0)
        _say(f"{_ENDED} {os.waitstatus_to_exitcode(status)}")


def _run(work: Any, arguments: Mapping[str, Any]) -> None:
    """The child's whole life."""
    try:
        asyncio.run(work(**arguments))
        sys.stdout.flush()
    except BaseException:  # noqa: BLE001 - whatever it was, the child ends here and not in its mother's loop
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
