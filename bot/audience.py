"""Who will see an answer, and what of it they may: the answer for its audience, not for its asker alone.

Pure: what a platform knows of people and channels comes in as values (`bot/slack/access.py`).
"""

from dataclasses import dataclass
from enum import StrEnum

from bot.answer import Answer, Kind, Profile
from bot.render import text
from storage.chat_access import Role
from storage.metrics import catalog
from storage.metrics.catalog import FieldType, Unit
from storage.metrics.plan import Grain, Plan

NO_MONEY = (
    "Your role here shows counts and names, not amounts of money. Whoever runs Chewbotta can change that."
)


class Showing(StrEnum):
    """What is done with an answer. `WITHHELD`: those who may see it can, in private."""

    WHOLE = "whole"
    FIGURES_ONLY = "figures_only"
    WITHHELD = "withheld"


@dataclass(frozen=True, slots=True)
class Audience:
    """Those who will see an answer: the least that any of them may see, and whether outsiders are among them.

    `figures_for_outsiders`: an administrator lets outsiders there see what names no customer.
    """

    role: Role = Role.ADMIN
    outsiders: bool = False
    figures_for_outsiders: bool = False


ASKER_ALONE = Audience()


def showing(answer: Answer, audience: Audience) -> Showing:
    """What may be shown to all of that audience."""
    if audience.role is Role.NONE or (audience.role is Role.VIEWER and tells_money(answer)):
        return Showing.WITHHELD
    if not audience.outsiders:
        return Showing.WHOLE
    if audience.figures_for_outsiders and not names_somebody(answer):
        return Showing.FIGURES_ONLY
    return Showing.WITHHELD


_NAMES_NOBODY = frozenset(
    {
        *Grain,
        *catalog.METRICS,
        "age", "country", "currency", "failure", "interval", "movement_type", "mrr_band", "plan", "product",
        "source", "status",
    }
)  # fmt: skip


def names_somebody(answer: Answer) -> bool:
    """Whether anything in it is about one customer or one person. Lists always are."""
    if answer.about or answer.profile is not None or answer.kind in (Kind.TABLE, Kind.PROFILE):
        return True
    return not set(answer.columns or ()) <= _NAMES_NOBODY


def tells_money(answer: Answer) -> bool:
    """Whether it says an amount, or could only be asked by knowing one."""
    if answer.unit == Unit.MONEY or answer.profile is not None or _asks_by_money(answer):
        return True
    return any(_is_money(column) for column in answer.columns or ())


def without_money(answer: Answer) -> Answer:
    """The answer for somebody who may see no amounts: without them, or refused where nothing else is left."""
    if not tells_money(answer):
        return answer
    if answer.profile is not None:
        return _profile_without(answer, answer.profile)
    if answer.kind is Kind.TABLE and not _asks_by_money(answer):
        return _table_without(answer)
    return Answer(question=answer.question, kind=Kind.REFUSE, text=NO_MONEY, as_of=answer.as_of)


def _is_money(column: str) -> bool:
    info, metric = catalog.FIELDS.get(column), catalog.METRICS.get(column)
    return (
        column == "value"
        or bool(info and info.type is FieldType.MONEY)
        or bool(metric and metric.unit is Unit.MONEY)
    )


def _asks_by_money(answer: Answer) -> bool:
    """Who pays over $500, or who pays most: the list itself says amounts."""
    if answer.plan is None:
        return False
    plan = Plan.model_validate(answer.plan)
    asked = {condition.field for condition in plan.conditions()} | {plan.order.field if plan.order else ""}
    return any(_is_money(name) for name in asked)


def _table_without(answer: Answer) -> Answer:
    names = answer.columns or ()
    kept = [i for i, name in enumerate(names) if not _is_money(name) and name != "currency"]
    return answer.model_copy(
        update={
            "text": _said_of(answer),
            "columns": tuple(names[i] for i in kept),
            "rows": tuple(tuple(row[i] for i in kept if i < len(row)) for row in answer.rows or ()),
            "receipt": None,
        }
    )


def _said_of(answer: Answer) -> str:
    total = answer.total_rows if answer.total_rows is not None else len(answer.rows or ())
    return f"{text.count(total)} found. Amounts are not shown to your role."


def _profile_without(answer: Answer, profile: Profile) -> Answer:
    bare = profile.model_copy(
        update={
            "mrr": 0,
            "currency": None,
            "mrr_by_currency": None,
            "subscriptions": (),
            "last_payment": None,
            "outstanding": None,
            "deals": (),
            "movements": (),
        }
    )
    said = f"{profile.name}: {profile.status.replace('_', ' ')}. Amounts are not shown to your role."
    return answer.model_copy(update={"text": said, "profile": bare, "receipt": None})
