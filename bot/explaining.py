"""`chewbotta ask --explain`: the plan that a question became, and what it makes the database do."""

import json
from typing import NamedTuple

import typer

from bot.answer import Answer
from bot.why import plan_shown, statements
from bot.wiring import Ready
from storage.metrics.explain import Statement


class Explaining(NamedTuple):
    """Shows plans and statements instead of answers; values stand apart, and nothing names a customer."""

    json: bool
    analyse: bool

    async def show(self, ready: Ready, answer: Answer) -> None:
        sent = await statements(ready.db, ready.account_id, answer, analyse=self.analyse)
        if self.json:
            told = [_as_dict(one) for one in sent]
            typer.echo(json.dumps({"plan": plan_shown(answer), "statements": told}))
            return
        if answer.plan is None:
            typer.echo("No plan: this question is asked back, or refused.")
            return
        typer.echo(f"Plan\n{json.dumps(plan_shown(answer), indent=2)}")
        for number, one in enumerate(sent, start=1):
            _print(number, one)


def _print(number: int, statement: Statement) -> None:
    typer.echo(f"\nStatement {number}  ({statement.milliseconds:.1f} ms)\n{statement.sql}")
    if statement.parameters:
        typer.echo(f"Values: {', '.join(statement.parameters)}")
    for line in statement.plan:
        typer.echo(f"  {line}")


def _as_dict(statement: Statement) -> dict[str, object]:
    return {
        "sql": statement.sql,
        "parameters": list(statement.parameters),
        "ms": round(statement.milliseconds, 3),
        "plan": list(statement.plan) or None,
    }
