"""`chewbotta slack`: Socket Mode; `chewbotta slack connect`: the link that connects a workspace."""

from typing import TYPE_CHECKING, Annotated

import typer

from storage.command_line import run

if TYPE_CHECKING:
    from storage.settings import Settings

slack_app = typer.Typer(
    name="slack", invoke_without_command=True, help="Talk in Slack over Socket Mode, until stopped."
)


@slack_app.callback(invoke_without_command=True)
def slack(context: typer.Context) -> None:
    """Talk in Slack over Socket Mode, until stopped."""
    if context.invoked_subcommand is None:
        from bot.cli import talk_in_slack

        run(talk_in_slack)


@slack_app.command()
def connect(
    account: Annotated[int | None, typer.Option(help="For which account, where there are several.")] = None,
) -> None:
    """Print the link that connects a Slack workspace; it works for an hour."""
    typer.echo(run(lambda settings: _link(settings, account)))


async def _link(settings: "Settings", account: int | None) -> str:
    from bot.slack.install import connect_link
    from bot.slack.serving import installs
    from storage import accounts
    from storage.command_line import opened
    from storage.errors import OperatorError

    if not installs(settings) or settings.public_url is None:
        raise OperatorError(
            "Set SLACK_CLIENT_ID, SLACK_CLIENT_SECRET, SLACK_SIGNING_SECRET and PUBLIC_URL first "
            "(docs/slack.md)."
        )
    async with opened(settings) as place:
        account_id = account or await accounts.sole_account(place.db)
        if account_id not in await accounts.all_accounts(place.db):
            raise accounts.NoAccountError(f"There is no account {account_id}.")
        return await connect_link(place.db, account_id, settings.public_url)
