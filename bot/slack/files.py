"""Files in Slack: a chart to be shown in a message, a CSV that one person alone gets."""

from slack_sdk.web.async_client import AsyncWebClient


async def upload_picture(client: AsyncWebClient, png: bytes) -> str | None:
    """The id of the uploaded picture, which nobody sees until a message shows it. Raises SlackApiError."""
    answer = await client.files_upload_v2(filename="chart.png", content=png, title="Chart")
    files = answer.get("files") or []
    return str(files[0]["id"]) if files and files[0].get("id") else None


async def send_privately(client: AsyncWebClient, user: str, name: str, content: bytes, words: str) -> None:
    """Uploads a file into that person's direct messages with us. Raises SlackApiError."""
    opened = await client.conversations_open(users=user)
    channel = str(opened["channel"]["id"])
    await client.files_upload_v2(
        channel=channel, filename=name, content=content, title=name, initial_comment=words
    )
