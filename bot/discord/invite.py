"""The link by which somebody lets the bot into their server."""

import discord

from bot.discord.client import DiscordUnusable
from bot.discord.rest import Rest
from storage.settings import Settings

PERMISSIONS = discord.Permissions(
    view_channel=True,
    send_messages=True,
    send_messages_in_threads=True,
    embed_links=True,
    attach_files=True,
    read_message_history=True,
)
"""What the bot asks for: to be where it is asked, to answer, and to find its own posts again."""


async def invite_link(settings: Settings) -> str:
    """Discord's own page for inviting this application; raises DiscordUnusable."""
    rest = Rest(settings)
    try:
        number = (await rest.client()).application_id
    finally:
        await rest.close()
    if number is None:
        raise DiscordUnusable("Discord does not say which application the bot token is of")
    return discord.utils.oauth_url(number, permissions=PERMISSIONS, scopes=("bot", "applications.commands"))
