"""Generated companies for the servers of HubSpot, Intercom and Zendesk: the same customers in each.

Company n is `Company n` at `company-n.example`, with one person, one deal and one conversation.
"""

from tests.vendors.hubspot import HubSpotServer
from tests.vendors.intercom import IntercomServer
from tests.vendors.server import VendorServer
from tests.vendors.zendesk import ZendeskServer, iso

STAGES = (("open", "Open", "false"), ("closedwon", "Won", "true"), ("closedlost", "Lost", "true"))
HOUR, DAY = 3600, 86_400


def fill(server: VendorServer, companies: int) -> None:
    """Puts so many companies into the server, a day ago by its clock."""
    clock = server.clock
    past = clock() - DAY
    server.clock = lambda: past
    if isinstance(server, HubSpotServer):
        _fill_hubspot(server, companies)
    elif isinstance(server, IntercomServer):
        _fill_intercom(server, companies)
    elif isinstance(server, ZendeskServer):
        _fill_zendesk(server, companies)
    server.clock = clock


def _fill_hubspot(server: HubSpotServer, companies: int) -> None:
    now = "2024-09-14T12:00:00.000Z"
    owner = {"type": "PERSON", "createdAt": now, "updatedAt": now}
    server.tables["owners"] = {
        "101": owner | {"id": "101", "email": "maya@ourco.example", "firstName": "Maya", "archived": False},
        "106": owner | {"id": "106", "email": "priya@ourco.example", "firstName": "Priya", "archived": True},
    }
    stages = [
        {"id": id_, "label": label, "displayOrder": place, "metadata": {"isClosed": closed}}
        for place, (id_, label, closed) in enumerate(STAGES)
    ]
    server.tables["pipelines_deals"] = {"default": {"id": "default", "label": "Sales", "stages": stages}}
    for n in range(1, companies + 1):
        company, contact, deal = str(9000 + n), str(5000 + n), str(3000 + n)
        server.put(
            "companies", company, name=f"Company {n}", domain=f"company-{n}.example", hubspot_owner_id="101"
        )
        server.put(
            "contacts",
            contact,
            firstname="Ann",
            lastname=f"Of {n}",
            email=f"ann@company-{n}.example",
            associatedcompanyid=company,
        )
        stage, _, closed = STAGES[n % 3]
        server.put(
            "deals",
            deal,
            dealname=f"Deal {n}",
            amount=f"{n}00.50",
            deal_currency_code="USD",
            pipeline="default",
            dealstage=stage,
            hs_is_closed=closed,
            hs_is_closed_won=str(stage == "closedwon").lower(),
            hubspot_owner_id="101",
        )
        server.associate(deal, company)


def _fill_intercom(server: IntercomServer, companies: int) -> None:
    server.tables["admins"] = {
        "7001": {"type": "admin", "id": "7001", "name": "Dana", "email": "dana@ourco.example"}
    }
    now = int(server.clock())
    for n in range(1, companies + 1):
        company, contact = f"64f{n:06}", f"65a{n:06}"
        server.put("companies", company, name=f"Company {n}", company_id=f"own-{n}", user_count=1)
        server.put(
            "contacts",
            contact,
            role="user",
            name=f"Ann Of {n}",
            email=f"ann@company-{n}.example",
            companies={"type": "list", "data": [{"type": "company", "id": company}]},
        )
        server.put(
            "conversations",
            f"2150{n:06}",
            state="closed" if n % 2 else "open",
            open=not n % 2,
            title=None,
            source={"type": "conversation", "subject": f"<p>Question {n}</p>", "body": "<p>Hello</p>"},
            admin_assignee_id=7001,
            company={"type": "company", "id": company},
            contacts={"type": "contact.list", "contacts": [{"type": "contact", "id": contact}]},
            tags={"type": "tag.list", "tags": [{"type": "tag", "id": "800", "name": "billing"}]},
            conversation_rating={"rating": 1 + n % 5, "created_at": now} if n % 2 else None,
            statistics={"first_admin_reply_at": now + HOUR, "last_close_at": now + 2 * HOUR},
        )


def _fill_zendesk(server: ZendeskServer, companies: int) -> None:
    server.put("users", 88001, name="Helen", email="helen@ourco.example", role="agent", active=True)
    for n in range(1, companies + 1):
        organization, user = 360_000 + n, 420_000 + n
        server.put(
            "organizations",
            organization,
            name=f"Company {n}",
            domain_names=[f"company-{n}.example"],
            external_id=None,
            tags=[],
        )
        server.put(
            "users",
            user,
            name=f"Ann Of {n}",
            email=f"ann@company-{n}.example",
            role="end-user",
            active=True,
            organization_id=organization,
        )
        solved = iso(server.clock() + 2 * HOUR) if n % 2 else None
        server.put(
            "tickets",
            n,
            status="solved" if n % 2 else "open",
            subject=f"Question {n}",
            assignee_id=88001,
            organization_id=organization,
            requester_id=user,
            tags=["billing"],
            satisfaction_rating={"score": "good" if n % 2 else "offered"},
        )
        server.put(
            "ticket_metrics",
            700_000 + n,
            ticket_id=n,
            solved_at=solved,
            reply_time_in_seconds={"calendar": HOUR},
        )
        if n % 2:
            server.put("satisfaction_ratings", 500_000 + n, ticket_id=n, score="good")
