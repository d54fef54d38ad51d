"""Every kind of row that can be listed, and every field to filter, order or group them by."""

from storage.metrics.catalog.shapes import Entity, FieldInfo, FieldType

ENTITIES = (
    Entity(
        name="customer",
        label="Customer",
        plural="customers",
        synonyms=("customer", "account", "client", "company", "logo", "who", "subscriber"),
        columns=("customer", "plan", "mrr", "currency", "status", "country", "customer_since"),
        order="mrr",
    ),
    Entity(
        name="subscription",
        label="Subscription",
        plural="subscriptions",
        synonyms=("subscription", "sub"),
        columns=("customer", "plan", "interval", "status", "mrr", "currency", "trial_ends", "renews"),
        order="mrr",
    ),
    Entity(
        name="invoice",
        label="Invoice",
        plural="invoices",
        synonyms=("invoice", "bill"),
        columns=("customer", "status", "amount", "remaining", "currency", "created", "due"),
        order="created",
    ),
    Entity(
        name="payment",
        label="Payment",
        plural="payments",
        synonyms=("payment", "charge", "transaction"),
        columns=("customer", "status", "amount", "currency", "created", "failure"),
        order="created",
    ),
)

FIELDS = (
    FieldInfo(
        name="plan", label="plan", type=FieldType.TEXT, synonyms=("plan", "tier", "package"), groupable=True
    ),
    FieldInfo(
        name="interval",
        label="billing interval",
        type=FieldType.ENUM,
        synonyms=("interval", "billing interval", "billing period", "billing cycle"),
        groupable=True,
    ),
    FieldInfo(
        name="country",
        label="country",
        type=FieldType.ENUM,
        synonyms=("country", "geo", "geography", "location", "nation"),
        groupable=True,
    ),
    FieldInfo(name="currency", label="currency", type=FieldType.ENUM, synonyms=("currency",), groupable=True),
    FieldInfo(name="status", label="status", type=FieldType.ENUM, synonyms=("status", "state")),
    FieldInfo(name="customer", label="customer", type=FieldType.TEXT, synonyms=("customer", "name")),
    FieldInfo(name="source", label="source", type=FieldType.ENUM, synonyms=("source", "system")),
    FieldInfo(
        name="mrr", label="MRR", type=FieldType.MONEY, synonyms=("mrr", "paying", "a month", "per month")
    ),
    FieldInfo(name="amount", label="amount", type=FieldType.MONEY, synonyms=("amount", "total", "size")),
    FieldInfo(name="remaining", label="amount remaining", type=FieldType.MONEY, synonyms=("remaining",)),
    FieldInfo(name="created", label="created", type=FieldType.INSTANT, synonyms=("created", "dated", "from")),
    FieldInfo(name="due", label="due", type=FieldType.INSTANT, synonyms=("due",)),
    FieldInfo(name="renews", label="renews", type=FieldType.INSTANT, synonyms=("renew", "renewal", "renews")),
    FieldInfo(
        name="trial_ends",
        label="trial ends",
        type=FieldType.INSTANT,
        synonyms=("trial end", "trial ends", "trial expires", "trial expiry"),
    ),
    FieldInfo(name="signed_up", label="signed up", type=FieldType.INSTANT, synonyms=("signed up", "joined")),
    FieldInfo(
        name="customer_since",
        label="customer since",
        type=FieldType.INSTANT,
        synonyms=("customer since", "became a customer", "started paying"),
    ),
    FieldInfo(
        name="churned", label="churned", type=FieldType.INSTANT, synonyms=("churned", "cancelled", "left")
    ),
    FieldInfo(
        name="failing",
        label="latest payment failed",
        type=FieldType.FLAG,
        synonyms=("failed payment", "failing payment", "declined card"),
    ),
    FieldInfo(name="overdue", label="overdue", type=FieldType.FLAG, synonyms=("overdue", "past due")),
    FieldInfo(name="failure", label="reason of failure", type=FieldType.ENUM, synonyms=("failure", "reason")),
)
