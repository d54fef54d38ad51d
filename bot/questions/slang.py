"""Slang and figures of speech, as data: phrase → what it means, beside `words.ATOMS`."""

SLANG: dict[str, str] = {
    "churned": "jumped ship|jump ship|jumping ship|walked out|walk out|walked out on us|pulled the plug"
    "|pull the plug|called it quits|said goodbye|bowed out|went away|gone away|defected|ditched us|dumped us"
    "|parted ways|abandoned us|packed it in",
    "new": "came on board|come on board|came aboard|got on board|brought on board|reeled in|snagged|bagged",
    "trials_started": "trial kicked off|kicked off a trial|kick off a trial|trial began|trial begin"
    "|trial got going|trial got started|trial were started|trial was started|fired up a trial",
    "upgrades": "leveled up|levelled up|stepped up|step up|traded up|trade up|went bigger",
    "downgrades": "stepped down|step down|traded down|trade down|scaled back|scale back|cut back"
    "|went smaller",
    "revenue": "taking|takings|cash banked|cash we banked|cash have we banked|cash did we bank",
    "inflow": "banked|we bank|pocketed|pocket|rake in|raked in|raking in|haul in|hauled in|pull in|pulled in"
    "|pulling in|pick up|picked up|rung up|ring up",
    "failed": "fell through|fall through|got declined|get declined|did not clear|not clear|got rejected",
    "reactivations": "came crawling back|returned to us|rejoined|rejoin|resubscribed|resubscribe"
    "|signed back up|back on board",
    "unpaid": "in debt to us|owing us",
    "ticket": "support query|support issue|support chat|support conversation|helpdesk ticket"
    "|help desk ticket",
}
CHARTS = "trend line|trendline|sparkline|run chart|graphed|charted|plotted|line plot"
TAKEN_ALONG = "take with them|took with them|take along|took along"
"""The money of those who left: "how much MRR did they take with them?" """
