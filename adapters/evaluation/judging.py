"""The judge of an evaluation: a model that had no part in the answers, nor in their check."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.citing import without_markers
from bot.conversation import Usage
from bot.errors import ConfigurationError, WellspokenError
from bot.evaluation.cases import Case
from bot.evaluation.correctness import correctness_prompt, read_correctness
from bot.evaluation.opinions import Judgement, Opinion
from bot.evaluation.refusing import Refusals
from bot.evaluation.scoring import stated
from bot.evaluation.told import Told
from bot.evidence import Claim, Grounding
from bot.facts import Kind, facts
from bot.llm.watched import WatchedModel

if TYPE_CHECKING:
    from bot.llm.openai import ModelServer
    from bot.ports import ChatModel
    from bot.settings import Settings
    from knowledge.judging import Judge

_TOKENS = 400
"""Of a verdict; it is a line, and some models think before it."""
_LONGEST = 20_000  # characters of an answer that is no verdict
_SECONDS = 60.0  # nobody waits in a chat
_NOTHING = "no document answers the question"


class _NoVerdictError(WellspokenError):
    """The judge's verdict on an answer could not be read"""


@dataclass(frozen=True, slots=True)
class AnswerJudge:
    """Judges whether answers are right, and each claim of them against its sources."""

    model: ChatModel
    claims: Judge
    checks: bool
    """Whether the same model is the check of claims in ``[checking]``."""

    @property
    def name(self) -> str:
        """The model's id."""
        return self.model.id

    def notes(self, models: Sequence[str]) -> tuple[str, ...]:
        """What its figures must not hide, of a mode in which these models may speak."""
        notes = [f"the judge is {self.name}"]
        if self.checks:
            notes.append("the judge is the check of claims too, so its rates are not independent")
        if self.name in models:
            notes.append("the judge is a model that answers here; models favour their own words")
        return ("; ".join(notes),)

    async def judge(self, case: Case, told: Told, refused: Refusals) -> Judgement:
        """What it thinks of an answer with the whole of its passages. A refusal and a failure need
        no judge; whatever goes wrong is the ``error`` of the judgement."""
        if told.error or told.refuses(refused):
            return Judgement(self.name)
        usage, right, reason = Usage(), None, ""
        opinions: list[Opinion] | None = None
        try:
            if case.answerable:
                right, reason, usage = await self._right(case, told)
            if told.checked:
                opinions = []
                for claim in _judged_claims(told):
                    opinion, charged = await self._opinion(claim, told, case.question)
                    opinions.append(opinion)
                    usage += charged
        except WellspokenError as error:
            return Judgement(self.name, usage=usage, error=str(error))
        claims = None if opinions is None else tuple(opinions)
        return Judgement(self.name, right, reason, claims, usage)

    async def _right(self, case: Case, told: Told) -> tuple[bool, str, Usage]:
        text, usage = "", Usage()
        asked = correctness_prompt(case, case.question, told.text)
        answer = WatchedModel(self.model).stream(asked, max_tokens=_TOKENS)
        async with aclosing(answer) as pieces:
            async for piece in pieces:
                text += piece.text
                usage += piece.usage or Usage()
                if len(text) > _LONGEST:
                    break
        verdict = read_correctness(text)
        if verdict is None:
            raise _NoVerdictError
        return *verdict, usage

    async def _opinion(self, claim: Claim, told: Told, question: str) -> tuple[Opinion, Usage]:
        """Its opinion on one claim; nothing carries what stands on no source at all."""
        sources = told.sources
        if not sources:
            return Opinion(claim.text, False, _NOTHING), Usage()
        shown = [f"{s.title}\n{s.text}" if s.title else s.text for s in sources]
        cited = () if claim.passage is None else (claim.passage,)
        found = await self.claims.judge(claim.text, shown, question, cited)
        known = found.passage is not None and found.passage < len(sources)
        document = sources[found.passage].document if known and found.passage is not None else ""
        return Opinion(claim.text, found.supported, found.reason, document), found.usage


def _judged_claims(told: Told) -> list[Claim]:
    """The claims that state something, those too that the built-in check took for courtesies and
    that hold a fact all the same."""
    held = set(stated(Grounding(told.claims)))
    return [claim for claim in told.claims if claim in held or _exact(claim.text)]


def _exact(text: str) -> bool:
    return any(fact.kind is not Kind.NAME for fact in facts(without_markers(text)))


def answer_judge(settings: Settings, server: ModelServer | None, model: str = "") -> AnswerJudge:
    """The judge: ``model``, else that of ``[checking]``, else the general one.

    Raises ConfigurationError where there is no server or no model.
    """
    from adapters.models import prices_of
    from bot.llm.openai import OpenAIChatModel
    from knowledge.model_judge import ModelJudge

    checking = settings.checking
    name = model or checking.model or settings.model
    if server is None or not name:
        problem = "a judge is a model, and none is set; set OPENAI_BASE_URL or OPENAI_API_KEY, and "
        problem += "--judge-model, model in [checking] or WELLSPOKEN_MODEL"
        raise ConfigurationError(where="--judge", problem=problem)
    seconds = max(_SECONDS, checking.seconds)
    chat = OpenAIChatModel(
        name,
        server=server,
        first_token_s=seconds,
        answer_s=seconds,
        prices=prices_of(settings).of(name).pair,
        temperature=0.0,
        setting="--judge-model" if model else "[checking] model",
    )
    own = checking.by == "model" and (checking.model or settings.model) == name
    return AnswerJudge(chat, ModelJudge(chat), own)
