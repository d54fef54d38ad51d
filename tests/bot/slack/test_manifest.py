import json
from pathlib import Path

from bot.slack import app
from tests.bot.slack_schema import manifest_errors

MANIFEST = json.loads((Path(app.__file__).parent / "manifest.json").read_text())


def test_the_manifest_is_one() -> None:
    """The manifest is valid by Slack's schema."""
    assert manifest_errors(MANIFEST) == []


def test_the_app_asks_for_no_more_than_it_uses() -> None:
    """Every scope is there for a reason named here; a new one needs a reason too."""
    reasons = {
        "app_mentions:read": "to be mentioned",
        "assistant:write": "agent_view needs it",
        "channels:history": "follow-ups in a thread that the app is in",
        "channels:read": "who is in a channel, and whether others share it",
        "chat:write": "to answer",
        "commands": "/chewy",
        "files:write": "CSV files, and charts as pictures",
        "groups:history": "as channels:history, of private channels",
        "groups:read": "as channels:read, of private channels",
        "im:history": "direct messages",
        "im:write": "a file goes to the asker's direct messages",
        "links:read": "pages of customers that people link to",
        "links:write": "their cards",
        "mpim:read": "as channels:read, of group messages",
        "usergroups:read": "roles of user groups",
        "users:read": "to tell members from guests",
    }
    assert set(MANIFEST["oauth_config"]["scopes"]["bot"]) == set(reasons)
    assert "user" not in MANIFEST["oauth_config"]["scopes"]


def test_the_app_is_sent_no_more_than_it_answers() -> None:
    """Each event is there for a reason named here."""
    reasons = {
        "app_home_opened": "the Home tab, and suggested questions",
        "app_mention": "questions",
        "app_uninstalled": "what belongs to the workspace is deleted",
        "link_shared": "pages of customers that people link to",
        "message.channels": "follow-ups in a thread that the app is in; all else is dropped unread",
        "message.groups": "the same in private channels",
        "message.im": "direct messages",
        "tokens_revoked": "as app_uninstalled",
    }
    assert MANIFEST["settings"]["event_subscriptions"]["bot_events"] == list(reasons)
