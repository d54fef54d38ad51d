"""Figures of a period: how MRR moved, who came and who left, and the rates that follow from it."""

from storage.metrics.catalog.shapes import Metric, Span, Unit

_SPLIT_BY = ("plan", "interval", "country", "currency", "source", "movement_type")
_WHO = ("plan", "interval", "country", "currency", "source", "owner")
_NEEDS = ("subscriptions", "invoices")


def _moved(
    name: str, label: str, formula: str, synonyms: tuple[str, ...], example: str, *, every: bool = False
) -> Metric:
    """MRR that moved; movements of `every` type can be told apart by it."""
    return Metric(
        name=name,
        label=label,
        unit=Unit.MONEY,
        span=Span.FLOW,
        entity="movement",
        formula=formula,
        synonyms=synonyms,
        dimensions=_SPLIT_BY if every else _WHO,
        needs=_NEEDS,
        example=example,
    )


def _counted(
    name: str,
    label: str,
    formula: str,
    synonyms: tuple[str, ...],
    example: str,
    *,
    nouns: tuple[str, str],
    entity: str = "movement",
) -> Metric:
    return Metric(
        name=name,
        label=label,
        unit=Unit.COUNT,
        span=Span.FLOW,
        entity=entity,
        formula=formula,
        synonyms=synonyms,
        dimensions=_WHO,
        needs=_NEEDS,
        example=example,
        nouns=nouns,
    )


DECLARED = (
    _moved(
        "net_new_mrr",
        "Net new MRR",
        "sum of all movements of MRR in the period: new, expansion and reactivation less contraction and "
        "churn",
        ("net new mrr", "net new", "net new recurring revenue", "mrr movement", "net mrr growth", "net mrr",
         "mrr added", "net mrr added", "change in mrr by type", "movement of mrr"),
        "What was net new MRR last month?",
        every=True,
    ),
    _moved(
        "new_mrr",
        "New MRR",
        "MRR of customers whose MRR rose above 0 for the first time in the period",
        ("new mrr", "new business mrr", "new business", "new recurring revenue", "mrr from new customer",
         "new customer mrr", "mrr won", "first time mrr"),
        "How much new MRR did we win this month?",
    ),
    _moved(
        "expansion_mrr",
        "Expansion MRR",
        "by how much the MRR of paying customers went up in the period",
        ("expansion mrr", "expansion", "expansion revenue", "upsell", "upsell mrr", "upgrade mrr",
         "mrr expansion", "expanded mrr", "upsold", "expanded", "mrr from upgrade"),
        "How much expansion MRR did we get last month?",
    ),
    _moved(
        "contraction_mrr",
        "Contraction MRR",
        "by how much the MRR of customers that stayed went down in the period",
        ("contraction mrr", "contraction", "downsell", "downgrade mrr", "mrr contraction", "contracted mrr",
         "mrr lost to downgrade", "shrinkage", "contracted"),
        "How much contraction MRR was there last month?",
    ),
    _moved(
        "churned_mrr",
        "Churned MRR",
        "MRR that customers paid whose MRR fell to 0 in the period",
        ("churned mrr", "mrr churn", "revenue churn", "churned revenue", "lost mrr", "mrr lost",
         "lost revenue", "cancelled mrr", "canceled mrr", "mrr churned", "churn mrr", "revenue lost",
         "recurring revenue lost", "churned recurring revenue", "mrr lost to churn"),
        "How much MRR did we lose to churn last month?",
    ),
    _moved(
        "reactivation_mrr",
        "Reactivation MRR",
        "MRR of customers that had paid before, paid nothing, and came back in the period",
        ("reactivation mrr", "reactivated mrr", "mrr from reactivation", "won back mrr", "winback mrr",
         "returning customer mrr"),
        "How much reactivation MRR did we get this year?",
    ),
    _counted(
        "upgrades",
        "Upgrades",
        "times that a paying customer's MRR went up in the period, once a day at most",
        ("upgrade", "upgraded", "customer upgrade", "plan upgrade", "upgrading"),
        "How many upgrades were there last month?",
        nouns=("upgrade", "upgrades"),
    ),
    _counted(
        "downgrades",
        "Downgrades",
        "times that a customer's MRR went down in the period without falling to 0, once a day at most",
        ("downgrade", "downgraded", "customer downgrade", "plan downgrade", "downgrader", "downgrading"),
        "How many downgrades were there last month?",
        nouns=("downgrade", "downgrades"),
    ),
    _counted(
        "reactivations",
        "Reactivations",
        "times that a customer who had paid before and paid nothing came back in the period",
        ("reactivation", "reactivated", "win back", "winback", "won back", "came back", "come back",
         "returned", "returning"),
        "How many reactivations were there this year?",
        nouns=("reactivation", "reactivations"),
    ),
    _counted(
        "upgraded_customers",
        "Customers upgraded",
        "profiles whose MRR went up in the period, each once",
        ("upgraded customer", "customer upgraded", "customer who upgraded", "customer that upgraded",
         "upgrading customer"),
        "How many customers upgraded last month?",
        nouns=("customer who upgraded", "customers who upgraded"),
        entity="customer",
    ),
    _counted(
        "downgraded_customers",
        "Customers downgraded",
        "profiles whose MRR went down in the period without falling to 0, each once",
        ("downgraded customer", "customer downgraded", "customer who downgraded", "customer that downgraded",
         "downgrading customer"),
        "How many customers downgraded last month?",
        nouns=("customer who downgraded", "customers who downgraded"),
        entity="customer",
    ),
    _counted(
        "reactivated_customers",
        "Customers won back",
        "profiles that had paid before, paid nothing, and came back in the period, each once",
        ("reactivated customer", "returned customer", "returning customer", "customer who came back",
         "customer that came back", "customer won back", "won back customer"),
        "How many customers came back this year?",
        nouns=("customer who came back", "customers who came back"),
        entity="customer",
    ),
    _counted(
        "new_customers",
        "New customers",
        "profiles whose MRR rose above 0 for the first time in the period",
        ("new customer", "customer won", "customers won", "won customer", "new logo", "new account",
         "new subscriber", "new paying customer", "new client"),
        "How many new customers did we win this month?",
        nouns=("new customer", "new customers"),
        entity="customer",
    ),
    _counted(
        "churned_customers",
        "Churned customers",
        "profiles whose MRR fell to 0 in the period and that do not pay at its end",
        ("churned customer", "lost customer", "customers lost", "churned", "cancelled customer",
         "canceled customer", "customer churn", "churn", "logo churn", "lost", "left", "quit",
         "cancellation", "cancelled", "canceled"),
        "How many customers churned last month?",
        nouns=("customer churned", "customers churned"),
        entity="customer",
    ),
    Metric(
        name="signups",
        label="Sign-ups",
        unit=Unit.COUNT,
        span=Span.FLOW,
        entity="customer",
        formula="profiles by the creation of their first billing record",
        synonyms=("signup", "sign up", "signed up", "sign-up", "registration", "registered", "joined"),
        dimensions=("country", "owner"),
        needs=("customers",),
        example="How many people signed up last week?",
        nouns=("sign-up", "sign-ups"),
    ),
)  # fmt: skip
