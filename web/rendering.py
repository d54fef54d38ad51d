"""Jinja2: one environment, everything escaped, a missing value is an error and no empty place."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from storage.members.members import Role

STATIC = Path(__file__).parent / "static"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("web", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(static=static, Role=Role)
    environment.filters.update(
        day=lambda moment: f"{moment:%d %B %Y}", moment=lambda one: f"{one:%d %B %Y, %H:%M} UTC"
    )
    return environment


@cache
def static(name: str) -> str:
    """The address of a file of ours, which changes with what is in it: browsers may keep it for ever."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()
    return f"/static/{name}?v={digest[:12]}"


def render(template: str, **context: Any) -> str:
    """A template of web/templates with its values."""
    return _environment().get_template(template).render(**context)
