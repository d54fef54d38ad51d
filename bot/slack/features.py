"""What the Slack app can do beyond questions: every feature hangs itself in here."""

from bot.slack.access import Access, AccessRules
from bot.slack.alerts import Alerts, Words
from bot.slack.extensions import Extensions
from storage.keys.vault import Vault
from storage.session import Database


def features(db: Database, vault: Vault, words: Words, rules: AccessRules) -> Extensions:
    """The commands, buttons, modals and Home sections of this installation."""
    extensions = Extensions()
    alerts = Alerts(db, vault, words, access_of=lambda client: Access(lambda _team: client, rules))
    alerts.extend(extensions)
    return extensions
