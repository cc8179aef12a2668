"""What ``/wellspoken`` and its kin on other platforms say and do; in Markdown for all of them."""

from __future__ import annotations

import time

from adapters.assembly import Application
from adapters.chat.base import Place
from adapters.forgetting import desk_of
from adapters.models import open_checker
from bot.conversation import Author, Principal
from bot.llm.extractive import ExtractiveReader
from bot.store.consent import ConsentLedger
from bot.store.participation import Participation
from knowledge.checking.answering import EncoderJudge
from knowledge.overview import overview
from knowledge.suggesting import Suggestion, suggest
from persona.outliving import mark_withdrawn

_HELP = """\
**{name}** answers from its documents and shows where each answer comes from.

- Mention me in a channel, or write me a direct message. In a thread with me you need no mention.
- `/ask` is for you alone: nobody else sees the answer.
- 👍 or 👎 below an answer, with a better one where you know it, is how I learn.
- When I don't know, a button asks a colleague.

What you can tell me:

- `/wellspoken sources`: what I know
- `/wellspoken mute` or `unmute`: whether I join in, in a thread
- `/wellspoken opt-out` or `opt-in`: whether what you write may be used to improve me
- `/wellspoken forget-me`: erase what I keep of you"""

_NO_SOURCES = "I have not been given any documents that you may see yet."
_OPTED_OUT = "Understood: nothing that you write is used to improve me."
_OPTED_IN = "Thank you: what you write may be used to improve me, once a person has reviewed it."
_MUTED = "I'll stay quiet in the thread now; a mention still reaches me. `unmute` ends it."
_UNMUTED = "I'm listening in the thread again."
_NO_THREAD = "I know of no thread of yours here. Say it in the thread, or give a link to a message."
_FORGOTTEN = "Done: {messages} and {feedback} of yours are erased."
_UNTAUGHT = " {examples} made of them left what I learn from."
_LEARNED = (
    " A model that learned from them cannot unlearn; the people who run me see which one it is."
)
_NOTHING = "There is nothing of yours that I keep."
_SUGGESTIONS_S = 600.0


class Commands:
    """The commands, for one application."""

    def __init__(self, app: Application, participation: Participation) -> None:
        self._app = app
        self._participation = participation
        self._consent = ConsentLedger(app.database)
        self._suggested: dict[tuple[object, ...], tuple[float, tuple[Suggestion, ...]]] = {}

    @property
    def about(self) -> str:
        """What the bot is, in a sentence or two."""
        return self._app.persona.about or f"I'm {self._app.bot_name}. I answer from documents."

    async def run(self, name: str, author: Author, place: Place, principal: Principal) -> str:
        """Carry out one command; what to show. An unknown one shows the help."""
        match name:
            case "sources":
                return await self._sources(principal)
            case "opt-out" | "opt-in":
                allowed = name == "opt-in"
                await self._consent.choose(author.key, allowed, source=f"chat: {name}")
                await mark_withdrawn(self._app.database, author.key)
                return _OPTED_IN if allowed else _OPTED_OUT
            case "mute" | "unmute":
                return await self._mute(author, place, muted=name == "mute")
            case _:
                return _HELP.format(name=self._app.bot_name)

    async def consents(self, author: Author) -> bool:
        """Whether what an author writes may be used for training."""
        choice = await self._consent.choice(author.key)
        return self._app.settings.training.consent == "opt-out" if choice is None else choice

    async def forget(self, author: Author) -> str:
        """Erase what is stored of an author, the knowledge that came of their questions, and the
        examples that a model would have learned from."""
        gone = await desk_of(self._app).forget(author.key, by=author.key)
        if gone.nothing:
            return _NOTHING
        said = _FORGOTTEN.format(
            messages=_many(gone.messages, "message"), feedback=_many(gone.feedback, "rating")
        )
        if gone.examples:
            said += _UNTAUGHT.format(examples=_many(gone.examples, "example"))
        return said + (_LEARNED if gone.models else "")

    async def suggestions(self, principal: Principal, near: str) -> tuple[Suggestion, ...]:
        """Questions that the knowledge base answers; looked for every ten minutes, and at once
        where a document came, changed or went."""
        if self._app.suggestions and not near:
            return tuple(Suggestion(text[:40], text) for text in self._app.suggestions)
        key = (principal.groups, near, await self._app.ledger.mark())
        found = self._suggested.get(key)
        if found is None or time.monotonic() - found[0] > _SUGGESTIONS_S:
            if len(self._suggested) > 1000:
                self._suggested.clear()
            with open_checker(warm=False) as encoder:
                # Tries each question before it is shown, as it will be answered.
                reader = ExtractiveReader(self._app.embedder, EncoderJudge(encoder))
                chosen = await suggest(
                    self._app.ledger, self._app.retriever, principal, near, reader=reader
                )
            found = self._suggested[key] = (time.monotonic(), chosen)
        return found[1]

    async def _sources(self, principal: Principal) -> str:
        sources = await overview(self._app.ledger, principal)
        if not sources:
            return _NO_SOURCES
        lines = [f"- **{s.name}**: {_many(s.documents, 'document')}" for s in sources]
        return "What I know, as far as you may see it:\n\n" + "\n".join(lines)

    async def _mute(self, author: Author, place: Place, *, muted: bool) -> str:
        if place.thread:
            record = await self._participation.find(place.key)
        else:
            record = await self._participation.last_in(place.key, author.key)
        if record is None or author.key not in {said.author for said in record.heard}:
            return _NO_THREAD  # a link may lead anywhere: only who takes part has a say
        await self._participation.mute(record.key, muted)
        return _MUTED if muted else _UNMUTED


def _many(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
