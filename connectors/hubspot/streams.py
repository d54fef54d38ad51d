"""HubSpot's streams: how each list is read, and the records its objects become; pure, one function a kind."""

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Struct

from connectors.base import Stream, Vanishing
from connectors.declared import Reading
from connectors.hubspot import wire
from connectors.values import Unreadable, country, minor, moment
from storage import records
from storage.records import Record


def customer(row: wire.Company) -> Iterator[Record]:
    about = row.properties
    yield records.Customer(
        id=row.id,
        name=about.name or None,
        phone=about.phone or None,
        domains=tuple(dict.fromkeys(host for host in (about.domain, about.website) if host)),
        links=(("stripe_customer", about.stripe_customer_id),) if about.stripe_customer_id else (),
        owner_id=about.owner or None,
        country=country(about.country),
        created_at=row.created,
    )


def contact(row: wire.Contact) -> Iterator[Record]:
    about = row.properties
    yield records.Contact(
        id=row.id,
        name=_name(about.firstname, about.lastname),
        email=about.email or None,
        phone=about.phone or None,
        title=about.jobtitle or None,
        customer_ids=(about.company,) if about.company else (),
        created_at=row.created,
    )


def deal(row: wire.Deal, companies: dict[str, str], home: str | None) -> Iterator[Record]:
    about = row.properties
    code = (about.currency or home or "").lower()
    if about.amount and not code:
        raise Unreadable("$.properties.deal_currency_code")
    amount = minor(about.amount, code, "$.properties.amount")
    yield records.Deal(
        id=row.id,
        name=about.dealname or None,
        state=_state(about),
        stage_id=stage_id(about.pipeline, about.dealstage) if about.pipeline and about.dealstage else None,
        amount=amount,
        currency=None if amount is None else code,
        closes_at=moment(about.closedate, "$.properties.closedate"),
        owner_id=about.owner or None,
        customer_id=companies.get(row.id),
        created_at=row.created,
    )


def _state(about: wire.DealProperties) -> records.DealState:
    if about.is_won == "true":
        return records.DealState.WON
    return records.DealState.LOST if about.is_closed == "true" else records.DealState.OPEN


def owner(row: wire.Owner) -> Iterator[Record]:
    yield records.Owner(id=row.id, name=_name(row.first_name, row.last_name), email=row.email or None)


def stages(row: wire.Pipeline) -> Iterator[Record]:
    for stage in row.stages:
        yield records.Stage(
            id=stage_id(row.id, stage.id), name=stage.label, pipeline=row.label, position=stage.position
        )


def stage_id(pipeline: str, stage: str) -> str:
    """Pipelines may share the ids of their stages."""
    return f"{pipeline}/{stage}"


def _name(*parts: str | None) -> str | None:
    return " ".join(part for part in parts if part) or None


def _objects(name: str, record: type[Record], row: type[Struct], build: Any) -> Reading:
    stream = Stream(
        name=name,
        record=record,
        path=f"/crm/v3/objects/{name}",
        vanishing=Vanishing(),
        permission=f"crm.objects.{name}.read",
    )
    return Reading(stream=stream, row=row, build=build, rows="results")


COMPANIES = _objects("companies", records.Customer, wire.Company, customer)
CONTACTS = _objects("contacts", records.Contact, wire.Contact, contact)
DEALS = _objects("deals", records.Deal, wire.Deal, deal)
OWNERS = Reading(
    stream=Stream(
        name="owners", record=records.Owner, path="/crm/v3/owners/", permission="crm.objects.owners.read"
    ),
    row=wire.Owner,
    build=owner,
    rows="results",
)
PIPELINES = Reading(
    stream=Stream(
        name="pipelines",
        record=records.Stage,
        path="/crm/v3/pipelines/deals",
        permission="crm.objects.deals.read",
    ),
    row=wire.Pipeline,
    build=stages,
    rows="results",
)
READINGS = (OWNERS, PIPELINES, COMPANIES, CONTACTS, DEALS)
SEARCHED = {reading.stream.name: reading for reading in (COMPANIES, CONTACTS, DEALS)}


def properties(reading: Reading) -> tuple[str, ...]:
    """What is asked for of each object: exactly what is declared."""
    about = next(one.type for one in msgspec.structs.fields(reading.row) if one.name == "properties")
    return tuple(one.encode_name for one in msgspec.structs.fields(about))


def modified(reading: Reading) -> str:
    """The property by which changes are searched: contacts have one of their own."""
    return next(name for name in properties(reading) if name.endswith("lastmodifieddate"))
