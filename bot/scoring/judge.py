"""Judges an answer against the right one, as ../shared/questions/README.md says."""

import json
from collections import Counter
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

Said = dict[str, Any]
"""What `ask --json` printed."""

Right = dict[str, Any]
"""An `answer` of dev.example.json."""

_RATIO_SLACK = 0.0005
_DURATION_SLACK = 1
_ROWS_SHOWN = 10


class Verdict(StrEnum):
    CORRECT = "correct"
    WRONG = "wrong"
    REFUSED = "refused though answerable"
    ASKED_BACK = "asked back though clear"


def judge(said: Said, right: Right) -> Verdict:
    wanted = right["of"] if right["kind"] == "any_of" else [right]
    if any(_RIGHT[one["kind"]](said, one) for one in wanted):
        return Verdict.CORRECT
    if said["kind"] == "refuse":
        return Verdict.REFUSED
    return Verdict.ASKED_BACK if said["kind"] == "clarify" else Verdict.WRONG


def _number(said: Said, right: Right) -> bool:
    return (
        said["kind"] == "number"
        and said["unit"] == right["unit"]
        and _same(_figure(said, said["value"]), _wanted(right), right["unit"])
        and all(name in said["text"] for name in right.get("names", ())[:1])
    )


def _comparison(said: Said, right: Right) -> bool:
    return (
        said["kind"] == "comparison"
        and said["unit"] == right["unit"]
        and _same(_figure(said, said["value"]), _wanted(right["now"]), right["unit"])
        and _same(_figure(said, said["previous"]), _wanted(right["before"]), right["unit"])
    )


def _figure(said: Said, value: Any) -> Any:
    """By currency where it is money."""
    if said["values"] is not None:
        return value if isinstance(value, dict) else said["values"]
    return {said["currency"]: value} if said["unit"] == "money" else value


def _wanted(right: Right) -> Any:
    return right["values"] if "values" in right else right["value"]


def _same(given: Any, wanted: Any, unit: str) -> bool:
    slack = {"ratio": _RATIO_SLACK, "duration": _DURATION_SLACK}.get(unit, 0)
    if isinstance(wanted, Mapping):
        if not isinstance(given, Mapping):
            return len(wanted) == 1 and _same(given, next(iter(wanted.values())), unit)
        every = {*given, *wanted}
        return all(abs((given.get(one) or 0) - (wanted.get(one) or 0)) <= slack for one in every)
    return given is not None and not isinstance(given, Mapping) and abs(given - wanted) <= slack


def _points(said: Said) -> dict[str, Any]:
    """What each first cell stands for: a figure, or figures by currency."""
    where = said["columns"].index("currency") if "currency" in said["columns"] else None
    points: dict[str, Any] = {}
    for row in said["rows"]:
        if where is None:
            points[row[0]] = row[1]
        else:
            points.setdefault(row[0], {})[row[where]] = row[1]
    return points


def _same_points(said: Said, wanted: Mapping[str, Any], unit: str) -> bool:
    given = _points(said)
    zero: Any = {} if any(isinstance(value, Mapping) for value in wanted.values()) else 0
    return all(
        _same(given.get(key, zero), wanted.get(key, zero), unit) for key in {*given, *wanted}
    )  # a zero point may be left out


def _series(said: Said, right: Right) -> bool:
    return said["kind"] == "series" and _same_points(said, dict(right["points"]), right["unit"])


def _breakdown(said: Said, right: Right) -> bool:
    return said["kind"] == "breakdown" and _same_points(said, right["groups"], right["unit"])


def _table(said: Said, right: Right) -> bool:
    if said["kind"] != "table" or said["total_rows"] != right["total_rows"]:
        return False
    shown = [row[0] for row in said["rows"]]
    enough = min(right["total_rows"], right["limit"] or _ROWS_SHOWN, len(right["rows"]))
    names = [set(row["customer"]) for row in right["rows"]]
    if len(shown) < enough or not all(any(name in known for known in names) for name in shown):
        return False
    return not right["ordered"] or _in_order(said, right)


def _in_order(said: Said, right: Right) -> bool:
    """By the amount that orders them: ties may stand in any order."""
    mrr = said["columns"].index("mrr")
    amounts = [row["mrr"] for row in right["rows"]]
    return [row[mrr] for row in said["rows"]] == amounts[: len(said["rows"])]


def _profile(said: Said, right: Right) -> bool:
    card = said["profile"]
    if said["kind"] != "profile" or card["name"] not in right["names"]:
        return False
    return all(card[name] == value for name, value in right["facts"].items() if card[name] is not None)


def _fact(said: Said, right: Right) -> bool:
    words = json.dumps(said, ensure_ascii=False)
    return said["kind"] not in {"refuse", "clarify"} and all(
        any(one in words for one in of) for of in (right["names"], right["values"])
    )


def _clarify(said: Said, right: Right) -> bool:
    if said["kind"] != "clarify":
        return False
    offered = Counter(option["label"] for option in said["options"])
    return not Counter(right["options"]) - offered


def _refuse(said: Said, _: Right) -> bool:
    return bool(said["kind"] == "refuse")


_RIGHT = {
    "number": _number,
    "comparison": _comparison,
    "series": _series,
    "breakdown": _breakdown,
    "table": _table,
    "profile": _profile,
    "fact": _fact,
    "clarify": _clarify,
    "refuse": _refuse,
}
