"""What can be listed and asked of support and sales, and of the people on either side."""

from storage.metrics.catalog.shapes import Entity, FieldInfo, FieldType

ENTITIES = (
    Entity(
        name="conversation",
        label="Conversation",
        plural="conversations",
        synonyms=("conversation", "ticket", "support ticket", "case", "convo", "support request"),
        columns=("customer", "subject", "status", "source", "opened", "response_seconds", "assignee"),
        order="opened",
        needs=("conversations", "customers"),
    ),
    Entity(
        name="deal",
        label="Deal",
        plural="deals",
        synonyms=("deal", "opportunity"),
        columns=("customer", "deal", "status", "stage", "amount", "currency", "closes", "owner"),
        order="amount",
        needs=("deals", "customers"),
    ),
    Entity(
        name="contact",
        label="Contact",
        plural="contacts",
        synonyms=("contact", "person", "contact person", "people"),
        columns=("customer", "contact", "title", "email", "source", "created"),
        order="created",
        needs=("contacts", "customers"),
    ),
)

FIELDS = (
    FieldInfo(
        name="owner",
        label="owner",
        type=FieldType.TEXT,
        synonyms=("owner", "account owner", "account manager", "owned by", "csm", "sales rep", "rep",
                  "account executive", "ae", "am", "customer success manager", "deal owner", "hubspot owner",
                  "company owner", "salesperson", "responsible"),
        groupable=True,
    ),
    FieldInfo(
        name="owned",
        label="has an owner",
        type=FieldType.FLAG,
        synonyms=("has an owner", "with an owner", "owned", "assigned to somebody"),
    ),
    FieldInfo(
        name="assignee",
        label="assignee",
        type=FieldType.TEXT,
        synonyms=("assignee", "assigned to", "agent", "support agent", "teammate", "admin", "handled by",
                  "support rep"),
        groupable=True,
    ),
    FieldInfo(
        name="tag",
        label="tag",
        type=FieldType.TEXT,
        synonyms=("tag", "tagged", "label", "labelled", "labeled", "topic"),
        groupable=True,
    ),
    FieldInfo(
        name="stage",
        label="deal stage",
        type=FieldType.TEXT,
        synonyms=("stage", "deal stage", "pipeline stage", "sales stage", "phase", "step"),
        groupable=True,
    ),
    FieldInfo(
        name="pipeline",
        label="sales pipeline",
        type=FieldType.TEXT,
        synonyms=("pipeline name", "which pipeline"),
        groupable=True,
    ),
    FieldInfo(
        name="open_tickets",
        label="open tickets",
        type=FieldType.COUNT,
        synonyms=("open ticket", "open conversation", "unresolved ticket", "open case", "open issue"),
    ),
    FieldInfo(
        name="tickets",
        label="tickets",
        type=FieldType.COUNT,
        synonyms=("ticket", "conversation", "support ticket", "case", "support request"),
    ),
    FieldInfo(
        name="open_deals",
        label="open deals",
        type=FieldType.COUNT,
        synonyms=("open deal", "open opportunity", "deal in the pipeline"),
    ),
    FieldInfo(
        name="opened", label="opened", type=FieldType.INSTANT, synonyms=("opened", "raised", "received")
    ),
    FieldInfo(
        name="closes",
        label="close date",
        type=FieldType.INSTANT,
        synonyms=("close date", "closes", "closing", "expected to close", "due to close"),
    ),
    FieldInfo(
        name="response_seconds",
        label="first response",
        type=FieldType.COUNT,
        synonyms=("seconds to first response", "first response seconds"),
    ),
    FieldInfo(
        name="answered",
        label="answered",
        type=FieldType.FLAG,
        synonyms=("answered", "replied to", "has a reply"),
    ),
    FieldInfo(name="subject", label="subject", type=FieldType.TEXT, synonyms=("subject",)),
    FieldInfo(name="deal", label="deal", type=FieldType.TEXT, synonyms=("deal name",)),
    FieldInfo(name="contact", label="contact", type=FieldType.TEXT, synonyms=("contact name",)),
    FieldInfo(name="title", label="job title", type=FieldType.TEXT, synonyms=("job title", "role")),
    FieldInfo(name="email", label="e-mail", type=FieldType.TEXT, synonyms=("email address of a contact",)),
)  # fmt: skip
