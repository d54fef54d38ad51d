"""The command line: mounts what each floor brings, and starts the processes.

Nothing heavy is imported here or in any `cli.py`, so that `chewbotta --help` answers at once.
"""

import typer

from bot import access_cli, alerts_cli, thoughts_cli
from bot import cli as bot_cli
from bot.discord import cli as discord_cli
from bot.scoring import cli as scoring_cli
from bot.slack.cli import slack_app
from connectors import care_cli, webhooks_cli
from connectors import cli as connectors_cli
from storage import cli as storage_cli
from storage import profiles_cli, rates_cli
from storage.command_line import run, watch_with
from storage.trust import model_cli, privacy_cli, receipt_cli, trust_cli
from web import cli as web_cli
from web import members_cli

app = typer.Typer(
    name="chewbotta",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Your customers' data, answered where you talk.\n\n"
    "Try it with an invented company: chewbotta demo. In earnest: chewbotta init, then "
    'chewbotta source add stripe, chewbotta sync, chewbotta ask "what\'s our MRR?", and for Slack '
    "chewbotta slack. What is missing, and what to do about it, says chewbotta doctor.",
)

app.command()(storage_cli.init)
app.add_typer(connectors_cli.source_app)
app.command()(connectors_cli.sync)
app.command()(care_cli.reconcile)
app.add_typer(webhooks_cli.webhooks_app)
app.command()(bot_cli.ask)
app.command()(bot_cli.chat)
app.command()(bot_cli.demo)
app.add_typer(slack_app)
app.add_typer(discord_cli.discord_app)
app.add_typer(access_cli.access_app, name="access")
app.add_typer(access_cli.feedback_app, name="feedback")
app.command("eval")(scoring_cli.evaluate)
app.command()(web_cli.web)
app.add_typer(members_cli.member_app)


@app.command()
def worker() -> None:
    """Keep the cache fresh, until stopped.

    Every source is synced when it is due and compared with its vendor, webhooks are worked on, deletions are
    finished, keys renewed after them, and what is past its time is deleted.
    """
    from jobs import work

    run(work)


app.add_typer(thoughts_cli.thoughts_app)
app.add_typer(alerts_cli.alerts_app)
app.add_typer(rates_cli.currency_app)
app.add_typer(profiles_cli.profiles_app)
app.command()(storage_cli.migrate)
app.add_typer(storage_cli.keys_app)
app.command()(storage_cli.doctor)
app.command()(trust_cli.audit)
app.command()(trust_cli.errors)
app.command()(trust_cli.purge)
app.add_typer(privacy_cli.privacy_app)
app.add_typer(privacy_cli.messages_app)
app.add_typer(receipt_cli.receipt_app)
app.add_typer(privacy_cli.account_app)
app.add_typer(model_cli.model_app)


def _watcher() -> object:
    from thoughts.watching import Watcher

    return Watcher()


watch_with(_watcher)


def main() -> None:
    """The `chewbotta` program."""
    app(prog_name="chewbotta")


if __name__ == "__main__":
    main()
