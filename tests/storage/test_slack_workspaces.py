"""Workspaces and links: one account each, sealed tokens, removal with all that belongs."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from storage import conversations
from storage.accounts import create_account
from storage.doer import Doer
from storage.keys.vault import Vault
from storage.models import AuditEntry, SlackWorkspace
from storage.session import Database
from storage.slack_links import LINK_KEPT, STATE_KEPT, InstallStep, begin_install, linked_account, use_state
from storage.slack_workspaces import (
    ConnectedSlack,
    SlackTokens,
    WorkspaceTaken,
    connect_workspace,
    keep_renewed,
    list_workspaces,
    open_workspace,
    remove_workspace,
    take_renewal,
    workspace_account,
)
from storage.trust.audit import Action

NOW = datetime(2026, 11, 24, tzinfo=UTC)
TOKENS = SlackTokens(bot="xoxb-very-secret", refresh="xoxe-1-very-secret", name="Example Inc")
TEAM = ConnectedSlack(
    workspace_id="T1",
    enterprise_id=None,
    bot_user_id="U0BOT",
    bot_id="B1",
    installed_by="U1",
    installed_at=NOW,
)
OPERATOR = Doer.operator()


async def _account(db: Database, vault: Vault) -> int:
    return await create_account(db, vault, name="Example", now=NOW)


async def test_a_connected_workspace_is_found_and_opened(db: Database, vault: Vault) -> None:
    """Who a workspace belongs to is found by its id; its tokens come back as they went in."""
    account = await _account(db, vault)
    await connect_workspace(db, vault, account, TEAM, TOKENS, by=OPERATOR)
    assert await workspace_account(db, "T1") == account
    opened = await open_workspace(db, vault, account, "T1")
    assert opened is not None
    assert (opened.at, opened.tokens) == (TEAM, TOKENS)
    assert await list_workspaces(db, account) == [TEAM]
    assert "secret" not in repr(opened)


async def test_tokens_are_stored_sealed(db: Database, vault: Vault) -> None:
    """What stands in the table holds neither token nor name."""
    account = await _account(db, vault)
    await connect_workspace(db, vault, account, TEAM, TOKENS, by=OPERATOR)
    async with db.tenant(account) as session:
        sealed = await session.scalar(select(SlackWorkspace.sealed))
    assert sealed
    assert b"secret" not in sealed
    assert b"Example" not in sealed


async def test_a_workspace_belongs_to_one_account(db: Database, vault: Vault) -> None:
    """A second account cannot connect it, and the first keeps it; the first may connect again."""
    first, second = await _account(db, vault), await _account(db, vault)
    await connect_workspace(db, vault, first, TEAM, TOKENS, by=OPERATOR)
    with pytest.raises(WorkspaceTaken):
        await connect_workspace(db, vault, second, TEAM, TOKENS, by=OPERATOR)
    again = SlackTokens(bot="xoxb-2")
    await connect_workspace(db, vault, first, TEAM, again, by=OPERATOR)
    opened = await open_workspace(db, vault, first, "T1")
    assert opened is not None
    assert opened.tokens == again
    assert await workspace_account(db, "T1") == first


async def test_an_account_may_have_several(db: Database, vault: Vault) -> None:
    """One account connects two workspaces."""
    account = await _account(db, vault)
    other = replace(TEAM, workspace_id="T2", installed_at=NOW + timedelta(1))
    await connect_workspace(db, vault, account, TEAM, TOKENS, by=OPERATOR)
    await connect_workspace(db, vault, account, other, TOKENS, by=OPERATOR)
    assert await list_workspaces(db, account) == [TEAM, other]


async def test_removal_takes_what_belongs_to_it(db: Database, vault: Vault) -> None:
    """Tokens and what conversations were about go, the trail says so, and a second removal does nothing."""
    account = await _account(db, vault)
    await connect_workspace(db, vault, account, TEAM, TOKENS, by=OPERATOR)
    await conversations.save_context(db, vault, account, "T1:C1:U1", b"{}", NOW)
    assert await remove_workspace(db, vault, account, "T1", before=NOW, by=OPERATOR)
    assert await open_workspace(db, vault, account, "T1") is None
    assert await conversations.load_context(db, vault, account, "T1:C1:U1", NOW) is None
    assert not await remove_workspace(db, vault, account, "T1", before=NOW, by=OPERATOR)
    async with db.tenant(account) as session:
        actions = (await session.scalars(select(AuditEntry.action).order_by(AuditEntry.number))).all()
    assert actions[-2:] == [Action.WORKSPACE_CONNECTED, Action.WORKSPACE_REMOVED]


async def test_news_of_an_older_removal_leaves_a_new_installation(db: Database, vault: Vault) -> None:
    """What Slack says late of an app that was removed does not remove the one that was installed after."""
    account = await _account(db, vault)
    await connect_workspace(db, vault, account, TEAM, TOKENS, by=OPERATOR)
    late = NOW - timedelta(seconds=1)
    assert not await remove_workspace(db, vault, account, "T1", before=late, by=OPERATOR)
    assert await workspace_account(db, "T1") == account


async def test_an_organisation_takes_its_workspaces_along(db: Database, vault: Vault) -> None:
    """Workspaces that an organisation's token serves go with it; one with a token of its own stays."""
    account = await _account(db, vault)
    org = replace(TEAM, workspace_id="E1", enterprise_id="E1")
    await connect_workspace(db, vault, account, org, TOKENS, by=OPERATOR)
    served = replace(TEAM, workspace_id="T2", enterprise_id="E1")
    await connect_workspace(db, vault, account, served, None, by=OPERATOR)
    own = replace(TEAM, workspace_id="T3", enterprise_id="E1")
    await connect_workspace(db, vault, account, own, TOKENS, by=OPERATOR)
    assert await remove_workspace(db, vault, account, "E1", before=NOW, by=OPERATOR)
    assert [row.workspace_id for row in await list_workspaces(db, account)] == ["T3"]


async def test_tokens_are_renewed_by_one(db: Database, vault: Vault) -> None:
    """Of two that want to renew one may, until it is done or has taken too long."""
    account = await _account(db, vault)
    ends = NOW + timedelta(hours=1)
    await connect_workspace(db, vault, account, replace(TEAM, expires_at=ends), TOKENS, by=OPERATOR)
    assert await take_renewal(db, account, "T1", ends, now=NOW)
    assert not await take_renewal(db, account, "T1", ends, now=NOW)
    assert await take_renewal(db, account, "T1", ends, now=NOW + timedelta(minutes=1))
    fresh = SlackTokens(bot="xoxb-2", refresh="xoxe-2")
    await keep_renewed(db, vault, account, "T1", fresh, NOW + timedelta(hours=12))
    assert not await take_renewal(db, account, "T1", ends, now=NOW)
    opened = await open_workspace(db, vault, account, "T1")
    assert opened is not None
    assert (opened.tokens, opened.at.expires_at) == (fresh, NOW + timedelta(hours=12))


async def test_a_link_stands_for_its_account_for_an_hour(db: Database, vault: Vault) -> None:
    """A link works as often as it is opened, and no longer than an hour; nobody else's word does."""
    account = await _account(db, vault)
    link = await begin_install(db, account, InstallStep.LINK, now=NOW)
    assert await linked_account(db, link, now=NOW) == account
    assert await linked_account(db, link, now=NOW + LINK_KEPT) is None
    assert await linked_account(db, link + "x", now=NOW) is None
    assert await use_state(db, link, now=NOW) is None


async def test_a_state_works_once(db: Database, vault: Vault) -> None:
    """A state stands for its account the first time, within ten minutes, and is no link."""
    account = await _account(db, vault)
    state = await begin_install(db, account, InstallStep.STATE, now=NOW)
    assert await linked_account(db, state, now=NOW) is None
    assert await use_state(db, state, now=NOW + timedelta(minutes=9)) == account
    assert await use_state(db, state, now=NOW) is None
    late = await begin_install(db, account, InstallStep.STATE, now=NOW)
    assert await use_state(db, late, now=NOW + STATE_KEPT) is None
