"""From changes and figures to thoughts: the pure part, and the two calls that load what it needs."""

from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from storage.intake.news import Change
from storage.metrics.scope import Asking
from thoughts.base import Every, Thought
from thoughts.facts import About
from thoughts.figures import Figures
from thoughts.load_figures import load_figures
from thoughts.loading import load_about
from thoughts.registry import ON_SCHEDULE, watching
from thoughts.thresholds import DEFAULTS, Thresholds


async def on_changes(
    session: AsyncSession, asking: Asking, changes: Sequence[Change], thresholds: Thresholds = DEFAULTS
) -> list[Thought]:
    """The thoughts that a batch of changes gives, in the transaction that made them; mostly none.

    Changes that concern no detector cost no query; of the others a fixed number of queries loads what is
    known of all their customers together.
    """
    watched = [change for change in changes if watching(change)]
    if not watched:
        return []
    return list(thoughts_of(watched, await load_about(session, asking, watched, thresholds)))


async def on_schedule(
    session: AsyncSession, asking: Asking, every: Every, thresholds: Thresholds = DEFAULTS
) -> list[Thought]:
    """What an account's figures of now give to think of; asked again, it gives the same keys."""
    return list(thoughts_from(await load_figures(session, asking, thresholds, every), every))


def thoughts_of(changes: Iterable[Change], about: About) -> Iterator[Thought]:
    """The thoughts of changes, in their order."""
    for change in changes:
        for detector in watching(change):
            yield from detector.detect(change, about)


def thoughts_from(figures: Figures, every: Every) -> Iterator[Thought]:
    """The thoughts of an account's figures."""
    for detector in ON_SCHEDULE:
        if detector.every is every:
            yield from detector.detect(figures)
