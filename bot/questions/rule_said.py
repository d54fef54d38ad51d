"""A rule read back in words before it is saved, and when it would have fired."""

from collections.abc import Mapping, Sequence
from datetime import tzinfo

from bot.questions import describe
from bot.render import text
from storage.metrics.catalog import Unit, metric
from storage.metrics.plan import Plan
from thoughts.rule_events import EVENTS
from thoughts.rules import Happens, Level, Moves, Rule

_ORDINAL = {1: "", 2: "second ", 3: "third "}
_SHOWN = 5


def rule_said(rule: Rule, names: Mapping[str, str], zone: tzinfo) -> str:
    """What a rule waits for, in a sentence; `names` are of the customers that it names, by hex id."""
    plan = rule.read_plan() if rule.plan else None
    match rule.trigger:
        case Happens() as trigger:
            return _happens(trigger, plan, names, zone)
        case Moves() as trigger:
            by = text.ratio(trigger.share) if trigger.share is not None else _value(trigger.amount or 0, rule)
            way = "rises" if trigger.up else "falls"
            what = f"When {_figure(rule, names, zone)} {way} by more than {by}"
            return f"{what} from one {trigger.grain} to the next."
        case Level() as trigger:
            way = "over" if trigger.over else "under"
            value = _value(trigger.value, rule)
            return f"When {_figure(rule, names, zone)} is {way} {value}, looked at by the {trigger.grain}."


def _happens(trigger: Happens, plan: Plan | None, names: Mapping[str, str], zone: tzinfo) -> str:
    who = f"a customer{describe.filters(plan, names, zone)}" if plan else "any customer"
    what = f"{_ORDINAL.get(trigger.nth, f'{trigger.nth}th ')}{EVENTS[trigger.event].noun}"
    said = f"When {who} has {'an' if what[0] in 'aeiou' else 'a'} {what}"
    if trigger.over is not None:
        said += f" of at least {text.money(trigger.over.amount, trigger.over.currency)}"
    return f"{said} within {trigger.days} days." if trigger.days else f"{said}."


def _figure(rule: Rule, names: Mapping[str, str], zone: tzinfo) -> str:
    plan = rule.read_plan()
    found = metric(str(plan.measure))
    label = found.label if found.label.isupper() else found.label[0].lower() + found.label[1:]
    currency = f" in {rule.currency.upper()}" if rule.currency else ""
    return f"{label}{describe.filters(plan, names, zone)}{currency}"


def _value(value: float, rule: Rule) -> str:
    if rule.currency is not None:
        return text.money(value, rule.currency)
    is_ratio = metric(str(rule.read_plan().measure)).unit is Unit.RATIO
    return text.ratio(value) if is_ratio else text.count(value)


def tried_said(hits: Sequence[tuple[str, bytes | None]] | None, people: Mapping[bytes, str]) -> str:
    """When a rule would have fired in the last 30 days; `people` are names by profile."""
    if hits is None:
        return "No past is kept of this figure, so it cannot be tried out; it is looked at from now on."
    if not hits:
        return "In the last 30 days it would not have fired."
    times = "once" if len(hits) == 1 else f"{len(hits)} times"
    shown = ", ".join(_hit(key, profile_id, people) for key, profile_id in hits[-_SHOWN:])
    more = f" and {len(hits) - _SHOWN} before" if len(hits) > _SHOWN else ""
    return f"In the last 30 days it would have fired {times}: {shown}{more}."


def _hit(key: str, profile_id: bytes | None, people: Mapping[bytes, str]) -> str:
    when = text.period_key(key)
    return f"{people.get(profile_id, '(no name)')} on {when}" if profile_id else when
