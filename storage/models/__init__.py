"""Every table of the main database, one module an aggregate."""

from storage.models.account import Account, Conversation, SeenEvent
from storage.models.audit import AuditEntry, AuditHead, PurgeRun
from storage.models.base import Base, OfSource, SourceRecord, Tenant
from storage.models.billing import (
    Dispute,
    Invoice,
    Payment,
    Price,
    Product,
    Refund,
    Subscription,
    SubscriptionChange,
)
from storage.models.chat import ChatAccess, Feedback, KeptButton, Outgoing
from storage.models.contact import Contact, ContactCustomer, Owner
from storage.models.currency import CurrencyRate
from storage.models.customer import Customer, CustomerLink
from storage.models.derived import Movement, MrrPart, MrrSpan, Profile, StaleCustomer
from storage.models.discord import DiscordGuild
from storage.models.link import ProfileLink
from storage.models.member import (
    MailLink,
    Member,
    PendingSignup,
    RecoveryCode,
    Throttle,
    WebSession,
)
from storage.models.message import DeletedAccount, Message, MessageProfile, Receipt
from storage.models.sales import Deal, Stage
from storage.models.slack import SlackInstall, SlackWorkspace
from storage.models.source import Checkpoint, Erased, Source, SourceError, SourceState, Tombstone
from storage.models.summary import CustomerDay, CustomerMrr, MrrDay, ProfileTrial
from storage.models.support import CustomerTag, Ticket, TicketRating, TicketTag
from storage.models.thought import Alert, Delivery, Letter, Mute, Thought, ThoughtProfile
from storage.models.webhook import WebhookEvent

__all__ = [
    "Account",
    "Alert",
    "AuditEntry",
    "AuditHead",
    "Base",
    "ChatAccess",
    "Checkpoint",
    "Contact",
    "ContactCustomer",
    "Conversation",
    "CurrencyRate",
    "Customer",
    "CustomerDay",
    "CustomerLink",
    "CustomerMrr",
    "CustomerTag",
    "Deal",
    "DeletedAccount",
    "Delivery",
    "DiscordGuild",
    "Dispute",
    "Erased",
    "Feedback",
    "Invoice",
    "KeptButton",
    "Letter",
    "MailLink",
    "Member",
    "Message",
    "MessageProfile",
    "Movement",
    "MrrDay",
    "MrrPart",
    "MrrSpan",
    "Mute",
    "OfSource",
    "Outgoing",
    "Owner",
    "Payment",
    "PendingSignup",
    "Price",
    "Product",
    "Profile",
    "ProfileLink",
    "ProfileTrial",
    "PurgeRun",
    "Receipt",
    "RecoveryCode",
    "Refund",
    "SeenEvent",
    "SlackInstall",
    "SlackWorkspace",
    "Source",
    "SourceError",
    "SourceRecord",
    "SourceState",
    "Stage",
    "StaleCustomer",
    "Subscription",
    "SubscriptionChange",
    "Tenant",
    "Thought",
    "ThoughtProfile",
    "Throttle",
    "Ticket",
    "TicketRating",
    "TicketTag",
    "Tombstone",
    "WebSession",
    "WebhookEvent",
]
