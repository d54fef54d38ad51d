"""What the Slack app can do beyond questions: every feature hangs itself in here."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial

from bot.slack.access import Access, AccessRules
from bot.slack.agent import Prompt, prompts_for
from bot.slack.alerts import Alerts
from bot.slack.extensions import Extensions
from bot.slack.home_sections import House
from bot.slack.home_thoughts import HomeThoughts
from bot.slack.links import linked_customer
from bot.slack.rules import Words
from storage.conversations import load_context
from storage.keys.vault import Vault
from storage.session import Database


def features(
    db: Database, vault: Vault, words: Words, rules: AccessRules, settings_url: str | None = None
) -> Extensions:
    """The commands, buttons, modals and Home sections of this installation."""
    extensions = Extensions()
    alerts = Alerts(db, vault, words, access_of=lambda client: Access(lambda _team: client, rules))
    alerts.extend(extensions)
    HomeThoughts(db, vault).extend(extensions)
    House(db, settings_url).extend(extensions)

    async def prompts(account_id: int) -> Sequence[Prompt]:
        return prompts_for(await words.vocabulary(account_id))

    async def remembered(account_id: int, conversation: str) -> bool:
        now = datetime.now(UTC)
        return await load_context(db, vault, account_id, conversation, now) is not None

    extensions.prompts, extensions.remembered = prompts, remembered
    extensions.linked = partial(linked_customer, db, vault)
    return extensions
