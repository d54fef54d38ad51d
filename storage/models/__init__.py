"""Every table of the main database, one module an aggregate."""

from storage.models.account import Account, Conversation, SeenEvent
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
from storage.models.customer import Customer, CustomerLink
from storage.models.derived import Movement, MrrSpan, Profile, StaleCustomer
from storage.models.source import Checkpoint, Source, SourceError, SourceState, Tombstone

__all__ = [
    "Account",
    "Base",
    "Checkpoint",
    "Conversation",
    "Customer",
    "CustomerLink",
    "Dispute",
    "Invoice",
    "Movement",
    "MrrSpan",
    "OfSource",
    "Payment",
    "Price",
    "Product",
    "Profile",
    "Refund",
    "SeenEvent",
    "Source",
    "SourceError",
    "SourceRecord",
    "SourceState",
    "StaleCustomer",
    "Subscription",
    "SubscriptionChange",
    "Tenant",
    "Tombstone",
]
