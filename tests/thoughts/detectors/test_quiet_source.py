"""Sources that have gone quiet."""

from typing import Any

import pytest

from tests.thoughts.surroundings import ago, ahead, detected, figures, plain
from thoughts.detectors.quiet_source import DETECTOR
from thoughts.figures import SourceFacts


def source(**parts: Any) -> SourceFacts:
    given: dict[str, Any] = {
        "source_id": 1,
        "kind": "stripe",
        "created_at": ago(days=90),
        "synced_at": ago(hours=1),
    }
    return SourceFacts(**{**given, **parts})


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ({}, 0),
        ({"synced_at": ago(hours=23)}, 0),
        ({"synced_at": ago(hours=24)}, 1),
        ({"refused": ago(hours=1)}, 1),
        ({"synced_at": None}, 1),
        ({"synced_at": None, "created_at": ago(hours=2)}, 0),
    ],
)
def test_a_source_is_quiet_after_a_day_or_when_it_refuses_its_key(parts: dict[str, Any], told: int) -> None:
    """A day without a complete sync, or one refusal, is told; a source that was just added is not."""
    assert len(detected(DETECTOR, figures(sources=(source(**parts),)))) == told


def test_a_silence_is_told_once() -> None:
    """The same silence has the same key, whenever one looks; it is critical."""
    quiet = (source(synced_at=ago(days=2)),)
    first, later = (detected(DETECTOR, figures(sources=quiet, now=now))[0] for now in (ago(), ahead(hours=9)))
    assert first.key == later.key
    assert first.critical


def test_a_refused_key_is_said() -> None:
    """A source that refuses its key is said to do so, since when."""
    (thought,) = detected(DETECTOR, figures(sources=(source(refused=ago(days=1)),)))
    assert plain(DETECTOR.say(thought).news) == "SOURCE has refused its key since 2026-11-22."
