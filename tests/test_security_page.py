"""docs/security.md is held to the tests: no promise without a test, no test of a promise without a line."""

import ast
import re
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "security.md"
PROMISES = [f"P{number}" for number in range(1, 25)]
_STATES = ("**Kept.**", "**Kept in part.**", "**Comes with**")


@cache
def sections() -> dict[str, str]:
    """The text of each promise by its id."""
    text = PAGE.read_text(encoding="utf-8").split("\n## The threat model")[0]
    parts = re.split(r"^### (P\d+) .+$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def named_in(text: str) -> set[str]:
    """The test files that a text names."""
    return set(re.findall(r"`(tests/[\w/]+\.py)`", text))


@cache
def shown() -> dict[str, set[str]]:
    """The test files that carry each promise's id, as their markers say."""
    found: dict[str, set[str]] = defaultdict(set)
    for file in sorted((ROOT / "tests").rglob("test_*.py")):
        name = str(file.relative_to(ROOT))
        for promise in _marked(ast.parse(file.read_text(encoding="utf-8"))):
            found[promise].add(name)
    return dict(found)


def _marked(tree: ast.Module) -> set[str]:
    """The arguments of every `pytest.mark.promises(...)` that stands in a file."""
    return {
        str(argument.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.promises"
        for argument in node.args
        if isinstance(argument, ast.Constant)
    }


def test_the_page_has_every_promise_once_and_in_order() -> None:
    """P1 to P24 stand on the page, each with what is claimed of it."""
    headings = re.findall(r"^### (P\d+) \S", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert headings == PROMISES
    for promise, text in sections().items():
        assert sum(state in text for state in _STATES) == 1, promise
        assert text.strip().startswith(_STATES), promise


@pytest.mark.parametrize("promise", PROMISES)
def test_a_promise_names_the_tests_that_carry_its_id(promise: str) -> None:
    """The tests named at a promise are exactly those that carry its id: none is missing, none is borrowed."""
    assert named_in(sections()[promise]) == shown().get(promise, set())


@pytest.mark.parametrize("promise", PROMISES)
def test_what_is_said_to_be_kept_is_shown(promise: str) -> None:
    """A promise that is kept has tests; one that comes later claims none."""
    text = sections()[promise]
    if "**Kept.**" in text:
        assert shown().get(promise)
    if "**Comes with**" in text:
        assert not shown().get(promise)


def test_every_id_in_the_tests_is_a_promise() -> None:
    """No test carries an id that the page does not have."""
    assert set(shown()) <= set(PROMISES)


def test_the_threat_model_names_tests_that_exist() -> None:
    """Every test named on the page is there."""
    named = named_in(PAGE.read_text(encoding="utf-8"))
    assert [name for name in sorted(named) if not (ROOT / name).is_file()] == []


def test_what_security_md_says_agrees_with_the_page() -> None:
    """SECURITY.md leads to the page, and does not call unbuilt what the page says is kept."""
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    assert "docs/security.md" in text
    unbuilt = text.partition("## What is not built yet")[2].partition("\n## ")[0]
    for kept in ("audit trail", "Retention by age", "Key management services", "Export of a person"):
        assert kept not in unbuilt
