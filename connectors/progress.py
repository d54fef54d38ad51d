"""A progress bar for a sync, on standard error where a person watches, gone when it is done."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, SpinnerColumn, TextColumn
from rich.progress import Progress as Bar

from connectors.sync import OnProgress

_PHASES = {"load": "Reading", "changes": "Reading what changed", "figures": "Working out MRR"}


@contextmanager
def shown(console: Console | None = None) -> Iterator[OnProgress]:
    """Yields what a sync tells its progress to."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,}"),
    )
    console = console or Console(stderr=True)
    with Bar(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=None)
        yield lambda step: bar.update(task, description=_PHASES[step.phase], completed=step.done)
