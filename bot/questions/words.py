"""The everyday words of questions, as data: what people say → what it means to the grammar.

Alternatives are separated by `|`, lower case, nouns in the singular. Metrics, dimensions and their synonyms
come from `storage/metrics/catalog/`; plan names, countries and currencies from the account. What stands
here are the words that questions are built with.
"""

from enum import StrEnum


class K(StrEnum):
    """The part that a span plays in a question."""

    FILLER = "filler"
    LIST = "list"
    SHOW = "show"
    COUNT = "count"
    AMOUNT = "amount"
    TOTAL = "total"
    SHARE = "share"
    AVERAGE = "average"
    ABOUT = "about"
    ATOM = "atom"
    FIELD = "field"
    VALUE = "value"
    PERIOD = "period"
    NUMBER = "number"
    COMPARE = "comparator"
    BETWEEN = "between"
    SUPERLATIVE = "superlative"
    GROUP = "group"
    EACH = "each"
    RHYTHM = "rhythm"
    CHART = "chart"
    VERSUS = "versus"
    CHANGE = "change"
    NOT = "not"
    OR = "or"
    AND = "and"
    FOLLOW = "follow"
    THEM = "them"
    FACT = "fact"
    FUTURE = "future"
    LATER = "later"
    OUTSIDE = "outside"
    NAME = "name"
    ABSENT = "absent"
    UNKNOWN = "unknown"


ATOMS = {
    "customer": "customer|cust|account|client|company|logo|subscriber|user|people|person|folk|ppl|peep|acct"
    "|business|buyer|payer|spender|customer base|user base|client base|subscriber base"
    "|organisation|organization|someone|anyone|everyone|anybody|somebody|guy",
    "paying": "paying|pay|paying us|pay us|spend|spending|spend with us|give us",
    "mrr": "monthly run rate|run rate per month",
    "active": "active|live",
    "existing": "existing|already paying",
    "customers_at_risk": "at risk of churning|at risk of churn|at risk of leaving|at risk of cancelling"
    "|at risk of canceling|risk of churning|at risk of being lost",
    "stayed": "stayed|stay|stuck around|retained|kept",
    "added": "add|added|adding",
    "trial": "trial|trialing|trialling|on trial|in trial|on a trial|in a trial|on free trial"
    "|trialist|trialer|free trial"
    "|trial period|trying us out|evaluating",
    "new": "new|brand new|won|win|gained|gain|land|landed|acquire|acquired|onboarded|fresh|became customer"
    "|become customer|became a customer|started paying|start paying",
    "churned": "churned|churn|churning|churner|cancelled|canceled|cancel|cancellation|left|left us"
    "|leave|leave us|quit"
    "|lost|lose|losing|stopped paying|stop paying|unsubscribed|unsubscribe|departed|walked away"
    "|gone|dropped out|dropped us|bailed|quitting|leaving us|leaving",
    "signed_up": "signed up|sign up|signup|signing up|registration|registered|register|joined|join"
    "|joined us|enrolled",
    "failed": "failed|failing|fail|declined|decline|bounced|bounce|rejected|unsuccessful"
    "|not go through|failure",
    "payment": "payment|pmt|pymt|charge"
    "|transaction|card|credit card|card payment|payment attempt|debit|direct debit",
    "succeeded": "successful|succeeded|went through",
    "paid": "paid|settled",
    "invoice": "invoice|bill",
    "unpaid": "unpaid|outstanding|receivable|owed|owe us|owe us money|owe|owing|not paid"
    "|accounts receivable|ar",
    "open": "open|unresolved|unsolved|still open|pending",
    "overdue": "overdue|past due|late|late on payment|behind on payment|behind on their payment"
    "|behind|in arrears"
    "|arrears|delinquent|late payer",
    "due": "due",
    "subscription": "subscription|sub|contract|membership",
    "renewing": "renew|renewal|renewing|up for renewal|auto renew",
    "ending": "end|ending|ended|expire|expiring|expired|expiry|run out|running out|finish|finished"
    "|lapse|lapsed|finishing",
    "revenue": "rev|revs|turnover|money in|money|net revenue|net cash|net sale|revenue net of refund"
    "|revenue after refund|revenue minus refund|revenue less refund|net income from customer",
    "inflow": "came from|come from|coming from|bring|brought|collect|collected|collection|came in"
    "|come in|coming in|bring in|brought in|made|make"
    "|making|earned|earn"
    "|take in|took in|received|receive|get paid|got paid|were paid|generate|generated",
    "net_new_mrr": "movement|net mrr change"
    "|net change in mrr|net movement|net new mrr change|net growth in mrr"
    "|mrr net change|net mrr move|net mrr moved|net mrr shift|net mrr shifted|net mrr grow|net mrr grew",
    "expansion_mrr": "expand|expanded|expanding|grew their plan|upsell|upsold",
    "contraction_mrr": "contract down|shrank|shrink|shrunk",
    "upgrades": "upgrade|upgraded|upgrading|upgrader|bumped|bumped up|moved up|went up a plan|move up"
    "|leveled up",
    "downgrades": "downgrade|downgraded|downgrading|downgrader|moved down|move down",
    "reactivations": "reactivation|reactivated|reactivate|came back|come back|returned|return|win back"
    "|winback|won back|returning|coming back",
    "disputes": "dispute|disputed|chargeback|charge back|charged back|contested",
    "ticket": "tix|chat|live chat|support thread|ticket|conversation|convo|support request|support case"
    "|case|support ticket|issue"
    "|inquiry|enquiry|help request",
    "csat": "happy|happiness|satisfied",
    "good": "good|positive",
    "unanswered": "unanswered|without a reply|without reply|without an answer|waiting for a reply"
    "|not answered"
    "|not replied to|no reply|awaiting reply",
    "response_time": "reply|replied|respond|responded|first reply|first response|answer|answered"
    "|take to reply|take us to reply|take us to answer|take us to respond|answer ticket"
    "|take to answer|take to respond|get back to customer|reply to customer|answer customer",
    "deal": "deal|opportunity|opp",
    "closed": "closed|close|solved|solve|resolved|resolve|signed off",
    "closing": "closing|expected to close|due to close|set to close",
    "created_on": "created",
    "refunds": "refund|refunded|refunding|gave back|give back|pay back",
}

TOGETHER: dict[str, tuple[str, ...]] = {
    "cost us": ("mrr",),
    **{f"{word} {growth}": (word, "growth") for word in ("mrr", "arr", "revenue", "customer", "arpa")
       for growth in ("growth", "growth rate", "change", "increase", "decrease", "difference")},
    **{f"growth in {word}": (word, "growth") for word in ("mrr", "arr", "revenue", "customer")},
    **{f"growth of {word}": (word, "growth") for word in ("mrr", "arr", "revenue", "customer", "signup")},
    **{f"{last} {paid} {failed}": ("failed", "payment")
       for last in ("last", "latest", "most recent")
       for paid in ("payment", "charge", "card payment", "payment attempt")
       for failed in ("failed", "fail", "was declined", "declined", "bounced", "did not go through")},
    **dict.fromkeys(("overdue balance", "overdue amount", "past due balance", "past due amount"),
                    ("overdue",)),
    **dict.fromkeys(("outstanding balance", "open balance", "balance due", "unpaid balance",
                     "outstanding amount"), ("unpaid",)),
}  # fmt: skip

WORDS: dict[K, dict[object, str]] = {
    K.COUNT: {"count": "how many|number of|count of|count|no of|total number of|how many of|the number of"},
    K.AMOUNT: {
        "amount": "how big|how large|how high|how low|how much|sum|sum of|value of|total amount"
        "|total amount of|total value of|volume"
        "|amount of|dollar value of|dollar amount of|dollar value|add up to"
        "|how much money|volume of|worth of"
    },
    K.TOTAL: {"total": "total|in total|overall|altogether|combined"},
    K.FILLER: {
        "filler": "in the world|distribution|distributed|as a table|in a table|as table|how fast|may i|may we"
        "|look like|looking like|would like|feel like|like to|billing"
        "|since when"
        "|as of when|how long|coming up|come up|add up|adds up|end up|ended up|made up of"
        "|what kind of|which kind of|in terms of|with respect to|as well as that|by the way|for me"
        "|to date for|at all|of ours|with us|from us|to us|for us|on our side|out there"
    },
    K.SHARE: {
        "share": "percentage|percent|share|share of|proportion|fraction|%|percentage of|percent of|rate|ratio"
    },
    K.AVERAGE: {"average": "average|avg|mean|median|on average|averaged"},
    K.LIST: {"list": "who|which|list|name of|export|which one|whose|list of|list all|list out|what customer"},
    K.SHOW: {
        "show": "rank|view|show|show me|give me|display|find|get me|see|show us|give me a list of|pull|fetch"
    },
    K.ABOUT: {
        "about": "tell me about|tell us about|about|profile|profile of|profile for|detail of"
        "|detail on|detail for|info on"
        "|info about|information on|information about|everything about|everything on|look up|lookup|pull up"
        "|what do we know about|overview of|summary of|summary for|what is up with"
        "|what is going on with|how is|bring up|open up|take me to|jump to"
    },
    K.COMPARE: {
        "over": "over|more than|above|greater than|higher than|bigger than|larger than|exceeding"
        "|exceed|north of"
        "|in excess of|>|upwards of",
        "at_least": "at least|minimum|minimum of|min|>=|≥|no less than|not less than",
        "under": "under|less than|below|fewer than|lower than|smaller than|cheaper than|<",
        "at_most": "at most|up to|no more than|not more than|maximum|maximum of|max|<=|≤",
        "is": "exactly|equal to|=",
        "or_more": "or more|or above|or higher|and up|and above|and over|or over|+",
        "or_less": "or less|or below|or lower|or under",
    },
    K.BETWEEN: {"between": "between"},
    K.SUPERLATIVE: {
        (
            "size",
            True,
        ): "top|biggest|largest|highest|best|greatest|most|most valuable|highest paying|biggest paying"
        "|best paying|top paying|highest value|leading|highest spending|number one|most important",
        ("size", False): "smallest|lowest|bottom|least|fewest|tiniest|cheapest|worst|lowest paying",
        ("time", True): "newest|latest|most recent|recent|most recently|last",
        ("popular", True): "most popular|most common|most used|most popular one",
        ("popular", False): "least popular|least common|least used",
        ("time", False): "oldest|earliest|longest standing|longest|most loyal",
    },
    K.GROUP: {
        "by": "by|per|split by|split by each|broken down by|break down by|breakdown by"
        "|broken out by|grouped by|group by"
        "|for each|for every|in each|on each|by each|sorted by|ordered by|order by|sort by"
        "|ranked by|each|across|every"
        "|breakdown|break down|split|broken down"
    },
    K.EACH: {
        grain: f"by {grain}|per {grain}|each {grain}|every {grain}|{grain} by {grain}|a {grain}"
        f"|by the {grain}"
        for grain in ("day", "week", "month", "quarter", "year")
    },
    K.RHYTHM: {
        "day": "daily",
        "week": "weekly",
        "month": "monthly",
        "quarter": "quarterly",
        "year": "annual|yearly|annually|anually",
    },
    K.CHART: {
        "chart": "line chart|bar chart|line graph"
        "|over time|trend|trending|evolution|history|timeline|graph|chart|plot|evolve"
        "|evolved|development|curve|develop|developed|developing|progress|progressed|trended"
    },
    K.VERSUS: {
        "versus": "than|vs|v|versus|compared to|compared with|compare|compare to|compare with|comparing"
        "|against|relative to"
        "|in comparison to|comparison|as compared to",
        "mom": "month over month|mom|month on month",
        "wow": "week over week|wow|week on week",
        "qoq": "quarter over quarter|qoq|quarter on quarter",
        "yoy": "year over year|yoy|year on year",
    },
    K.CHANGE: {
        "change": "change|changed|grow|grew|grown|growing|increase|increased|decrease|decreased"
        "|drop|dropped|up or down"
        "|move|moving|shift|shifted"
        "|up|down|go up|go down|gone up|gone down|went up|went down|rise|risen|rose|fall|fallen|fell|moved"
        "|difference|delta|higher|lower|better|worse|grows|rising|falling|dropping|climb|climbed|shrunk|shrinking"
    },
    K.NOT: {
        "not": "but those|but the one|but for"
        "|not|without|without any|excluding|exclude|except|except for|other than|no|non"
        "|but not|never|aside from"
        "|apart from|outside|outside of|excl|exclude"
        "|leaving out|ignoring|all but|ex|minus|everything but|everyone but|besides|barring"
        "|with the exception of|save for|not on|not in|no longer"
    },
    K.OR: {"or": "or"},
    K.AND: {"and": "and|&|plus|as well as|both"},
    K.FOLLOW: {
        "follow": "what about|how about|and what about|and how about|same for|same with"
        "|same but for|the same for|same"
        "|the same|instead|also|only|just|now only|same thing for|same question for|ok and"
        "|break it down|split it|make it|make that|make them|make this"
        "|change it to|change that to|switch it to"
    },
    K.THEM: {
        "them": "is that|is this|are those|of that|of those|of them|of these|among them|they|them|their"
        "|those|these|it|its|that one|those customers|these customers"
        "|this customer|that customer"
        "|who are they|who are those|which ones|they are"
    },
    K.FIELD: {
        "owner": "owner|owned|owned by|own|account owner|account manager|manage|managed by|look after"
        "|looked after"
        "|responsible for|in charge of|csm|sales rep|rep|account executive|belong to|work with"
        "|relationship with",
        "assignee": "assignee|assigned to|assigned|handled by|agent|teammate",
        "tag": "tag|tagged|tagged with|with the tag|with tag|label|labelled|labeled",
    },
    K.FACT: {
        "fact": "phone number of|phone of|email address of|email of|contact of|email address|email"
        "|phone|phone number|website|domain|contact|address|customer since|doing"
    },
    K.FUTURE: {
        "forecast": "will|will be|going to be|gonna be|gonna|forecast|predict|prediction|projection|projected"
        "|project|expect|expected"
        "|next year be"
    },
}

FILLERS = """
named called the teh hte adn fo a an our ours we i me my you your yours please pls plz do does did done
doing is are was were be been being have has had having can could would should may might to of for in on
at from with within during as that what it there here get got getting us want wanted know need needed
so far thanks thank hey hi hello ok okay chewy chewbotta bot kindly quick quickly question tell give
let look looking currently all any some really actually how when where if these this
right exactly yet still their by into out then but happening when's am pm back figure stat statistics
metric data report level break located based billed billing happened happen set who's using use used via
signed whom become soon more first asap opened remaining go going value stand standing across
worth just record one ones row entry item whole entire everything everybody whats hows plan's total's
also well and amount i'd i'll id wondering wonder curious check update anything come coming running bring
say says put through subscribed many sit sits sitting hover hovers hovering clocking issued
reside residing situated headquartered among amongst
gimme lemme wanna gotta plss thx ty tnx hiya yo sup hmm ah oh btw fyi rly wat wut wht r u ur lookin lookn
"""
