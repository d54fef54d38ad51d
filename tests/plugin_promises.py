"""`pytest -m promises -v` ends as the security page with a tick at each line that its tests show.

A test says which promises it shows by `@pytest.mark.promises("P15", ...)`; its docstring is its line.
"""

import inspect
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).parents[1] / "docs" / "security.md"
_SHOWS = "promise"
_HEADING = re.compile(r"^### (P\d+) (.+)$", re.MULTILINE)
_SIGNS = {"passed": "✓", "failed": "✗", "skipped": "·"}
_COLOURS = {"passed": "green", "failed": "red", "skipped": "yellow"}


def titles() -> dict[str, str]:
    """The promises by id, in the words of docs/security.md."""
    return dict(_HEADING.findall(PAGE.read_text(encoding="utf-8"))) if PAGE.exists() else {}


def promises_of(item: pytest.Item) -> list[str]:
    """The ids that a test is marked with."""
    return [name for marker in item.iter_markers("promises") for name in marker.args]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts what a test shows on its report, which also reaches the process that prints."""
    for item in items:
        said = inspect.getdoc(getattr(item, "function", None)) or item.name
        item.user_properties += [(_SHOWS, [promise, said.split("\n\n")[0]]) for promise in promises_of(item)]


class _Page:
    """Collects the outcomes, and prints them by promise."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._outcomes: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when != "call" and report.outcome == "passed":
            return
        for name, value in report.user_properties:
            if name == _SHOWS:
                promise, line = value
                self._outcomes[str(promise)][" ".join(str(line).split())].append(report.outcome)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        asked = "promises" in (self._config.option.markexpr or "")
        if not self._outcomes or not asked:
            return
        terminalreporter.section("the promises of docs/security.md")
        known = titles()
        for promise in sorted(self._outcomes, key=lambda one: int(one[1:])):
            lines = {line: _worst(found) for line, found in self._outcomes[promise].items()}
            title = known.get(promise, "")
            self._line(terminalreporter, _worst(list(lines.values())), f"{promise:4}{title}", len(lines))
            if self._config.option.verbose > 0:
                for line, outcome in lines.items():
                    self._line(terminalreporter, outcome, f"      {line}")

    @staticmethod
    def _line(reporter: Any, outcome: str, text: str, tests: int = 0) -> None:
        reporter.write(f"{_SIGNS[outcome]} ", **{_COLOURS[outcome]: True})
        reporter.write(f"{text}  (tests: {tests})\n" if tests else f"{text}\n")


def _worst(outcomes: list[str]) -> str:
    return next((one for one in ("failed", "skipped") if one in outcomes), "passed")


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Page(config), "promises-page")
