"""What is read of Zendesk's objects: only the declared fields are ever decoded. Ids are numbers."""

from datetime import datetime

from msgspec import Raw, Struct


class Organization(Struct):
    id: int
    created_at: datetime
    name: str | None = None
    external_id: str | None = None
    domain_names: list[str] | None = None
    tags: list[str] | None = None


class User(Struct):
    id: int
    created_at: datetime
    updated_at: datetime
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    role: str | None = None
    active: bool = True
    organization_id: int | None = None


class Minutes(Struct):
    calendar: int | None = None


class Metrics(Struct):
    ticket_id: int
    solved_at: datetime | None = None
    reply_time_in_seconds: Minutes | None = None
    reply_time_in_minutes: Minutes | None = None


class Ticket(Struct):
    id: int
    status: str
    created_at: datetime
    updated_at: datetime
    subject: str | None = None
    assignee_id: int | None = None
    organization_id: int | None = None
    requester_id: int | None = None
    tags: list[str] | None = None
    metric_set: Metrics | None = None


class Rated(Struct):
    id: int
    ticket_id: int
    score: str
    updated_at: datetime


class Meta(Struct, frozen=True):
    has_more: bool = False
    after_cursor: str | None = None


class Answer(Struct):
    meta: Meta = Meta()
    after_cursor: str | None = None
    end_of_stream: bool = True
    end_time: int | None = None
    metric_sets: list[Raw] = []


class Me(Struct):
    role: str | None = None


class MyUser(Struct):
    user: Me


class Problem(Struct):
    error: str | None = None
