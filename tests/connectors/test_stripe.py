"""Reading a Stripe account over HTTP, from the test server: lists, windows, look-ups, changes, refusals."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web

from connectors.base import WHOLE, Credential, Page, Skipped
from connectors.errors import (
    ErrorReport,
    KeyRefused,
    NotOffered,
    NotPermitted,
    RelistNeeded,
    UnexpectedAnswer,
)
from connectors.stripe import Stripe
from connectors.stripe.streams import TOPICS, event_types
from storage import records
from storage.records import Deletion
from tests.vendors import stripe_objects as make
from tests.vendors.stripe import StripeServer
from tests.vendors.stripe_data import World
from tests.vendors.stripe_objects import DAY, T0

NOW = datetime.fromtimestamp(T0 + 100 * DAY, UTC)
CUSTOMERS = Stripe.stream("customers")
SUBSCRIPTIONS = Stripe.stream("subscriptions")
INVOICES = Stripe.stream("invoices")
FEEDS = {feed.name: feed for feed in Stripe.feeds}


class Account:
    """A server, a connector that reads it, and what went wrong between them."""

    def __init__(self, server: StripeServer, stripe: Stripe, reports: list[ErrorReport]) -> None:
        self.server, self.stripe, self.reports = server, stripe, reports

    async def changes(self, feed: str, cursor: str, *streams: str) -> list[Page]:
        found = self.stripe.changes(FEEDS[feed], cursor, streams or FEEDS[feed].streams)
        return [page async for page in found]


@asynccontextmanager
async def opened(
    server: StripeServer | None = None, now: datetime = NOW, key: str = "sk_test_1"
) -> AsyncIterator[Account]:
    reports: list[ErrorReport] = []

    async def report(error: ErrorReport) -> None:
        reports.append(error)

    async with server or StripeServer(clock=now.timestamp) as peer:
        credential = Credential(key=key, base_url=peer.url)
        async with Stripe(credential, on_error=report, now=lambda: now) as stripe:
            yield Account(peer, stripe, reports)


@pytest.fixture
async def account() -> AsyncIterator[Account]:
    async with opened() as account:
        yield account


def add_customers(server: StripeServer, count: int) -> list[str]:
    """Customers a day apart; their ids, newest first."""
    ids = [f"cus_{n:03}" for n in range(count)]
    server.world.tables["customers"].load(
        [make.customer(id_, created=T0 + n * DAY) for n, id_ in enumerate(ids)]
    )
    return ids[::-1]


def ids_of(pages: list[Page]) -> list[str]:
    return [record.id for page in pages for record in page.records]


async def everything(stripe: Stripe, *where: Any) -> list[Page]:
    return [page async for page in stripe.pages(*where)]


async def test_a_list_is_read_to_its_end_newest_first(account: Account) -> None:
    """Pages of 100, a cursor with each but the last, and how far back each reached."""
    ids = add_customers(account.server, 250)
    pages = await everything(account.stripe, CUSTOMERS)
    assert ids_of(pages) == ids
    assert [(page.count, page.cursor is None) for page in pages] == [(100, False), (100, False), (50, True)]
    assert pages[0].reached == datetime.fromtimestamp(T0 + 150 * DAY, UTC)


async def test_an_empty_list_is_one_empty_page(account: Account) -> None:
    """There is a page to checkpoint, with nothing on it."""
    (page,) = await everything(account.stripe, CUSTOMERS)
    assert (page.records, page.cursor, page.reached) == ([], None, None)


async def test_reading_goes_on_after_any_pages_cursor(account: Account) -> None:
    """What follows a cursor is what had not been read, no more and no less."""
    ids = add_customers(account.server, 250)
    pages = await everything(account.stripe, CUSTOMERS)
    rest = await everything(account.stripe, CUSTOMERS, WHOLE, pages[0].cursor)
    assert ids_of(rest) == ids[100:]


async def test_a_cursor_outlives_its_object(account: Account) -> None:
    """Where the last object read is deleted before reading goes on, its creation time takes its place."""
    ids = add_customers(account.server, 250)
    pages = await everything(account.stripe, CUSTOMERS)
    account.server.delete("customers", ids[99])
    account.server.put("customers", make.customer("cus_same_second", created=T0 + 150 * DAY))
    rest = await everything(account.stripe, CUSTOMERS, WHOLE, pages[0].cursor)
    assert ids_of(rest) == ["cus_same_second", *ids[100:]]


async def test_windows_share_a_list_without_gap_or_overlap(account: Account) -> None:
    """Every object is in exactly one window, also those at the cuts, and those outside of all dates."""
    ids = add_customers(account.server, 250)
    start = datetime.fromtimestamp(T0, UTC)
    windows = WHOLE.parts(4, start + timedelta(days=200), start + timedelta(days=40))
    found = [ids_of(await everything(account.stripe, CUSTOMERS, window)) for window in windows]
    assert sorted(id_ for part in found for id_ in part) == sorted(ids)
    assert all(found)


async def test_a_window_can_be_split_while_it_is_read(account: Account) -> None:
    """A page's cursor stays good in the newer part; the older part is read from its own beginning."""
    ids = add_customers(account.server, 250)
    first = await anext(aiter(account.stripe.pages(CUSTOMERS)))
    older, newer = WHOLE.split(datetime.fromtimestamp(T0 + 60 * DAY, UTC))
    rest = await everything(account.stripe, CUSTOMERS, newer, first.cursor)
    rest += await everything(account.stripe, CUSTOMERS, older)
    assert ids_of([first, *rest]) == ids


async def test_ids_are_listed_without_records(account: Account) -> None:
    """The same walk, ids alone, and nothing is expanded."""
    ids = add_customers(account.server, 150)
    pages = [page async for page in account.stripe.ids(CUSTOMERS)]
    assert [id_ for page in pages for id_ in page.ids] == ids
    assert not any("expand[]" in request.query for request in account.server.asked)


async def test_cancelled_subscriptions_are_read_too(account: Account) -> None:
    """Stripe leaves them out unless asked for all."""
    account.server.put("subscriptions", make.subscription(status="canceled", ended_at=T0))
    assert ids_of(await everything(account.stripe, SUBSCRIPTIONS)) == ["sub_1"]


async def test_tiers_and_coupons_are_looked_up_once(account: Account) -> None:
    """A subscription shows neither tiers nor the coupons of its items: one list of each tells them all."""
    tiers = [{"up_to": None, "unit_amount": 900, "unit_amount_decimal": "900"}]
    tiered = make.price(unit_amount=None, billing_scheme="tiered", tiers_mode="volume", tiers=tiers)
    account.server.put("coupons", make.coupon(applies_to={"products": ["prod_1"]}))
    account.server.put("prices", tiered)
    for n in range(3):
        item = make.item(of=tiered, discounts=[make.discount()])
        account.server.put("subscriptions", make.subscription(f"sub_{n}", [item]))
    (page,) = await everything(account.stripe, SUBSCRIPTIONS)
    assert [record.items[0].price.tiers[0].unit_amount for record in page.records] == [900] * 3
    assert {record.items[0].discounts[0].product_ids for record in page.records} == {("prod_1",)}
    asked = account.server.requests
    assert (asked["/v1/coupons"], asked["/v1/prices"]) == (1, 1)


async def test_amounts_in_other_currencies_are_looked_up(account: Account) -> None:
    """Of prices sold in euros too: all in one list, and the tiers of each tiered one."""
    tiers = [{"up_to": None, "unit_amount": 700, "unit_amount_decimal": "700"}]
    plan = make.price(currency_options={"eur": {"unit_amount": 1900, "unit_amount_decimal": "1900"}})
    seats = make.price("price_2", None, billing_scheme="tiered", tiers_mode="volume", tiers=tiers)
    seats |= {"currency_options": {"eur": {"unit_amount": None, "tiers": [tiers[0] | {"flat_amount": 90}]}}}
    for of in (plan, seats):
        account.server.put("prices", of)
    for n in range(3):
        items = [make.item(of=plan), make.item("si_2", seats)]
        account.server.put("subscriptions", make.subscription(f"sub_{n}", items, currency="eur"))
    (page,) = await everything(account.stripe, SUBSCRIPTIONS)
    (first, second) = page.records[2].items
    assert (first.price.currency, first.price.unit_amount) == ("eur", 1900)
    assert [(tier.unit_amount, tier.flat_amount) for tier in second.price.tiers] == [(700, 90)]
    asked = account.server.requests
    assert (asked["/v1/prices"], asked["/v1/prices/price_2"]) == (1, 1)


async def test_a_coupon_that_was_deleted_is_read_from_the_discount(account: Account) -> None:
    """It is in no list any more, but whoever has it keeps it."""
    gone = make.coupon("GONE", 50)
    account.server.put("subscriptions", make.subscription(discounts=[make.discount(of=gone)]))
    (page,) = await everything(account.stripe, SUBSCRIPTIONS)
    assert page.records[0].discounts[0].percent_off == 50


async def test_what_cannot_be_resolved_is_left_out_by_name(account: Account) -> None:
    """A key that may not read coupons costs the discounted subscriptions, and the page says which field."""
    account.server.forbidden = {"coupons"}
    item = make.item(discounts=[make.discount()])
    account.server.put("subscriptions", make.subscription("sub_1", [item]))
    account.server.put("subscriptions", make.subscription("sub_2"))
    (page,) = await everything(account.stripe, SUBSCRIPTIONS)
    assert (ids_of([page]), page.skipped) == (["sub_2"], [Skipped("subscription", "$.discounts")])
    assert page.count == 2


async def test_lines_beyond_the_first_are_fetched(account: Account) -> None:
    """An invoice shows ten lines; it is stored with all of them, in order, and with their discounts."""
    account.server.put("coupons", make.coupon())
    lines = [make.line(f"il_{n}", amount=n) for n in range(240)]
    lines[200] |= {"discounts": [make.discount()], "discount_amounts": [{"amount": 7, "discount": "di_1"}]}
    account.server.put("invoices", make.invoice(lines=lines))
    (page,) = await everything(account.stripe, INVOICES)
    found = page.records[0].lines
    assert [line.amount for line in found] == list(range(240))
    assert found[200].recurring_discount == 7


async def test_items_beyond_the_first_are_fetched(account: Account) -> None:
    """As an invoice's lines."""
    items = [make.item(f"si_{n}") for n in range(15)]
    account.server.put("subscriptions", make.subscription(items=items))
    (page,) = await everything(account.stripe, SUBSCRIPTIONS)
    assert [item.id for item in page.records[0].items] == [f"si_{n}" for n in range(15)]


async def test_a_server_that_refuses_expansions_is_read_without(account: Account) -> None:
    """It is asked as an older one, then plainly, and not asked to expand again."""

    def refuse(_: web.Request) -> web.Response:
        return web.json_response({"error": {"message": "Bad expand"}}, status=400)

    account.server.put("invoices", make.invoice())
    for _ in range(2):
        account.server.break_next("/v1/invoices", refuse)
    assert ids_of(await everything(account.stripe, INVOICES)) == ["in_1"]
    await everything(account.stripe, INVOICES)
    assert ["expand[]" in request.query for request in account.server.asked] == [True, True, False, False]


async def test_a_server_of_before_discount_sources_expands_discounts_themselves(account: Account) -> None:
    """It refuses the path to the coupon, which stands in its discounts; their ids alone would say nothing."""

    def refuse(_: web.Request) -> web.Response:
        return web.json_response({"error": {"message": "Bad expand"}}, status=400)

    older = {name: value for name, value in make.discount().items() if name != "source"}
    account.server.put("subscriptions", make.subscription(discounts=[older | {"coupon": make.coupon()}]))
    account.server.break_next("/v1/subscriptions", refuse)
    (page,) = await everything(account.stripe, SUBSCRIPTIONS)
    assert page.records[0].discounts[0].percent_off == 20
    asked = [request.query.getall("expand[]", []) for request in account.server.asked]
    assert asked[1] == ["data.discounts", "data.items.data.discounts"]


async def test_a_list_that_never_ends_is_not_followed(account: Account) -> None:
    """A page that ends where the one before it ended is an unexpected answer."""
    body = make.listed([make.customer()]) | {"has_more": True}
    for _ in range(2):
        account.server.break_next("/v1/customers", lambda _: web.json_response(body))
    with pytest.raises(UnexpectedAnswer):
        await everything(account.stripe, CUSTOMERS)


async def test_an_odd_object_is_left_out_of_page_and_fetch(account: Account) -> None:
    """It is counted and named by field; its neighbours are read."""
    account.server.put("subscriptions", make.subscription("sub_1", status="hibernating"))
    account.server.put("subscriptions", make.subscription("sub_2"))
    (page,) = await everything(account.stripe, SUBSCRIPTIONS)
    assert (ids_of([page]), page.skipped) == (["sub_2"], [Skipped("subscription", "$.status")])
    fetched = await account.stripe.fetch(SUBSCRIPTIONS, ["sub_1", "sub_2"])
    assert (ids_of([fetched]), fetched.skipped) == (["sub_2"], [Skipped("subscription", "$.status")])


async def test_no_row_is_lost_with_a_429_on_every_third_request() -> None:
    """Refused requests are repeated, and each refusal is reported."""
    async with opened(StripeServer(every_429=3)) as account:
        ids = add_customers(account.server, 450)
        assert ids_of(await everything(account.stripe, CUSTOMERS)) == ids
        assert {report.status for report in account.reports} == {429}


async def test_fetch_reads_objects_as_they_are_and_says_what_is_gone(account: Account) -> None:
    """A deleted customer answers with a stub, a deleted invoice with 404: both are deletions."""
    account.server.put("customers", make.customer("cus_1"))
    account.server.put("customers", make.customer("cus_2"))
    account.server.delete("customers", "cus_2")
    page = await account.stripe.fetch(CUSTOMERS, ["cus_1", "cus_2"])
    assert [type(record) for record in page.records] == [records.Customer, Deletion]
    (gone,) = (await account.stripe.fetch(INVOICES, ["in_gone"])).records
    assert gone == Deletion(id="in_gone", of=records.Invoice, deleted_at=NOW)


async def test_a_server_without_retrieval_deletes_nothing(account: Account) -> None:
    """404 means gone only when Stripe says that the object is missing."""
    account.server.missing = {"prices"}
    with pytest.raises(NotOffered):
        await account.stripe.fetch(Stripe.stream("prices"), ["price_1"])


async def test_check_says_which_streams_a_key_opens(account: Account) -> None:
    """Forbidden and missing lists are named, coupons and events with them."""
    account.server.forbidden, account.server.missing = {"charges", "events"}, {"disputes"}
    access = await account.stripe.check()
    assert set(access.refused) == {"charges", "events", "disputes"}
    assert set(access.readable) == {
        "products",
        "prices",
        "coupons",
        "customers",
        "subscriptions",
        "invoices",
        "refunds",
    }
    assert not access.live


async def test_a_wrong_key_opens_nothing() -> None:
    """401 is an error of its own, for check and for every read."""
    async with opened(StripeServer(key="sk_live_right"), key="sk_live_wrong") as account:
        with pytest.raises(KeyRefused) as caught:
            await account.stripe.check()
        assert "sk_live" not in str(caught.value)


async def test_a_stream_may_be_forbidden_or_missing(account: Account) -> None:
    """403 and 404 on a list are told apart, at once."""
    account.server.forbidden, account.server.missing = {"charges"}, {"disputes"}
    with pytest.raises(NotPermitted):
        await everything(account.stripe, Stripe.stream("charges"))
    with pytest.raises(NotOffered):
        await everything(account.stripe, Stripe.stream("disputes"))


async def test_changes_are_followed_from_the_start_cursor(account: Account) -> None:
    """What was created, changed and deleted after it is told as it is now, each object once."""
    server, at = account.server, int(NOW.timestamp())
    server.put("customers", make.customer("cus_1"))
    server.tell("customer.created", {"id": "cus_1"}, at - 500)
    cursor = await account.stripe.start(FEEDS["customers"])
    server.put("customers", make.customer("cus_2"))
    for type_ in ("customer.created", "customer.updated", "customer.updated"):
        server.tell(type_, {"id": "cus_2", "name": "as it was"}, at - 60)
    server.put("subscriptions", make.subscription("sub_2"))
    server.tell("customer.subscription.updated", {"id": "sub_2"}, at - 60)
    server.delete("customers", "cus_1")
    server.tell("customer.deleted", {"id": "cus_1"}, at - 50)
    (page,) = await account.changes("customers", cursor)
    assert {(type(record), record.id) for record in page.records} == {
        (records.Customer, "cus_2"),
        (records.Subscription, "sub_2"),
        (Deletion, "cus_1"),
    }
    (gone,) = (record for record in page.records if isinstance(record, Deletion))
    assert gone.deleted_at == datetime.fromtimestamp(at - 50, UTC)
    assert not server.requests["/v1/customers/cus_1"]
    assert server.requests["/v1/customers/cus_2"] == 1
    (again,) = await account.changes("customers", page.cursor or "")
    assert again.records == []


async def test_a_discount_touches_its_customer_and_its_subscription(account: Account) -> None:
    """Their own events do not tell of it."""
    server, at = account.server, int(NOW.timestamp())
    server.put("customers", make.customer())
    server.put("subscriptions", make.subscription())
    cursor = await account.stripe.start(FEEDS["customers"])
    server.tell("customer.discount.created", {"id": "di_1", "customer": "cus_1", "subscription": "sub_1"}, at)
    (page,) = await account.changes("customers", cursor)
    assert set(ids_of([page])) == {"cus_1", "sub_1"}


async def test_only_the_named_streams_are_followed(account: Account) -> None:
    """What the key may not read is not asked for."""
    at = int(NOW.timestamp())
    cursor = await account.stripe.start(FEEDS["customers"])
    account.server.tell("customer.subscription.updated", {"id": "sub_1"}, at)
    (page,) = await account.changes("customers", cursor, "customers")
    assert page.records == []
    assert not account.server.requests["/v1/subscriptions/sub_1"]


async def test_many_changes_come_in_pages_that_can_be_resumed(account: Account) -> None:
    """Oldest first, a cursor a page; going on from the first page's cursor tells the rest."""
    server, at = account.server, int(NOW.timestamp()) - 5000
    server.tell("customer.created", {"id": "cus_none"}, at - 1)
    cursor = f"{server.world.tables['events'].rows[0].object['id']}@{at - 1}"
    for n in range(250):
        server.put("customers", make.customer(f"cus_{n}"))
        server.tell("customer.updated", {"id": f"cus_{n}"}, at + n)
    pages = await account.changes("customers", cursor)
    assert [page.count for page in pages] == [100, 100, 50]
    assert set(ids_of(pages[:1])) == {f"cus_{n}" for n in range(100)}
    rest = await account.changes("customers", pages[0].cursor or "")
    assert set(ids_of(rest)) == {f"cus_{n}" for n in range(100, 250)}


async def test_a_feed_without_events_is_followed_by_time(account: Account) -> None:
    """The first events ever are found, and the cursor is theirs from then on."""
    at = int(NOW.timestamp())
    cursor = await account.stripe.start(FEEDS["invoices"])
    assert cursor == f"@{at - 10}"
    account.server.put("invoices", make.invoice())
    told = account.server.tell("invoice.paid", {"id": "in_1"}, at - 10)
    (page,) = await account.changes("invoices", cursor)
    assert (ids_of([page]), page.cursor) == (["in_1"], f"{told}@{at - 10}")


async def test_an_event_of_the_last_seconds_is_told_again(account: Account) -> None:
    """Another one may still appear behind it, so that the cursor stays before it."""
    at = int(NOW.timestamp())
    cursor = await account.stripe.start(FEEDS["invoices"])
    account.server.put("invoices", make.invoice())
    account.server.tell("invoice.paid", {"id": "in_1"}, at - 2)
    (page,) = await account.changes("invoices", cursor)
    (again,) = await account.changes("invoices", page.cursor or "")
    assert ids_of([page]) == ids_of([again]) == ["in_1"]


async def test_a_quiet_feed_outlives_its_last_event(account: Account) -> None:
    """Its event left the log after 30 days, but it was followed since: the time serves."""
    at = int(NOW.timestamp())
    account.server.put("invoices", make.invoice())
    account.server.tell("invoice.paid", {"id": "in_1"}, at - 60)
    (page,) = await account.changes("invoices", f"evt_long_gone@{at - DAY}")
    assert ids_of([page]) == ["in_1"]


async def test_a_feed_not_followed_for_long_needs_a_relist(account: Account) -> None:
    """Stripe keeps events for 30 days."""
    with pytest.raises(RelistNeeded):
        await account.changes("invoices", f"evt_1@{int(NOW.timestamp()) - 30 * DAY}")


@pytest.mark.parametrize("refusal", [400, 403, 404])
async def test_a_server_without_events_needs_a_relist(account: Account, refusal: int) -> None:
    """Whatever the way in which it refuses them."""

    def refuse(_: web.Request) -> web.Response:
        return web.json_response({"error": {"message": "Unexpected types"}}, status=refusal)

    for _ in range(2):
        account.server.break_next("/v1/events", refuse)
    with pytest.raises(RelistNeeded):
        await account.stripe.start(FEEDS["customers"])
    with pytest.raises(RelistNeeded):
        await account.changes("customers", f"evt_1@{int(NOW.timestamp())}")


async def test_odd_events_do_not_stop_a_feed(account: Account) -> None:
    """One without an id or of another shape is named and passed over."""
    server, at = account.server, int(NOW.timestamp())
    cursor = await account.stripe.start(FEEDS["invoices"])
    server.put("invoices", make.invoice())
    server.tell("invoice.paid", {"id": None}, at)
    server.tell("invoice.paid", {"id": 7}, at)
    server.tell("invoice.paid", {"id": "in_1"}, at)
    (page,) = await account.changes("invoices", cursor)
    assert ids_of([page]) == ["in_1"]
    assert {skip.field for skip in page.skipped} == {"$.data.object.id"}


def test_a_feed_asks_for_at_most_twenty_types() -> None:
    """More than Stripe takes would be refused."""
    assert all(len(event_types(name)) <= 20 for name in TOPICS)


def test_every_stream_has_a_feed() -> None:
    """Nothing is loaded once and then forgotten."""
    assert {name for feed in Stripe.feeds for name in feed.streams} == {s.name for s in Stripe.streams}


def test_a_customers_page_is_linked() -> None:
    """Test data lies apart."""
    stripe = Stripe(Credential(key="sk_test_1"))
    assert stripe.customer_url("cus_1") == "https://dashboard.stripe.com/customers/cus_1"
    assert stripe.customer_url("cus_1", live=False) == "https://dashboard.stripe.com/test/customers/cus_1"


def test_a_credential_does_not_show_its_key() -> None:
    """Not even where it is printed."""
    assert "sk_live" not in repr(Credential(key="sk_live_1", base_url="https://stripe.test"))


async def test_the_whole_world_is_read_without_a_skip(stripe_world: World) -> None:
    """An account of another making: every object of it becomes a record."""
    async with opened(StripeServer(stripe_world)) as account:
        for stream in Stripe.streams:
            pages = await everything(account.stripe, stream)
            rows = stripe_world.tables[stream.name].rows
            assert sorted(ids_of(pages)) == sorted(row.object["id"] for row in rows)
            assert not [skip for page in pages for skip in page.skipped]
