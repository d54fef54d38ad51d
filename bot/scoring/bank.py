"""A bank of questions: one JSON object a line.

`id`, `question`, `category`, and one or more right outcomes in `expect`: a plan as `lines.py` writes it,
"refuse", or "clarify: one option; another". `follow_up_of` names the question before it in a conversation.
`half` is "open" for those that the grammar is developed on, "held" for those it is only measured with.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from storage.errors import OperatorError

REFUSE, CLARIFY = "refuse", "clarify:"


class BadBank(OperatorError):
    """The file is no bank of questions; the text says in which line."""


class Asked(BaseModel):
    """One question of a bank. `kind`, `difficulty` and the like are other banks' own and are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    question: str
    category: str
    expect: tuple[str, ...] = ()
    follow_up_of: str | None = None
    half: str = "open"


def read(file: Path) -> tuple[Asked, ...]:
    """The questions of a file, in order. Raises BadBank."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadBank(f"{file} cannot be read: {type(error).__name__}.") from error
    asked = [_question(file, number, text) for number, text in enumerate(lines, 1) if text.strip()]
    known: set[str] = set()
    for one in asked:
        if one.follow_up_of is not None and one.follow_up_of not in known:
            raise BadBank(
                f"{file}: {one.id} follows up on {one.follow_up_of}, which does not stand before it."
            )
        known.add(one.id)
    return tuple(asked)


def _question(file: Path, number: int, text: str) -> Asked:
    try:
        return Asked.model_validate_json(text)
    except ValidationError as error:
        wrong = error.errors()[0]
        where = ".".join(map(str, wrong["loc"]))
        raise BadBank(f"{file}, line {number}: {where or 'the line'}: {wrong['msg']}.") from None
