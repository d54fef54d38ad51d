"""How long everything is kept that goes by itself, in one table; `retention.py` sees to it.

A row stays while it is exactly as old as allowed, and goes a moment later. What is not in this table goes
with its source or with its account.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from storage.buttons import PRESSED_WITHIN
from storage.conversations import KEPT as CONTEXT_KEPT
from storage.models import (
    AuditEntry,
    Base,
    Conversation,
    KeptButton,
    Letter,
    MailLink,
    Message,
    Outgoing,
    PendingSignup,
    SeenEvent,
    SlackInstall,
    SourceError,
    Thought,
    Throttle,
    WebhookEvent,
    WebSession,
)
from storage.outgoing import WAITS
from storage.slack_links import LINK_KEPT


class Purge(StrEnum):
    """Each purge is called by its table."""

    SOURCE_ERRORS = "source_error"
    WEBHOOKS = "webhook_event"
    AUDIT_TRAIL = "audit_entry"
    MESSAGES = "message"
    CONVERSATIONS = "conversation"
    SEEN_EVENTS = "seen_event"
    SLACK_INSTALLS = "slack_install"
    OUTGOING = "outgoing"
    KEPT_BUTTONS = "kept_button"
    THOUGHTS = "thought"
    LETTERS = "letter"
    SESSIONS = "web_session"
    MAIL_LINKS = "mail_link"
    SIGNUPS = "pending_signup"
    TRIES = "throttle"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What is kept, and from which `moment` on for how long; None: as long as the account set.

    `ends`: the moment is not the beginning of that time but its end. `every` is how often the purge runs.
    """

    purge: Purge
    what: str
    model: type[Base]
    moment: str
    keep: timedelta | None
    every: timedelta = timedelta(minutes=30)
    ends: bool = False

    @property
    def kept_for(self) -> str:
        """The limit in words."""
        if self.keep is None:
            return "as the account set: 90 days unless it chose otherwise, 0 keeps none"
        days = self.keep // timedelta(days=1)
        hours = self.keep // timedelta(hours=1)
        return f"{days} days" if days > 1 else f"{hours} hour{'s' if hours > 1 else ''}"


RULES: tuple[Rule, ...] = (
    Rule(
        purge=Purge.SOURCE_ERRORS,
        what="Error responses of sources (facts of them, never a body)",
        model=SourceError,
        moment="at",
        keep=timedelta(days=30),
    ),
    Rule(
        purge=Purge.WEBHOOKS,
        what="Received webhooks, whatever became of them",
        model=WebhookEvent,
        moment="received_at",
        keep=timedelta(days=30),
    ),
    Rule(
        purge=Purge.AUDIT_TRAIL,
        what="The audit trail",
        model=AuditEntry,
        moment="at",
        keep=timedelta(days=60),
    ),
    Rule(
        purge=Purge.MESSAGES,
        what="Messages: answers and thoughts that were sent",
        model=Message,
        moment="at",
        keep=None,
    ),
    Rule(
        purge=Purge.CONVERSATIONS,
        what="What a conversation was about, for follow-up questions",
        model=Conversation,
        moment="expires_at",
        keep=CONTEXT_KEPT,
        ends=True,
    ),
    Rule(
        purge=Purge.SEEN_EVENTS,
        what="Which chat events were taken up (ids alone)",
        model=SeenEvent,
        moment="seen_at",
        keep=timedelta(hours=24),
    ),
    Rule(
        purge=Purge.SLACK_INSTALLS,
        what="Links to connect a Slack workspace with (hashes of them)",
        model=SlackInstall,
        moment="expires_at",
        keep=LINK_KEPT,
        ends=True,
    ),
    Rule(
        purge=Purge.OUTGOING,
        what="Messages that a chat platform could not take yet",
        model=Outgoing,
        moment="until",
        keep=WAITS,
        ends=True,
    ),
    Rule(
        purge=Purge.KEPT_BUTTONS,
        what="What a button stands for, where it is too long for the button",
        model=KeptButton,
        moment="expires_at",
        keep=PRESSED_WITHIN,
        ends=True,
    ),
    Rule(
        purge=Purge.THOUGHTS,
        what="Thoughts that were decided (ids and figures), and what became of each",
        model=Thought,
        moment="decided_at",
        keep=timedelta(days=90),
    ),
    Rule(
        purge=Purge.LETTERS,
        what="What was posted for them and where, so that later news finds its thread",
        model=Letter,
        moment="made_at",
        keep=timedelta(days=90),
    ),
    Rule(
        purge=Purge.SESSIONS,
        what="Sessions of browsers that are signed in",
        model=WebSession,
        moment="expires_at",
        keep=timedelta(days=14),
        ends=True,
    ),
    Rule(
        purge=Purge.MAIL_LINKS,
        what="Links that were mailed: invitations, and for hours only new passwords and addresses",
        model=MailLink,
        moment="expires_at",
        keep=timedelta(days=7),
        ends=True,
    ),
    Rule(
        purge=Purge.SIGNUPS,
        what="Sign-ups whose mail was never opened",
        model=PendingSignup,
        moment="expires_at",
        keep=timedelta(hours=24),
        ends=True,
    ),
    Rule(
        purge=Purge.TRIES,
        what="How often something was tried (keyed hashes)",
        model=Throttle,
        moment="expires_at",
        keep=timedelta(hours=24),
        ends=True,
    ),
)
