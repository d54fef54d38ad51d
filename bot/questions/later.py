"""What people also ask: figures that the definitions know but this account's cache cannot give, and what no
cache of customers can.

A word listed here is recognised so that it is refused in words instead of being misread as something else.
An entry that the catalog has come to offer is ignored: declaring the metric there is enough.
"""

from __future__ import annotations

from dataclasses import dataclass

from storage.metrics import catalog


@dataclass(frozen=True, slots=True)
class Later:
    """`needs` says what is missing; `near` are metrics that come close, for suggestions."""

    label: str
    said: str
    needs: str
    near: tuple[str, ...] = ()


_NOT_YET = "I do not work that out yet."
_SUPPORT = "That needs a support source such as Intercom or Zendesk, and none is connected."
_SALES = "That needs a CRM such as HubSpot or Salesforce, and none is connected."
_USAGE = "No source that I read holds that."

_KNOWN = {
    "customer_churn_rate": Later(
        "the churn rate",
        "churn rate|customer churn rate|logo churn rate|rate of churn|attrition rate|attrition"
        "|churn percentage|churn %"
        "|retention rate|customer retention|retention|churn ratio|monthly churn rate",
        _NOT_YET, ("churned_customers", "customers"),
    ),
    "nrr": Later("net revenue retention", "nrr|net revenue retention|ndr|net dollar retention"
        "|net retention",
                 _NOT_YET, ("mrr", "churned_customers")),
    "grr": Later("gross revenue retention", "grr|gross revenue retention|gross retention|gdr"
        "|gross dollar retention",
                 _NOT_YET, ("mrr", "churned_customers")),
    "gross_mrr_churn_rate": Later(
        "the MRR churn rate",
        "gross mrr churn|gross mrr churn rate|mrr churn rate|revenue churn rate|net mrr churn"
        "|net mrr churn rate",
        _NOT_YET, ("churned_customers", "mrr"),
    ),
    "churned_mrr": Later(
        "churned MRR",
        "churned mrr|mrr churn|revenue churn|churned revenue|lost mrr|mrr lost|lost revenue"
        "|cancelled mrr|canceled mrr"
        "|mrr churned|churn mrr|churned arr|lost arr|revenue lost",
        _NOT_YET, ("churned_customers", "mrr"),
    ),
    "expansion_mrr": Later(
        "expansion MRR",
        "expansion mrr|expansion|expansion revenue|upgrade|upgraded|upsell|upsold|mrr expansion"
        "|expanded|bumped",
        _NOT_YET, ("mrr",),
    ),
    "contraction_mrr": Later(
        "contraction MRR", "contraction mrr|contraction|downgrade|downgraded|downsell"
        "|mrr contraction|downgraders",
        _NOT_YET, ("mrr",),
    ),
    "new_mrr": Later("new MRR", "new mrr|new business mrr|new recurring revenue"
        "|mrr from new customer|new arr",
                     _NOT_YET, ("new_customers", "mrr")),
    "net_new_mrr": Later("net new MRR", "net new mrr|net new|net new arr|mrr movement"
        "|net mrr growth|net mrr",
                         _NOT_YET, ("mrr", "new_customers")),
    "reactivation_mrr": Later("reactivations", "reactivation|reactivation mrr|reactivated|win back"
        "|won back|came back",
                              _NOT_YET, ("new_customers",)),
    "ltv": Later("lifetime value", "ltv|clv|cltv|lifetime value"
        "|customer lifetime value", _NOT_YET, ("arpa",)),
    "trial_conversion_rate": Later(
        "the trial conversion rate",
        "trial conversion rate|trial conversion|conversion rate|conversion|trial to paid"
        "|trials converted|converted"
        "|trial to paid conversion|trial to paid conversion rate|trials convert|convert",
        _NOT_YET, ("trialing_customers", "new_customers"),
    ),
    "trials_started": Later("trials started", "new trial|trial started|started a trial"
        "|started trial|trial start"
                            "|started their trial"
                            "|start a trial", _NOT_YET, ("trialing_customers", "signups")),
    "disputes": Later("disputes", "dispute|disputed|chargeback|charge back|disputed payment"
        "|disputed charge",
                      _NOT_YET, ("refunds", "failed_payments")),
    "upcoming_cancellations": Later(
        "scheduled cancellations",
        "about to churn|at risk|scheduled to cancel|set to cancel|cancelling soon|churn risk"
        "|likely to churn"
        "|pending cancellation|going to churn",
        _NOT_YET, ("churned_customers", "failed_payments"),
    ),
    "quick_ratio": Later("the quick ratio", "quick ratio|saas quick ratio", _NOT_YET, ("mrr",)),
    "tickets": Later(
        "tickets",
        "ticket|support ticket|open ticket|conversation|open conversation|convo|support request"
        "|support case|case|zendesk"
        "|intercom|support load|support volume|support|backlog|inbox",
        _SUPPORT,
    ),
    "response_time": Later(
        "response times",
        "response time|first response time|median response time|median first response time"
        "|average response time|reply time"
        "|first reply time|frt|time to first response|time to first reply|resolution time",
        _SUPPORT,
    ),
    "csat": Later("customer satisfaction", "csat|satisfaction|customer satisfaction"
        "|satisfaction score|rating|nps|"
                  "promoter score|happy|happiness", _SUPPORT),
    "pipeline": Later(
        "the pipeline", "pipeline|sales pipeline|deal|open deal|opportunity|lead|won deal|lost deal"
        "|closed won|closed lost"
        "|quota|prospect|hubspot|salesforce|pipedrive", _SALES,
    ),
    "win_rate": Later("the win rate", "win rate|close rate|won rate|deal win rate", _SALES),
    "owner": Later(
        "owners", "owner|owned by|own|account manager|account owner|csm|sales rep|rep"
        "|account executive|manage",
        _SALES,
    ),
    "product": Later("products", "product|add on|addon|line item", _NOT_YET, ("mrr",)),
    "tag": Later("tags", "tag|tagged|label|labelled|labeled|segment|cohort"
        "|industry", _NOT_YET, ("customers",)),
    "seats": Later("seats", "seat|licence|license|quantity", _NOT_YET, ("customers",)),
    "discount": Later("discounts", "discount|discounted|coupon|promo|promo code"
        "|promotion", _NOT_YET, ("mrr",)),
    "tax": Later("taxes", "tax|vat|gst|sales tax", _NOT_YET, ("revenue",)),
    "profit": Later("profit and cost", "profit|margin|gross margin|cost|expense|burn|burn rate"
        "|runway|cac|ebitda|payroll"
                    "|acquisition cost|bank balance|cogs", _USAGE, ("revenue", "mrr")),
    "usage": Later("usage", "dau|mau|wau|daily active user|monthly active user|weekly active user"
        "|login|logged in|usage"
                   "|feature|page view|pageview|session|visitor|traffic|active on the app"
                   "|health score", _USAGE,
                   ("customers",)),
    "pause": Later("paused subscriptions", "paused customer|paused customers"
        "|pausing", _NOT_YET, ("customers",)),
}  # fmt: skip

_ACTION = "I only read: I cannot change, create, send or delete anything."
_TOPIC = "I only know your customers and what they pay."
OUTSIDE = {
    "action": (
        _ACTION,
        "delete|remove|erase|wipe|refund|cancel|charge|create|add|update|send|drop|set|edit|pause"
        "|upgrade|downgrade|message"
        "|write|post|insert|truncate|email|transfer|pay|call|schedule|remind|rename|merge"
        "|unsubscribe|credit|assign",
    ),
    "instructions": (
        "I answer questions about your customers; I take no other instructions.",
        "system prompt|ignore all|ignore all previous|ignore previous|ignore previous instruction"
        "|previous instruction"
        "|instruction|prompt|your prompt|pretend|act as|jailbreak|developer mode|api key|password"
        "|secret|secret key|token"
        "|credential|drop table|select *|sql|script|previous rule|all previous rule|your rule"
        "|environment variable|ignore"
        "|disregard|override|roleplay|role play|select|database|table",
    ),
    "topic": (
        _TOPIC,
        "who are you|what are you|your name|are you a bot|are you human|are you real|weather|joke|news"
        "|recipe|poem|translate|what time|president|football|stock price"
        "|share price|bitcoin|crypto|movie"
        "|song|restaurant|flight|holiday|birthday|meaning of life|python code|code|essay|horoscope"
        "|temperature|homework"
        "|love|exchange rate|competitor|capital",
    ),
    "forecast": (
        "I do not guess the future: I only know what has been billed and what is scheduled.",
        "",
    ),
    "hello": (
        "Hello! Ask me about MRR, customers, trials, churn or payments, or about one customer by name.",
        "",
    ),
}

_ORDERS = """
    change move switch migrate convert grant offer apply extend suspend reactivate book archive block disable
    enable stop make put mark tag invite notify give void issue reset raise lower comp discount bill invoice
    ban contact phone ping reach remind nudge chase thank welcome onboard promote bump
"""
ORDERS_TO_SOMEONE = frozenset(_ORDERS.split())
"""Words that tell us to do something where a customer follows: "give Acme a discount"."""


def known() -> dict[str, Later]:
    """The figures that are recognised and cannot be given, without those that the catalog offers by now."""
    offered = set(catalog.METRICS) | set(catalog.ENTITIES) | set(catalog.FIELDS)
    return {name: later for name, later in _KNOWN.items() if name not in offered}
