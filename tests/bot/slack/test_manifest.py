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
        "channels:read": "who is in a channel, and whether others share it",
        "chat:write": "to answer",
        "commands": "/chewy",
        "files:write": "CSV files, and charts as pictures",
        "groups:read": "as channels:read, of private channels",
        "im:history": "direct messages",
        "im:write": "a file goes to the asker's direct messages",
        "mpim:read": "as channels:read, of group messages",
        "usergroups:read": "roles of user groups",
        "users:read": "to tell members from guests",
    }
    assert set(MANIFEST["oauth_config"]["scopes"]["bot"]) == set(reasons)
    assert "user" not in MANIFEST["oauth_config"]["scopes"]


def test_the_app_is_sent_no_more_than_it_answers() -> None:
    """Mentions and direct messages are the only events; what people say to each other never arrives."""
    assert MANIFEST["settings"]["event_subscriptions"]["bot_events"] == ["app_mention", "message.im"]
