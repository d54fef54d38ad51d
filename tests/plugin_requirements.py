"""Tests that need a program of the machine: skipped where it is missing, with a count at the very end.

A test says what it needs by a marker (`needs_postgres`, ...) or by using a fixture that stands for it. On a
machine that calls itself CI a missing program is a failure: there everything is to be checked.
"""

import os
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from tests import postgres

LOCAL_SLACK = Path(__file__).parents[1] / ".cache/local-slack/bin/local-slack"
_CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_MISSING = "missing"


def find_chromium() -> str | None:
    """The path of a Chromium of this machine, or None."""
    return next((path for name in _CHROMIUM if (path := shutil.which(name))), None)


def find_local_slack() -> str | None:
    """The path of the local-slack program, or None."""
    return str(LOCAL_SLACK) if LOCAL_SLACK.is_file() else shutil.which("local-slack")


@dataclass(frozen=True)
class Requirement:
    """A program that tests need: those with `marker`, and all that use one of `fixtures`."""

    marker: str
    title: str
    fixtures: frozenset[str]
    why_missing: Callable[[], str | None]


def _unless(found: Callable[[], str | None], reason: str) -> Callable[[], str | None]:
    return lambda: None if found() else reason


REQUIREMENTS = (
    Requirement("needs_postgres", "PostgreSQL", frozenset({"cluster", "postgres_url"}), postgres.why_missing),
    Requirement(
        "needs_local_slack",
        "local-slack",
        frozenset({"local_slack"}),
        _unless(find_local_slack, "local-slack is not here (run `make tools`, which needs npm)"),
    ),
    Requirement(
        "needs_chromium",
        "Chromium",
        frozenset({"chromium"}),
        _unless(find_chromium, "Chromium was not found (install chromium)"),
    ),
    Requirement(
        "needs_node",
        "Node.js",
        frozenset(),
        _unless(lambda: shutil.which("node"), "Node.js was not found (install nodejs)"),
    ),
)


@cache
def _why_missing(requirement: Requirement) -> str | None:
    return requirement.why_missing()


def _on_ci() -> bool:
    return os.environ.get("CI", "").lower() in {"1", "true", "yes"}


def _needs(item: pytest.Item, requirement: Requirement) -> bool:
    fixtures = set(getattr(item, "fixturenames", ()))
    return item.get_closest_marker(requirement.marker) is not None or bool(fixtures & requirement.fixtures)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip, or on CI fail, before any fixture of the test is made."""
    for requirement in REQUIREMENTS:
        reason = _why_missing(requirement) if _needs(item, requirement) else None
        if reason is None:
            continue
        item.user_properties.append((_MISSING, f"{requirement.title}: {reason}"))
        if _on_ci():
            pytest.fail(f"{reason}; with CI=true that is a failure", pytrace=False)
        pytest.skip(reason)


class _Tally:
    """Counts in the process that prints (with xdist the reports come there from the workers)."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.missing: Counter[str] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "setup":
            self.missing.update(value for name, value in report.user_properties if name == _MISSING)

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        """After everything else that is printed, so that nobody misses it."""
        reporter = self.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is None or not self.missing:
            return
        did = "failed" if _on_ci() else "were skipped"
        for reason, count in sorted(self.missing.items()):
            reporter.write_line(f"{count} tests {did} for want of {reason}")


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Tally(config), "requirements-tally")
