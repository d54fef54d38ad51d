"""Those who sign in, and the Slack workspace: with an address, secrets and tokens that a sweep looks for."""

from dataclasses import dataclass, field
from datetime import timedelta

import pyotp

from storage.doer import Doer
from storage.keys.vault import Vault
from storage.members import links, second_factor, sessions, signup, throttle
from storage.members.identity import Identity
from storage.members.links import Purpose
from storage.members.members import Person, Role, add_member
from storage.members.sessions import Method
from storage.session import Database
from storage.slack_links import InstallStep, begin_install
from storage.slack_workspaces import ConnectedSlack, SlackTokens, connect_workspace
from tests.promises.canaries import new_word
from tests.vendors.stripe_company import NOW


@dataclass(slots=True)
class Colleagues:
    """One account's. `word` is in all that is sealed of them, `token` in Slack's tokens.

    `seed` is the second factor's. `only_hashed`: tokens and codes of which nothing but hashes is stored.
    """

    member_id: bytes
    seed: str
    only_hashed: tuple[str, ...]
    word: str = field(default_factory=new_word)
    token: str = field(default_factory=new_word)

    @property
    def email(self) -> str:
        return address_of("Owner", self.word)

    @property
    def invited(self) -> str:
        return address_of("Invited", self.word)

    @property
    def sealed(self) -> tuple[str, ...]:
        """What whoever has the account's key may read."""
        return (self.word, self.token, self.seed)

    @property
    def all(self) -> tuple[str, ...]:
        """What is nowhere in clear."""
        return (*self.sealed, *self.only_hashed)


def address_of(who: str, word: str) -> str:
    return f"{who}@{word}.example".lower()


PASSWORD = "$2b$04$" + "k" * 53
"""In place of a hash, which takes long to make."""


async def join(db: Database, vault: Vault, account_id: int) -> Colleagues:
    """An owner with a second factor and a browser, an invitation, a sign-up, tries, a Slack workspace."""
    word, by, identity = new_word(), Doer.operator(), await Identity.of(vault)
    place, email = (db, vault, account_id), address_of("Owner", word)
    member_id = await add_member(
        db, vault, identity, account_id, Person(email, f"{word} Owner"),
        role=Role.OWNER, password=PASSWORD, now=NOW, google_subject=f"{word} at Google",
    )  # fmt: skip
    seed = await second_factor.prepare(*place, member_id)
    code = pyotp.TOTP(seed).at(NOW)
    codes = await second_factor.confirm(db, vault, identity, account_id, member_id, code, now=NOW, by=by)
    cookie, _ = await sessions.start(
        db, account_id, member_id, method=Method.GOOGLE, device="Firefox on Linux", now=NOW, by=by
    )
    await links.invite(*place, address_of("Invited", word), Role.VIEWER, now=NOW, by=by)
    link = await links.make(*place, Purpose.PASSWORD, now=NOW, member_id=member_id)
    wish = signup.Wish(address_of("Wishing", word), word, PASSWORD)
    wished = await signup.remember(db, wish, NOW)
    await throttle.take(db, identity, throttle.PASSWORDS, email, NOW)
    state = await begin_install(db, account_id, InstallStep.STATE, now=NOW)
    tokens = [one.rpartition(".")[2] for one in (cookie, link, wished, state)]
    found = Colleagues(member_id, seed, (*tokens, (codes or [""])[0]), word)
    await connect_slack(db, vault, account_id, found)
    return found


async def connect_slack(db: Database, vault: Vault, account_id: int, colleagues: Colleagues) -> None:
    workspace = ConnectedSlack(
        workspace_id=f"T{account_id}", enterprise_id=None, bot_user_id="U1", bot_id="B1", installed_by="U2",
        installed_at=NOW, expires_at=NOW + timedelta(hours=12),
    )  # fmt: skip
    await connect_workspace(db, vault, account_id, workspace, slack_tokens(colleagues), by=Doer.operator())


def slack_tokens(colleagues: Colleagues) -> SlackTokens:
    """As Slack gives them: one to act with, one to renew it with, and the workspace's name."""
    token = colleagues.token
    return SlackTokens(bot=f"xoxe.xoxb-{token}", refresh=f"xoxe-{token}", name=colleagues.word)
