"""What is read of HubSpot's objects: only the declared fields are ever decoded, or even asked for.

Every property is a string, or null where nobody has put one.
"""

from datetime import datetime

from msgspec import Struct, field


class CompanyProperties(Struct):
    name: str | None = None
    domain: str | None = None
    website: str | None = None
    country: str | None = None
    phone: str | None = None
    owner: str | None = field(default=None, name="hubspot_owner_id")
    stripe_customer_id: str | None = None
    modified: str | None = field(default=None, name="hs_lastmodifieddate")


class ContactProperties(Struct):
    firstname: str | None = None
    lastname: str | None = None
    email: str | None = None
    phone: str | None = None
    jobtitle: str | None = None
    company: str | None = field(default=None, name="associatedcompanyid")
    modified: str | None = field(default=None, name="lastmodifieddate")


class DealProperties(Struct):
    dealname: str | None = None
    amount: str | None = None
    currency: str | None = field(default=None, name="deal_currency_code")
    closedate: str | None = None
    pipeline: str | None = None
    dealstage: str | None = None
    owner: str | None = field(default=None, name="hubspot_owner_id")
    is_closed: str | None = field(default=None, name="hs_is_closed")
    is_won: str | None = field(default=None, name="hs_is_closed_won")
    modified: str | None = field(default=None, name="hs_lastmodifieddate")


class Company(Struct):
    id: str
    created: datetime = field(name="createdAt")
    properties: CompanyProperties


class Contact(Struct):
    id: str
    created: datetime = field(name="createdAt")
    properties: ContactProperties


class Deal(Struct):
    id: str
    created: datetime = field(name="createdAt")
    properties: DealProperties


class Owner(Struct):
    id: str
    email: str | None = None
    first_name: str | None = field(default=None, name="firstName")
    last_name: str | None = field(default=None, name="lastName")


class PipelineStage(Struct):
    id: str
    label: str
    position: int = field(default=0, name="displayOrder")


class Pipeline(Struct):
    id: str
    label: str
    stages: list[PipelineStage]


class Next(Struct):
    after: str


class Paging(Struct):
    next: Next | None = None


class Answer(Struct):
    paging: Paging | None = None

    @property
    def after(self) -> str:
        """The cursor to go on with; empty at the end."""
        return self.paging.next.after if self.paging and self.paging.next else ""


class Label(Struct):
    type: int = field(name="typeId")


class Associated(Struct):
    company: str | int = field(name="toObjectId")
    labels: list[Label] = field(default_factory=list, name="associationTypes")


class From(Struct):
    id: str


class Association(Struct):
    deal: From = field(name="from")
    to: list[Associated]


class Associations(Struct):
    results: list[Association]


class Account(Struct):
    currency: str = field(name="companyCurrency")


class Problem(Struct):
    category: str | None = None
