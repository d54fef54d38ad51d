"""What interpreting a question may give: a plan, a question back, or a refusal with a reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from storage.metrics.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """`assumptions` are sentences an answer says; `mentions` profile id (hex) → name of customers named."""

    plan: Plan
    confidence: float = 1.0
    interpreter: str = "grammar"
    assumptions: tuple[str, ...] = ()
    mentions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Choice:
    """One reading to pick: a label for a button and the plan it stands for."""

    label: str
    plan: Plan | None = None
    detail: str | None = None
    question: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Clarify:
    question: str
    options: tuple[Choice, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse:
    """`reason` is one or two plain sentences; `suggestions` are questions near it that can be answered.

    `unsure` says that another interpreter may know better: the words were not understood.
    """

    reason: str
    suggestions: tuple[str, ...] = ()
    unsure: bool = False


Outcome = Understood | Clarify | Refuse
