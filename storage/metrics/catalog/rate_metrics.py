"""Figures that are shares: of the customers or the money that a period began with, and of its trials."""

from storage.metrics.catalog.shapes import Metric, Span, Unit

_WHO = ("plan", "interval", "country", "currency", "source", "owner")
_NEEDS = ("subscriptions", "invoices")


def _rate(name: str, label: str, formula: str, synonyms: tuple[str, ...], example: str) -> Metric:
    return Metric(
        name=name,
        label=label,
        unit=Unit.RATIO,
        span=Span.FLOW,
        entity="customer",
        formula=formula,
        synonyms=synonyms,
        dimensions=_WHO,
        needs=_NEEDS,
        example=example,
    )


def _trials(
    name: str, label: str, formula: str, synonyms: tuple[str, ...], example: str, noun: str
) -> Metric:
    return Metric(
        name=name,
        label=label,
        unit=Unit.COUNT,
        span=Span.FLOW,
        entity="subscription",
        formula=formula,
        synonyms=synonyms,
        dimensions=_WHO,
        needs=("subscriptions",),
        example=example,
        nouns=(noun.replace("trials", "trial", 1), noun),
    )


DECLARED = (
    _rate(
        "customer_churn_rate",
        "Customer churn rate",
        "of the customers that paid just before the period, the share that does not pay at its end",
        ("churn rate", "customer churn rate", "logo churn rate", "rate of churn", "attrition rate",
         "attrition", "churn percentage", "churn %", "churn ratio", "monthly churn rate",
         "customer attrition", "customer churn percentage", "percent churn", "share of customers lost"),
        "What was the churn rate last month?",
    ),
    _rate(
        "customer_retention_rate",
        "Customer retention rate",
        "of the customers that paid just before the period, the share that pays at its end",
        ("retention rate", "customer retention rate", "customer retention", "retention", "logo retention",
         "logo retention rate", "retained customer", "share of customers kept"),
        "What was customer retention last quarter?",
    ),
    _rate(
        "nrr",
        "Net revenue retention",
        "MRR at the period's end of the customers that paid just before it / their MRR then, per currency",
        ("nrr", "net revenue retention", "ndr", "net dollar retention", "net retention",
         "net revenue retention rate", "net mrr retention", "net retention rate", "dollar retention"),
        "What was net revenue retention last quarter?",
    ),
    _rate(
        "grr",
        "Gross revenue retention",
        "MRR at the period's end of the customers that paid just before it, for each at most what it was / "
        "their MRR then, per currency",
        ("grr", "gross revenue retention", "gross retention", "gdr", "gross dollar retention",
         "gross revenue retention rate", "gross mrr retention", "gross retention rate"),
        "What was gross revenue retention last quarter?",
    ),
    _rate(
        "gross_mrr_churn_rate",
        "Gross MRR churn rate",
        "1 - gross revenue retention, per currency",
        ("gross mrr churn", "gross mrr churn rate", "mrr churn rate", "revenue churn rate",
         "gross revenue churn", "gross revenue churn rate", "gross churn", "gross churn rate",
         "gross dollar churn"),
        "What was the gross MRR churn rate last month?",
    ),
    _rate(
        "net_mrr_churn_rate",
        "Net MRR churn rate",
        "1 - net revenue retention, per currency; below 0 where expansion outweighs what was lost",
        ("net mrr churn", "net mrr churn rate", "net revenue churn", "net revenue churn rate", "net churn",
         "net churn rate", "net dollar churn"),
        "What was the net MRR churn rate last month?",
    ),
    Metric(
        name="quick_ratio",
        label="Quick ratio",
        unit=Unit.RATIO,
        span=Span.FLOW,
        entity="movement",
        formula="new, expansion and reactivation MRR / contraction and churned MRR, per currency",
        synonyms=("quick ratio", "saas quick ratio", "growth efficiency"),
        dimensions=_WHO,
        needs=_NEEDS,
        example="What was the quick ratio last quarter?",
    ),
    Metric(
        name="trial_conversion_rate",
        label="Trial conversion rate",
        unit=Unit.RATIO,
        span=Span.FLOW,
        entity="subscription",
        formula="of the trials that ended in the period, the share whose subscription counted at the end of "
        "that day",
        synonyms=(
            "trial conversion rate",
            "trial conversion",
            "conversion rate",
            "conversion",
            "trial to paid",
            "trial to paid conversion",
            "trial to paid conversion rate",
            "trial to paid rate",
            "trial success rate",
            "share of trials converted",
            "convert",
        ),
        dimensions=_WHO,
        needs=("subscriptions",),
        example="What was the trial conversion rate last month?",
    ),
    _trials(
        "trials_started",
        "Trials started",
        "trials by the day that they began",
        ("new trial", "trial started", "started a trial", "started trial", "trial start",
         "started their trial", "start a trial", "began a trial", "trial begun", "trial signup"),
        "How many trials started last month?",
        "trials started",
    ),
    _trials(
        "trials_ended",
        "Trials ended",
        "trials by the moment that they ended, whether they were converted, ran out or were cancelled",
        ("trial ended", "ended trial", "finished trial", "trial finished", "trial that ended", "trial over",
         "expired trial", "trial expired", "trial ran out"),
        "How many trials ended last month?",
        "trials ended",
    ),
    _trials(
        "trials_converted",
        "Trials converted",
        "trials that ended in the period whose subscription counted at the end of that day",
        ("trial converted", "converted trial", "converted", "trial that converted", "trial won",
         "converted to paid", "trial conversion count", "successful trial"),
        "How many trials converted last month?",
        "trials converted",
    ),
)  # fmt: skip
