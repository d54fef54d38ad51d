"""Many customers at once, made inside PostgreSQL: enough for its planner to choose as it would in earnest.

Each customer has one subscription (of every twentieth an ended one), an invoice and a payment a month, a
person, a conversation and a deal; the hundredth part of the payments failed and of the invoices is open.
"""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

_ID = "decode(md5({0} || '-' || n), 'hex')"
_CUSTOMER, _SUBSCRIPTION, _INVOICE, _PAYMENT, _REFUND, _DISPUTE, _CONTACT, _TICKET, _DEAL = (
    _ID.format(f"'{kind}'")
    for kind in (
        "customer", "subscription", "invoice", "payment", "refund", "dispute", "contact", "ticket", "deal",
    )
)  # fmt: skip
_OWNER = "decode(md5('customer-' || (n % :customers)), 'hex')"
_OWN_SUBSCRIPTION = "decode(md5('subscription-' || (n % :customers)), 'hex')"
_START = "timestamptz '2025-01-01' + (n % 690) * interval '1 day'"
_LATER = "timestamptz '2025-06-01' + (n % 500) * interval '1 day' + (n % 86400) * interval '1 second'"
_ENDED = "(n % 20 = 0)"
_LEFT = f"({_START} + interval '40 days')"
_KEY = "'\\x00'::bytea"

_STATEMENTS = (
    f"""INSERT INTO product (account_id, source_id, id, name, active, created_at, fingerprint)
        SELECT :account, 1, {_ID.format("'product'")}, 'Plan ' || n, true, now(), {_KEY}
        FROM generate_series(0, 4) n""",
    f"""INSERT INTO customer (account_id, source_id, id, sealed, email_key, domain_key, name_key, phone_key,
            profile_id, country, currency, discounts, created_at, fingerprint)
        SELECT :account, 1, {_CUSTOMER}, {_KEY}, {_CUSTOMER}, NULL, {_CUSTOMER}, NULL,
            {_CUSTOMER}, (ARRAY['US','DE','FR','GB','JP'])[1 + n % 5], 'usd', '[]', {_START}, {_KEY}
        FROM generate_series(0, :customers - 1) n""",
    f"""INSERT INTO profile (account_id, profile_id, country, signed_up_at, customer_since, failing)
        SELECT :account, {_CUSTOMER}, (ARRAY['US','DE','FR','GB','JP'])[1 + n % 5], {_START}, {_START},
            n % 100 = 0
        FROM generate_series(0, :customers - 1) n""",
    f"""INSERT INTO subscription (account_id, source_id, id, customer_id, status, currency, items, discounts,
            created_at, started_at, current_period_start, current_period_end, trial_end, cancel_at_period_end,
            ended_at, collection_paused, first_seen_at, products, fingerprint)
        SELECT :account, 1, {_SUBSCRIPTION}, {_CUSTOMER},
            CASE WHEN {_ENDED} THEN 'canceled' WHEN n % 97 = 0 THEN 'trialing' ELSE 'active' END, 'usd', '[]',
            '[]', {_START}, {_START}, now(), {_LATER}, CASE WHEN n % 97 = 0 THEN {_LATER} END, false,
            CASE WHEN {_ENDED} THEN {_LEFT} END, false, now(), '', {_KEY}
        FROM generate_series(0, :customers - 1) n""",
    f"""INSERT INTO mrr_span (account_id, source_id, subscription_id, starts_at, ends_at, customer_id,
            profile_id, product_id, interval, currency, mrr, trial)
        SELECT :account, 1, {_SUBSCRIPTION}, {_START}, CASE WHEN {_ENDED} THEN {_LEFT} END, {_CUSTOMER},
            {_CUSTOMER}, decode(md5('product-' || (n % 5)), 'hex'), (ARRAY['month','year'])[1 + n % 2], 'usd',
            100 * (1 + n % 50), n % 97 = 0
        FROM generate_series(0, :customers - 1) n""",
    f"""INSERT INTO movement (account_id, profile_id, currency, day, at, type, amount)
        SELECT :account, {_CUSTOMER}, 'usd', ({_START})::date, {_START}, 'new', 100
        FROM generate_series(0, :customers - 1) n""",
    f"""INSERT INTO movement (account_id, profile_id, currency, day, at, type, amount)
        SELECT :account, {_CUSTOMER}, 'usd', ({_LEFT})::date, {_LEFT}, 'churn', -100
        FROM generate_series(0, :customers - 1) n WHERE {_ENDED}""",
    f"""INSERT INTO invoice (account_id, source_id, id, customer_id, subscription_id, status, currency, total,
            amount_due, amount_paid, amount_remaining, created_at, due_at, attempt_count, lines, fingerprint)
        SELECT :account, 1, {_INVOICE}, {_OWNER}, {_OWN_SUBSCRIPTION},
            CASE WHEN n % 100 = 0 THEN 'open' ELSE 'paid' END, 'usd', 100, 100, 100,
            CASE WHEN n % 100 = 0 THEN 100 ELSE 0 END, {_LATER},
            CASE WHEN n % 200 = 0 THEN {_LATER} END, 1, '[]', {_KEY}
        FROM generate_series(0, 3 * :customers - 1) n""",
    f"""INSERT INTO payment (account_id, source_id, id, customer_id, attempt_of, status, currency, amount,
            created_at, failure, fingerprint)
        SELECT :account, 1, {_PAYMENT}, {_OWNER}, {_INVOICE},
            CASE WHEN n % 100 = 0 THEN 'failed' ELSE 'succeeded' END, 'usd', 100, {_LATER}, NULL, {_KEY}
        FROM generate_series(0, 3 * :customers - 1) n""",
    f"""INSERT INTO refund (account_id, source_id, id, payment_id, status, currency, amount, created_at,
            fingerprint)
        SELECT :account, 1, {_REFUND}, {_PAYMENT}, 'succeeded', 'usd', 10, {_LATER}, {_KEY}
        FROM generate_series(0, :customers - 1) n WHERE n % 10 = 0""",
    f"""INSERT INTO dispute (account_id, source_id, id, payment_id, status, currency, amount, created_at,
            fingerprint)
        SELECT :account, 1, {_DISPUTE}, {_PAYMENT}, 'lost', 'usd', 100, {_LATER}, {_KEY}
        FROM generate_series(0, :customers - 1) n WHERE n % 10 = 1""",
    f"""INSERT INTO contact (account_id, source_id, id, sealed, email_key, created_at, fingerprint)
        SELECT :account, 1, {_CONTACT}, {_KEY}, {_CONTACT}, {_START}, {_KEY}
        FROM generate_series(0, :customers - 1) n""",
    f"""INSERT INTO contact_customer (account_id, source_id, contact_id, customer_id, place)
        SELECT :account, 1, {_CONTACT}, {_OWNER}, 0 FROM generate_series(0, :customers - 1) n""",
    f"""INSERT INTO ticket (account_id, source_id, id, sealed, state, opened_at, customer_id, named,
            contact_id, fingerprint)
        SELECT :account, 1, {_TICKET}, {_KEY}, CASE WHEN n % 20 = 0 THEN 'open' ELSE 'closed' END, {_LATER},
            {_OWNER}, true, {_CONTACT}, {_KEY}
        FROM generate_series(0, :customers - 1) n""",
    f"""INSERT INTO deal (account_id, source_id, id, sealed, state, customer_id, created_at, fingerprint)
        SELECT :account, 1, {_DEAL}, {_KEY}, 'won', {_OWNER}, {_START}, {_KEY}
        FROM generate_series(0, :customers - 1) n""",
)


async def gather(engine: AsyncEngine, account_id: int, customers: int) -> None:
    """Fills an account, as the owner of the tables, and lets the planner look at them."""
    async with engine.connect() as connection:
        for statement in _STATEMENTS:
            wanted = {"account": account_id, "customers": customers}
            named = {name: value for name, value in wanted.items() if f":{name}" in statement}
            await connection.execute(text(statement), named)
        await connection.commit()
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(text("ANALYZE"))
