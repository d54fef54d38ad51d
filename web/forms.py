"""Forms as declarations: what a field is called, what fits into it, and what is said where it does not.

INVITE = Form(email_field(), Field("role", "Role", kind="select", choices=ROLES))
filled = INVITE.read(data)      # errors beside the fields; what was typed is kept, but for passwords
{{ forms.field(filled, "email") }}
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from email_validator import EmailNotValidError, validate_email

Kind = Literal["text", "email", "password", "new_password", "code", "select", "checkbox", "hidden"]
_NEVER_KEPT = frozenset({"password", "new_password", "code"})
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `choices` are (value, label); `autocomplete` is what the browser may fill in."""

    name: str
    label: str
    kind: Kind = "text"
    hint: str = ""
    autocomplete: str = "off"
    required: bool = True
    longest: int = _LONGEST
    choices: Sequence[tuple[str, str]] = ()

    def problem(self, value: str) -> str | None:
        """What is wrong with a value, in words for the person who typed it."""
        if not value:
            return f"Please fill in: {self.label}." if self.required else None
        if len(value) > self.longest:
            return f"This is too long: at most {self.longest} characters."
        if self.kind == "select" and value not in {choice for choice, _ in self.choices}:
            return "Choose one of the list."
        if "\x00" in value:
            return "This has a sign in it that cannot be used."
        return None

    def schema(self) -> dict[str, Any]:
        """For the OpenAPI document."""
        said: dict[str, Any] = {"type": "string", "maxLength": self.longest, "title": self.label}
        return said | ({"enum": [choice for choice, _ in self.choices]} if self.choices else {})


@dataclass(slots=True)
class Filled:
    """A form as somebody filled it in, or as it is before."""

    form: "Form"
    values: dict[str, str] = field(default_factory=dict, repr=False)
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return not self.errors

    def __getitem__(self, name: str) -> str:
        return self.values.get(name, "")

    def fail(self, name: str, why: str) -> "Filled":
        """Says why a field will not do; "" is the form as a whole."""
        self.errors[name] = why
        return self

    def shown(self, name: str) -> str:
        """What stands in a field that is shown again."""
        return "" if self.form.fields[name].kind in _NEVER_KEPT else self[name]


class Form:
    """A list of fields."""

    def __init__(self, *fields: Field) -> None:
        self.fields: Mapping[str, Field] = {one.name: one for one in fields}

    def empty(self, **values: str) -> Filled:
        """Nothing typed yet; `values` are what stands there already."""
        return Filled(self, dict(values))

    def read(self, data: Mapping[str, str]) -> Filled:
        """What was sent, checked field by field. Fields that are not declared are not even looked at."""
        filled = Filled(self)
        for name, one in self.fields.items():
            value = data.get(name, "")
            value = value if one.kind in ("password", "new_password") else value.strip()
            filled.values[name] = value
            problem = one.problem(value)
            if problem is None and one.kind == "email" and value:
                problem = _as_address(filled, name, value)
            if problem:
                filled.errors[name] = problem
        return filled

    def schema(self) -> dict[str, Any]:
        """For the OpenAPI document."""
        return {
            "type": "object",
            "properties": {name: one.schema() for name, one in self.fields.items()},
            "required": [name for name, one in self.fields.items() if one.required],
        }


def _as_address(filled: Filled, name: str, value: str) -> str | None:
    try:
        found = validate_email(value, check_deliverability=False)
    except EmailNotValidError:
        return "This is no e-mail address."
    filled.values[name] = found.normalized
    return None


def email_field(label: str = "E-mail", *, hint: str = "") -> Field:
    return Field("email", label, kind="email", autocomplete="username", longest=254, hint=hint)


def password_field(label: str = "Password") -> Field:
    """A password that exists. Its limit is far above the longest that can be set: nobody is told of it."""
    return Field("password", label, kind="password", autocomplete="current-password", longest=1_000)


def new_password_field(label: str = "New password") -> Field:
    hint = "At least 12 characters. A few words that do not belong together are good."
    return Field(
        "new_password", label, kind="new_password", autocomplete="new-password", longest=1_000, hint=hint
    )


def code_field(label: str = "Code", *, hint: str = "") -> Field:
    return Field("code", label, kind="code", autocomplete="one-time-code", longest=40, hint=hint)
