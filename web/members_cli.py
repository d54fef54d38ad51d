"""`chewbotta member`: people of an account, for whoever runs the installation."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from storage.command_line import fail, opened, printable, run

if TYPE_CHECKING:
    from storage.settings import Settings

member_app = typer.Typer(
    name="member",
    no_args_is_help=True,
    help="People who sign in over the web: invite them, list them, help who lost a second factor.",
)

_Account = Annotated[int | None, typer.Option("--account", help="The account, where there are several.")]
_Email = Annotated[str, typer.Argument(help="The person's e-mail address.")]


@member_app.command()
def invite(
    email: _Email,
    role: Annotated[str, typer.Option(help="viewer, member, admin or owner.")] = "member",
    account: _Account = None,
) -> None:
    """Print a link with which somebody joins. It works once, for seven days.

    Example:  chewbotta member invite ada@example.com --role owner
    """
    run(lambda settings: _invite(settings, email, role, account))


async def _invite(settings: "Settings", email: str, role: str, account: int | None) -> None:
    from email_validator import EmailNotValidError, validate_email

    from storage import accounts
    from storage.doer import Doer
    from storage.members import links
    from storage.members.members import Role

    try:
        address, wanted = validate_email(email, check_deliverability=False).normalized, Role(role)
    except EmailNotValidError:
        fail("That is no e-mail address.")
    except ValueError:
        fail("The role must be viewer, member, admin or owner.")
    async with opened(settings) as place:
        account_id = account or await accounts.sole_account(place.db)
        secret = await links.invite(
            place.db, place.vault, account_id, address, wanted, now=datetime.now(UTC), by=Doer.operator()
        )
    typer.echo(f"{settings.public_url or 'http://127.0.0.1:8000'}/join/{secret}")


@member_app.command("list")
def list_(account: _Account = None) -> None:
    """List the members of an account."""
    run(lambda settings: _list(settings, account))


async def _list(settings: "Settings", account: int | None) -> None:
    from storage import accounts
    from storage.members import members

    async with opened(settings) as place:
        account_id = account or await accounts.sole_account(place.db)
        for one in await members.list_members(place.db, place.vault, account_id):
            safe = "two factors" if one.has_second_factor else "one factor"
            typer.echo(f"{printable(one.person.email)}  {one.role}  {safe}")


@member_app.command("forget-second-factor")
def forget_second_factor(email: _Email) -> None:
    """Take the second factor from somebody who lost phone and recovery codes."""
    run(lambda settings: _forget(settings, email))


async def _forget(settings: "Settings", email: str) -> None:
    from storage.doer import Doer
    from storage.members import members, second_factor
    from storage.members.identity import Identity

    async with opened(settings) as place:
        known = await members.by_email(place.db, await Identity.of(place.vault), email)
        if known is None:
            fail("Nobody here has that address.")
        await second_factor.remove(place.db, known.account_id, known.member_id, Doer.operator())
    typer.echo("Gone: the next sign-in asks for the password alone.")
