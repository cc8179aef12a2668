"""A bare loop: the openai client's typed stream, numpy, aiosqlite with its full-text index."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import aiosqlite
import job
import numpy as np
from openai import AsyncOpenAI


class Bare(job.Peer):
    name = "bare"

    async def open(self, given: job.Given, folder: Path, url: str) -> None:
        self._given, self._vectors = given, given.vectors
        self._may = np.array([p.group in job.GROUPS for p in given.passages])
        self._model = AsyncOpenAI(base_url=url, api_key="none")
        self._chats = await job.Chats.open(folder / "chats.db")
        self._db = await aiosqlite.connect(folder / "words.db")
        await self._db.execute("create virtual table words using fts5 (text, grp unindexed)")
        rows = ((n, p.text, p.group) for n, p in enumerate(given.passages))
        await self._db.executemany("insert into words (rowid, text, grp) values (?, ?, ?)", rows)
        await self._db.commit()

    async def begin(self, thread: str) -> None:
        await self._chats.keep(thread, job.HISTORY)

    async def answer(self, thread: str, question: str) -> job.Answered:
        told = await self._chats.last(thread)
        history = [{"role": role, "content": text} for role, text in told]
        found = [self._given.passages[n] for n in await self._search(question)]
        messages = [
            {"role": "system", "content": job.SYSTEM},
            *history,
            {"role": "user", "content": job.prompt(question, [p.text for p in found])},
        ]
        text, first = await job.first_and_rest(self._stream(messages))
        await self._chats.keep(thread, [("user", question), ("assistant", text)])
        return job.Answered(text, job.cited(text, [p.uri for p in found]), first)

    async def _search(self, question: str) -> list[int]:
        vector = np.array(self._given.embedder.one(question), np.float32)
        near = np.where(self._may, self._vectors @ vector, -1.0)
        dense = np.argpartition(-near, 20)[:20]
        dense = dense[np.argsort(-near[dense])]
        words = " or ".join(f'"{word}"' for word in dict.fromkeys(re.findall(r"\w+", question)))
        marks = ", ".join("?" * len(job.GROUPS))
        lexical = await self._db.execute_fetchall(
            f"select rowid from words where words match ? and grp in ({marks}) "
            "order by bm25(words) limit 20",
            (words.replace(" or ", " OR "), *job.GROUPS),
        )
        scores: dict[int, float] = {}
        for leg in (dense.tolist(), [row[0] for row in lexical]):
            for rank, number in enumerate(leg):
                scores[number] = scores.get(number, 0.0) + 1 / (60 + rank)
        return sorted(scores, key=lambda n: -scores[n])[: job.BEST]

    async def _stream(self, messages: list) -> AsyncIterator[str]:
        stream = await self._model.chat.completions.create(
            model="stand-in", messages=messages, stream=True
        )
        async for chunk in stream:
            if chunk.choices and chunk.choices[0].delta.content:
                yield chunk.choices[0].delta.content

    async def close(self) -> None:
        await self._chats.close()
        await self._db.close()
        await self._model.close()


if __name__ == "__main__":
    job.run(Bare())
