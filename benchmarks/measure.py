"""What a process costs (time, processor seconds, peak memory, stops of its event loop), and tables of it."""

import asyncio
import json
import resource
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table


@dataclass(slots=True)
class Cost:
    """Seconds by the clock and of this process's processors, peak MB, and the longest stop of the loop in ms.

    A stop is measured in processor time: the machine may have given the processor to someone else meanwhile.
    """

    seconds: float = 0.0
    cpu: float = 0.0
    peak_mb: float = 0.0
    stall_ms: float = 0.0


@contextmanager
def costs() -> Iterator[Cost]:
    """Measures the block; peak memory is that of the whole process."""
    cost, cpu, start = Cost(), time.process_time(), time.perf_counter()
    with _loop_watched() as stalls:
        yield cost
    cost.seconds, cost.cpu = time.perf_counter() - start, time.process_time() - cpu
    cost.peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    cost.stall_ms = 1000 * max(stalls)


@contextmanager
def _loop_watched() -> Iterator[list[float]]:
    """Notes in the list how long the longest callback kept the loop's thread busy, in seconds."""
    stalls = [0.0]
    run = asyncio.Handle._run

    def timed(handle: asyncio.Handle) -> None:
        start = time.thread_time()
        run(handle)
        stalls[0] = max(stalls[0], time.thread_time() - start)

    asyncio.Handle._run = timed  # type: ignore[method-assign]  # the loop offers no hook for this
    try:
        yield stalls
    finally:
        asyncio.Handle._run = run  # type: ignore[method-assign]


def report(cost: Cost, **facts: Any) -> None:
    """How a measured process tells its costs to the one that started it."""
    print(json.dumps(asdict(cost) | facts), flush=True)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -int(-share * len(ordered) // 1) - 1)]


def show(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Prints a table whose first column is words and whose others are figures."""
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", title_style="bold")
    for number, name in enumerate(columns):
        table.add_column(name, justify="right" if number else "left", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    Console(width=None if sys.stdout.isatty() else 150).print(table)
