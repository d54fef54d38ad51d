"""A server that speaks the chat part of OpenAI's API and writes down every byte it gets.

It says what it is told to say: a JSON object, an error, garbage, or nothing for a long time.
"""

import asyncio
import json
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer


class OpenAIServer:
    """`received` holds every request whole, headers too; `says` is the content of the next answers."""

    def __init__(self) -> None:
        self.received: list[bytes] = []
        self.says: Any = {}
        self.status = 200
        self.delay = 0.0
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._answer)
        self._server = TestServer(application)

    @property
    def url(self) -> str:
        return str(self._server.make_url("/v1"))

    async def __aenter__(self) -> "OpenAIServer":
        await self._server.start_server()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._server.close()

    def questions(self) -> list[str]:
        """What was asked, without what is said to every model."""
        bodies = [json.loads(request.split(b"\n\n", 1)[1]) for request in self.received]
        return [body["messages"][-1]["content"] for body in bodies]

    async def _answer(self, request: web.Request) -> web.Response:
        head = "\n".join(f"{name}: {value}" for name, value in request.headers.items())
        self.received.append(
            f"{request.method} {request.path_qs}\n{head}\n\n".encode() + await request.read()
        )
        await asyncio.sleep(self.delay)
        if self.status != 200:
            error = {"message": "no", "type": "insufficient_quota", "code": "insufficient_quota"}
            return web.json_response({"error": error}, status=self.status)
        content = self.says if isinstance(self.says, str) else json.dumps(self.says)
        return web.json_response(
            {
                "id": "chatcmpl-1",
                "object": "chat.completion",
                "created": 1,
                "model": "test",
                "choices": [
                    {
                        "index": 0,
                        "finish_reason": "tool_calls",
                        "message": {
                            "role": "assistant",
                            "content": None,
                            "tool_calls": [
                                {
                                    "id": "call_1",
                                    "type": "function",
                                    "function": {"name": "ModelPlan", "arguments": content},
                                }
                            ],
                        },
                    }
                ],
                "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
            }
        )


def plan(**fields: Any) -> dict[str, Any]:
    """A model's plan: what is not named is null, empty or false."""
    empty: dict[str, Any] = {
        "understood": True, "measure": None, "entity": None, "customer": None, "filters": [], "period": None,
        "grain": None, "by": [], "order_by": None, "descending": False, "limit": None, "compare": None,
    }  # fmt: skip
    return empty | fields


def condition(field: str, value: str, op: str = "is", *, negated: bool = False) -> dict[str, Any]:
    """A model's filter."""
    return {"field": field, "op": op, "value": value, "negated": negated}
