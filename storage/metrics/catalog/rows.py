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
        needs=("customers",),
    ),
    Entity(
        name="subscription",
        label="Subscription",
        plural="subscriptions",
        synonyms=("subscription", "sub"),
        columns=(
            "customer",
            "plan",
            "interval",
            "status",
            "mrr",
            "currency",
            "trial_ends",
            "renews",
            "cancels",
        ),
        order="mrr",
        needs=("subscriptions", "customers"),
    ),
    Entity(
        name="invoice",
        label="Invoice",
        plural="invoices",
        synonyms=("invoice", "bill"),
        columns=("customer", "status", "amount", "remaining", "currency", "created", "due"),
        order="created",
        needs=("invoices", "customers"),
    ),
    Entity(
        name="payment",
        label="Payment",
        plural="payments",
        synonyms=("payment", "charge", "transaction"),
        columns=("customer", "status", "amount", "currency", "created", "failure"),
        order="created",
        needs=("payments", "customers"),
    ),
    Entity(
        name="movement",
        label="Movement",
        plural="movements",
        synonyms=("movement", "mrr movement", "mrr change"),
        columns=("customer", "movement_type", "amount", "currency", "moved", "plan"),
        order="moved",
        needs=("subscriptions", "invoices", "customers"),
    ),
    Entity(
        name="refund",
        label="Refund",
        plural="refunds",
        synonyms=("refund",),
        columns=("customer", "status", "amount", "currency", "created"),
        order="created",
        needs=("refunds", "payments", "customers"),
    ),
    Entity(
        name="dispute",
        label="Dispute",
        plural="disputes",
        synonyms=("dispute", "chargeback"),
        columns=("customer", "status", "amount", "currency", "created"),
        order="created",
        needs=("disputes", "payments", "customers"),
    ),
)

FIELDS = (
    FieldInfo(
        name="plan", label="plan", type=FieldType.TEXT, synonyms=("plan", "tier", "package"), groupable=True
    ),
    FieldInfo(
        name="product",
        label="product",
        type=FieldType.TEXT,
        synonyms=("product", "add on", "addon", "line item"),
        groupable=True,
    ),
    FieldInfo(
        name="interval",
        label="billing interval",
        type=FieldType.ENUM,
        synonyms=(
            "interval",
            "billing interval",
            "billing period",
            "billing cycle",
            "billing frequency",
            "payment frequency",
            "payment interval",
            "frequency",
        ),
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
    FieldInfo(
        name="status", label="status", type=FieldType.ENUM, synonyms=("status", "state"), groupable=True
    ),
    FieldInfo(name="customer", label="customer", type=FieldType.TEXT, synonyms=("customer", "name")),
    FieldInfo(
        name="source", label="source", type=FieldType.ENUM, synonyms=("source", "system"), groupable=True
    ),
    FieldInfo(
        name="mrr_band",
        label="MRR segment",
        type=FieldType.ENUM,
        synonyms=(
            "mrr segment",
            "mrr band",
            "mrr bracket",
            "mrr range",
            "size",
            "customer size",
            "account size",
        ),
        groupable=True,
    ),
    FieldInfo(
        name="movement_type",
        label="movement type",
        type=FieldType.ENUM,
        synonyms=("movement type", "type of movement", "kind of movement", "type of change", "type"),
        groupable=True,
    ),
    FieldInfo(
        name="age",
        label="days overdue",
        type=FieldType.ENUM,
        synonyms=("age", "aging", "ageing", "days overdue", "days late", "how late", "aging bucket"),
        groupable=True,
    ),
    FieldInfo(name="domain", label="e-mail domain", type=FieldType.TEXT, synonyms=("domain", "email domain")),
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
    FieldInfo(name="expanded", label="upgraded", type=FieldType.INSTANT, synonyms=("upgraded",)),
    FieldInfo(name="downsized", label="downgraded", type=FieldType.INSTANT, synonyms=("downgraded",)),
    FieldInfo(name="reactivated", label="came back", type=FieldType.INSTANT, synonyms=("came back",)),
    FieldInfo(name="trial_started", label="trial began", type=FieldType.INSTANT, synonyms=("trial started",)),
    FieldInfo(name="trial_ended", label="trial ended", type=FieldType.INSTANT, synonyms=("trial ended",)),
    FieldInfo(
        name="trial_converted",
        label="trial converted",
        type=FieldType.INSTANT,
        synonyms=("trial converted",),
    ),
    FieldInfo(
        name="failing",
        label="latest payment failed",
        type=FieldType.FLAG,
        synonyms=("failed payment", "failing payment", "declined card"),
    ),
    FieldInfo(name="overdue", label="overdue", type=FieldType.FLAG, synonyms=("overdue", "past due")),
    FieldInfo(
        name="cancels",
        label="cancellation scheduled for",
        type=FieldType.INSTANT,
        synonyms=("cancels", "scheduled to cancel", "will cancel"),
    ),
    FieldInfo(
        name="moved", label="moved on", type=FieldType.INSTANT, synonyms=("moved", "changed", "happened")
    ),
    FieldInfo(
        name="canceling",
        label="cancellation scheduled",
        type=FieldType.FLAG,
        synonyms=("cancellation scheduled", "scheduled cancellation", "cancelling"),
    ),
    FieldInfo(
        name="downgraded",
        label="downgraded in the last 30 days",
        type=FieldType.FLAG,
        synonyms=("downgraded recently", "recently downgraded"),
    ),
    FieldInfo(name="at_risk", label="at risk", type=FieldType.FLAG, synonyms=("at risk", "risky")),
    FieldInfo(name="risks", label="reasons", type=FieldType.TEXT, synonyms=("reasons", "why at risk")),
    FieldInfo(
        name="failure",
        label="reason of failure",
        type=FieldType.ENUM,
        synonyms=(
            "failure",
            "failure reason",
            "decline reason",
            "decline code",
            "reason of failure",
            "reason",
        ),
        groupable=True,
    ),
)
