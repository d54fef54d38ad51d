"""Slack's agent view: suggested questions when somebody opens the conversation, a title for each thread."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from aiohttp import ClientError
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.questions.vocabulary import Vocabulary
from bot.render import text

MOST_PROMPTS = 4
_TITLE = 60


class Prompt(NamedTuple):
    """A question to suggest."""

    title: str
    message: str


Prompts = Callable[[int], Awaitable[Sequence[Prompt]]]
"""What to suggest to people of an account."""

_ALWAYS = (Prompt("Revenue today", "What is our MRR?"), Prompt("Who left", "Who churned last month?"))
_BILLING = Prompt("Who may need help", "Which customers have failed payments?")


async def usual_prompts(_account_id: int) -> Sequence[Prompt]:
    return (*_ALWAYS, _BILLING, Prompt("By plan", "MRR by plan"))


def prompts_for(words: Vocabulary) -> Sequence[Prompt]:
    """Questions about what this account has: its plans, its tickets, its deals."""
    plan = next(iter(words.plans), None)
    own = [
        Prompt(f"Who is on {plan}", f"customers on {plan}") if plan else None,
        Prompt("Open tickets", "Which customers have open tickets?") if words.assignees else None,
        Prompt("Deals", "open deals by stage") if words.stages else None,
        _BILLING,
        Prompt("By plan", "MRR by plan"),
    ]
    found = [*_ALWAYS, *(prompt for prompt in own if prompt)][:MOST_PROMPTS]
    return [Prompt(text.shorten(prompt.title, _TITLE), prompt.message) for prompt in found]


async def suggest(client: AsyncWebClient, channel: str, prompts: Sequence[Prompt]) -> None:
    """Above the composer of the conversation; a Slack without that goes without."""
    shown: list[dict[str, Any]] = [prompt._asdict() for prompt in prompts[:MOST_PROMPTS]]
    with suppress(SlackApiError, ClientError, OSError, TimeoutError):
        await client.api_call(
            "assistant.threads.setSuggestedPrompts",
            json={"channel_id": channel, "title": "You could ask", "prompts": shown},
        )


async def entitle(client: AsyncWebClient, channel: str, thread: str, question: str) -> None:
    """Names a thread after its first question, in the list of conversations."""
    with suppress(SlackApiError, ClientError, OSError, TimeoutError):
        await client.assistant_threads_setTitle(
            channel_id=channel, thread_ts=thread, title=text.shorten(question, _TITLE)
        )
