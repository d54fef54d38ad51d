"""All detectors, and the kinds of thoughts that they have: what can be subscribed to, muted and listed."""

from collections.abc import Mapping
from types import MappingProxyType

from storage.intake.news import Change
from thoughts import rules
from thoughts.base import Detector, Kind, OnChange, OnSchedule, Thought, Words
from thoughts.detectors import DETECTORS

ON_CHANGE = tuple(detector for detector in DETECTORS if isinstance(detector, OnChange))
ON_SCHEDULE = tuple(detector for detector in DETECTORS if isinstance(detector, OnSchedule))
KINDS: Mapping[str, Kind] = MappingProxyType(
    {kind.name: kind for detector in DETECTORS for kind in detector.kinds}
)
_BY_KIND: Mapping[str, Detector] = {kind.name: detector for detector in DETECTORS for kind in detector.kinds}
_WATCHING: Mapping[str, tuple[OnChange, ...]] = {
    record: tuple(detector for detector in ON_CHANGE if record in detector.watches)
    for record in {record for detector in ON_CHANGE for record in detector.watches}
}


def watching(change: Change) -> tuple[OnChange, ...]:
    """The detectors that a change concerns: mostly none."""
    return tuple(d for d in _WATCHING.get(change.kind, ()) if d.concerns(change))


def say(thought: Thought) -> Words:
    """What a thought says; raises KeyError for a kind that there is not."""
    if thought.kind.startswith(rules.RULE):
        return rules.say(thought)
    return _BY_KIND[thought.kind].say(thought)
