"""What is read of Intercom's objects: only the declared fields are ever decoded. Times are unix seconds."""

from typing import Annotated

from msgspec import Meta, Struct, field

Time = Annotated[int, Meta(ge=0, le=253_402_300_799)]
"""Up to the year 9999."""


class Named(Struct):
    name: str


class TagList(Struct):
    tags: list[Named] = []


class Ref(Struct):
    id: str


class RefList(Struct):
    data: list[Ref] = []


class Company(Struct):
    id: str
    created_at: Time
    updated_at: Time = 0
    company_id: str | None = None
    name: str | None = None
    website: str | None = None
    tags: TagList | None = None


class Contact(Struct):
    id: str
    created_at: Time
    updated_at: Time = 0
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    companies: RefList | None = None


class Rated(Struct):
    created_at: Time
    rating: int | None = None


class Source(Struct):
    subject: str | None = None


class Statistics(Struct):
    first_admin_reply_at: Time | None = None
    last_close_at: Time | None = None


class ContactList(Struct):
    contacts: list[Ref] = []


class Conversation(Struct):
    id: str
    created_at: Time
    state: str
    updated_at: Time = 0
    open: bool = False
    title: str | None = None
    source: Source | None = None
    statistics: Statistics | None = None
    assignee: int | None = field(default=None, name="admin_assignee_id")
    company: Ref | None = None
    contacts: ContactList | None = None
    tags: TagList | None = None
    rating: Rated | None = field(default=None, name="conversation_rating")


class Admin(Struct):
    id: str
    name: str | None = None
    email: str | None = None


class Next(Struct):
    starting_after: str | None = None


class Pages(Struct):
    next: Next | None = None


class Answer(Struct):
    pages: Pages | None = None
    scroll_param: str | None = None


class Problem(Struct):
    code: str | None = None


class Problems(Struct):
    errors: list[Problem]
