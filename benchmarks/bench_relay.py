"""CPU of one streamed answer: our relay against the SDK's typed stream, in one run.

A stand-in server in a process of its own streams 150 tokens without delay, each as an HTTP chunk
of its own. What is counted is the CPU of this process.

    .venv/bin/python -m benchmarks.bench_relay --answers 60
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable

import openai

from benchmarks.reporting import figure
from bot.llm.openai import OpenAIChatModel
from bot.ports import ChatMessage

PROMPT = [
    ChatMessage("system", "You are Juniper. Answer from the passages. " * 40),
    ChatMessage("user", "How long is the warranty? " * 4),
]


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def ours(model: OpenAIChatModel) -> int:
    length = 0
    async for piece in model.stream(PROMPT, max_tokens=400):
        length += len(piece.text)
    return length


async def typed(client: openai.AsyncOpenAI) -> int:
    length = 0
    stream = await client.chat.completions.create(
        model="stand-in",
        messages=[{"role": m.role, "content": m.content} for m in PROMPT],  # type: ignore[misc]  # a union of typed dicts
        max_tokens=400,
        stream=True,
        stream_options={"include_usage": True},
    )
    async for chunk in stream:
        if chunk.choices:
            length += len(chunk.choices[0].delta.content or "")
    return length


async def measure(answer: Callable[[], Awaitable[int]], count: int) -> tuple[float, float, float]:
    """CPU ms an answer one at a time and 16 at once, and the median wall time to an answer."""
    for _ in range(3):
        await answer()
    walls, begun = [], cpu()
    for _ in range(count):
        start = time.perf_counter()
        await answer()
        walls.append(time.perf_counter() - start)
    alone = (cpu() - begun) / count
    begun = cpu()
    for _ in range(max(1, count // 16)):
        await asyncio.gather(*(answer() for _ in range(16)))
    together = (cpu() - begun) / (max(1, count // 16) * 16)
    return alone * 1000, together * 1000, statistics.median(walls) * 1000


async def run(url: str, count: int, tokens: int) -> None:
    model = OpenAIChatModel("stand-in", url, "none")
    client = openai.AsyncOpenAI(base_url=url, api_key="none")
    same = await ours(model) == await typed(client)
    rows = {
        "typed stream of the SDK": await measure(lambda: typed(client), count),
        "ours, raw events": await measure(lambda: ours(model), count),
    }
    reference = rows["typed stream of the SDK"][0]
    print(f"{tokens} tokens an answer, {count} answers, same text: {same}\n")
    print(f"{'':26}{'CPU ms':>9}{'16 at once':>12}{'answers/s a core':>18}{'wall ms':>9}{'CPU':>7}")
    for name, (alone, together, wall) in rows.items():
        rate = 1000 / together
        share = alone / reference
        figure(f"{name}: CPU an answer of {tokens} tokens", alone, unit="ms", speed=True)
        print(f"{name:26}{alone:9.1f}{together:12.1f}{rate:18.0f}{wall:9.1f}{share:7.2f}")
    await model.aclose()
    await client.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--answers", type=int, default=60)
    parser.add_argument("--tokens", type=int, default=150)
    parser.add_argument("--token-ms", type=float, default=0)
    arguments = parser.parse_args()
    command = [sys.executable, "-m", "tests.platforms.openai_server", "--port", "0"]
    command += ["--tokens", str(arguments.tokens), "--token-ms", str(arguments.token_ms)]
    command += ["--answer", "The warranty is two years from the day of purchase [1]."]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            url = server.stdout.readline().strip()
            asyncio.run(run(url, arguments.answers, arguments.tokens))
        finally:
            server.terminate()


if __name__ == "__main__":
    main()
