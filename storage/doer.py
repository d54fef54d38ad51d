"""Who has something done, and from where: handed down to what records it in the audit trail."""

from dataclasses import dataclass
from typing import Self

from storage.trust.audit_terms import COMMAND_LINE, WORKER, Actor, Job, Origin


@dataclass(frozen=True, slots=True)
class Doer:
    """An actor of the audit trail and the channel that it came through."""

    actor: Actor
    origin: Origin

    @classmethod
    def operator(cls) -> Self:
        """Whoever ran the command."""
        return cls(Actor.operator(), COMMAND_LINE)

    @classmethod
    def job(cls, job: Job) -> Self:
        """What the worker does by itself."""
        return cls(Actor.job(job), WORKER)
