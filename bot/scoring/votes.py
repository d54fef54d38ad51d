"""What people thought of answers, beside what the bank says: `chewbotta feedback export` read back."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from storage.errors import OperatorError


@dataclass(frozen=True, slots=True)
class Vote:
    """A thumb on an answer of that kind."""

    kind: str
    is_good: bool


class NoVotes(OperatorError):
    """The file is not what `chewbotta feedback export` writes."""


def read(file: Path) -> list[Vote]:
    """Raises NoVotes."""
    try:
        lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
        return [Vote(str(line["kind"]), bool(line["is_good"])) for line in lines]
    except (OSError, ValueError, KeyError, TypeError):
        raise NoVotes(f"{file} holds no votes: make it with `chewbotta feedback export`.") from None


def counted(votes: Iterable[Vote]) -> dict[str, dict[str, int]]:
    """For each kind of answer, and for "all": {"good": 3, "bad": 1}."""
    good, bad = Counter[str](), Counter[str]()
    for vote in votes:
        side = good if vote.is_good else bad
        side.update((vote.kind, "all"))
    return {kind: {"good": good[kind], "bad": bad[kind]} for kind in sorted({*good, *bad})}


def as_text(votes: Sequence[Vote]) -> str:
    """A line a kind of answer."""
    lines = [f"{kind:12} {n['good']:>6} good {n['bad']:>6} bad" for kind, n in counted(votes).items()]
    return "\n".join(["What people thought of answers", *(lines or ["nobody has voted yet"])])


def as_json(votes: Sequence[Vote]) -> dict[str, Any]:
    return {"feedback": counted(votes)}
