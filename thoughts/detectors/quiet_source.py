"""A source is quiet: its sync does not come to an end, or it refuses the key. Answers grow old meanwhile."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from thoughts.base import Every, Fact, Kind, Moment, OnSchedule, Source, Term, Thought, Words
from thoughts.figures import Figures, SourceFacts

QUIET = Kind(
    name="source_quiet",
    words=("source problems", "quiet sources", "sync problems", "failing syncs"),
    meaning="A source has not been synced for a day, or refuses its key.",
    step="Renew the key, or look at `chewbotta errors`.",
)


def _detect(figures: Figures) -> Iterator[Thought]:
    for source in figures.sources:
        since = source.synced_at or source.created_at
        silent = figures.now - since >= timedelta(hours=figures.thresholds.quiet_hours)
        if source.refused is not None or silent:
            yield _thought(source, since, figures)


def _thought(source: SourceFacts, since: datetime, figures: Figures) -> Thought:
    """Once a silence: it is told by the sync that was the last."""
    facts: dict[str, Fact] = {"source": Source(source.source_id), "since": Moment(since)}
    if source.refused is not None:
        facts |= {"reason": Term("key_refused"), "refused": Moment(source.refused)}
    return Thought(
        kind=QUIET.name,
        matter=f"source:{source.source_id}",
        occurrence=f"{since:%Y-%m-%dT%H:%M}",
        at=figures.now,
        facts=facts,
        source_id=source.source_id,
        critical=True,
    )


def _say(thought: Thought) -> Words:
    facts = thought.facts
    if "refused" in facts:
        news = (facts["source"], " has refused its key since ", facts["refused"], ".")
    else:
        news = (facts["source"], " has not been synced since ", facts["since"], ".")
    return Words(news, ("Answers about it are as of then.",))


DETECTOR = OnSchedule(kinds=(QUIET,), every=Every.HOUR, detect=_detect, say=_say)
