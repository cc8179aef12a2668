"""What a task is, by the families of its words: the article's use cases, and answers in passing.

A use case is recognised when the text has a word of each of its families. Several may be: the one
that asks for the most families wins, of equals the first in the list.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

from bot.advisor.spelling import mended
from bot.advisor.words import means, stems

RAG, FINE_TUNING, HYBRID = "rag", "fine-tuning", "hybrid"


@dataclass(frozen=True, slots=True)
class UseCase:
    """A kind of task. ``needs``: families that must all be there; ``weight`` breaks ties between
    use cases beyond the number of families; ``implies``: answers where nobody gave them."""

    name: str
    option: str
    needs: tuple[tuple[str, ...], ...]
    reason: str
    weight: float = 0.0
    implies: dict[str, object] = field(default_factory=dict)
    without: str = ""
    """A family that makes it another task."""


_STEADY: dict[str, object] = {"style_control": "high", "new_data": "yearly"}
_MOVING: dict[str, object] = {"new_data": "daily"}
_BOTH: dict[str, object] = {
    "style_control": "high",
    "new_data": "daily",
    "factual_accuracy": "high",
}
_LOOKS_UP = "what is asked for stands in documents that change, so it is looked up and cited"

USE_CASES: tuple[UseCase, ...] = (
    # -- both -----------------------------------------------------------------------------
    *(
        UseCase(
            name,
            HYBRID,
            ((who,), ("voice",), ("current", "documents")),
            "both a consistent voice and current facts matter: fine-tuning for how it is said, "
            "retrieval for what",
            1.5,
            _BOTH,
        )
        for name, who in (
            ("shop assistant with a voice", "shop"),
            ("healthcare support with a voice", "care"),
            ("customer service with a voice", "service"),
        )
    ),
    # -- fine-tuning ----------------------------------------------------------------------
    UseCase(
        "code generation for internal APIs",
        FINE_TUNING,
        (("code",), ("make",), ("own",)),
        "its patterns are behaviour that no public model has seen, and no single document shows",
        0.5,
        _STEADY,
    ),
    UseCase(
        "code for internal interfaces",
        FINE_TUNING,
        (("code",), ("interface",), ("own",)),
        "its patterns are behaviour that no public model has seen, and no single document shows",
        -1.0,
        _STEADY,
        without="documents",
    ),
    UseCase(
        "SQL over internal schemas",
        FINE_TUNING,
        (("sql",),),
        "the schema and its habits are learned once and change slowly; a passage at a time does "
        "not show how tables belong together",
        2.5,
        _STEADY,
    ),
    UseCase(
        "queries over internal schemas",
        FINE_TUNING,
        (("database",), ("make", "query")),
        "the schema and its habits are learned once and change slowly",
        1.2,
        _STEADY,
    ),
    UseCase(
        "questions to internal schemas",
        FINE_TUNING,
        (("database",), ("complex",)),
        "the schema and its habits are learned once and change slowly",
        1.2,
        _STEADY,
    ),
    UseCase(
        "translation with own terminology",
        FINE_TUNING,
        (("translate",), ("terminology", "own")),
        "terms have to come out right in every sentence: that is behaviour, not a fact to look up",
        1.5,
        _STEADY,
    ),
    UseCase(
        "translation",
        FINE_TUNING,
        (("translate",), ("own", "make", "voice")),
        "how something is said in another language is behaviour, not a fact to look up",
        0.0,
        _STEADY,
    ),
    UseCase(
        "branded content",
        FINE_TUNING,
        (("content",), ("voice",)),
        "a voice that has to hold over very many texts belongs inside the model",
        1.0,
        _STEADY,
    ),
    UseCase(
        "clinical diagnosis support",
        FINE_TUNING,
        (("diagnosis",),),
        "a fixed way of judging on criteria that change slowly is learned best from examples",
        1.5,
        _STEADY,
        without="literature",
    ),
    UseCase(
        "financial analysis by own methods",
        FINE_TUNING,
        (("finance",), ("method",), ("own",)),
        "a method of one's own is a way of working, which examples teach and documents do not",
        0.5,
        _STEADY,
    ),
    UseCase(
        "small model for one narrow task",
        FINE_TUNING,
        (("small",), ("narrow",)),
        "one narrow task at scale is done cheaper and faster by a small model that learned it",
        0.8,
        {**_STEADY, "monthly_queries": 1_000_000.0},
    ),
    UseCase(
        "one narrow task at scale",
        FINE_TUNING,
        (("narrow",), ("scale",)),
        "one narrow task at scale is done cheaper and faster by a small model that learned it",
        0.2,
        {**_STEADY, "monthly_queries": 1_000_000.0},
        without="documents",
    ),
    # -- retrieval ------------------------------------------------------------------------
    UseCase("legal research", RAG, (("legal",),), _LOOKS_UP, 0.5, _MOVING),
    UseCase("legal research", RAG, (("legal",), ("knowledge", "literature")), _LOOKS_UP, 1.0),
    UseCase("medical literature", RAG, (("medical",), ("literature",)), _LOOKS_UP, 1.0, _MOVING),
    UseCase("live news", RAG, (("news",),), _LOOKS_UP, 1.5, {"new_data": "hourly"}),
    UseCase("regulatory monitoring", RAG, (("rules",), ("watch",)), _LOOKS_UP, 1.5, _MOVING),
    UseCase("regulatory monitoring", RAG, (("rules",), ("changing",)), _LOOKS_UP, 0.5, _MOVING),
    UseCase("HR policy questions", RAG, (("hr",),), _LOOKS_UP, 1.5, {"new_data": "weekly"}),
    UseCase(
        "very many documents",
        RAG,
        (("huge",), ("documents",)),
        "no training takes in so many documents one by one; an index does, and rights hold in it",
        1.0,
        {"new_data": "weekly"},
    ),
    UseCase("enterprise knowledge", RAG, (("enterprise",), ("knowledge",)), _LOOKS_UP, 0.2),
    UseCase("customer support over documents", RAG, (("service",), ("documents",)), _LOOKS_UP, 0.5),
    UseCase(
        "customer support over changing facts",
        RAG,
        (("service", "documents", "knowledge"), ("changing",)),
        _LOOKS_UP,
        0.5,
        _MOVING,
    ),
    UseCase("customer support", RAG, (("service",),), _LOOKS_UP, 0.0, {"new_data": "weekly"}),
    UseCase("answers from documents", RAG, (("documents",), ("knowledge",)), _LOOKS_UP, -0.5),
)

_SOON = r"(?:days?|weekend|week|tomorrow|monday|tuesday|wednesday|thursday|friday|48 hours)"
_PASSING: tuple[tuple[str, dict[str, object], str], ...] = (
    (
        r"\b(?:live|launch\w*|deploy\w*|ship\w*|ready|running|online|start\w*|production|up|deliver\w*"
        r"|finish\w*|go|done|release\w*|demo)\b[^.;]{0,40}\b(?:in|within|by|next|this|before|"
        r"tomorrow)\b[^.;]{0,25}"
        rf"\b{_SOON}\b|\b(?:in|within)\b[^.;]{{0,12}}\bdays\b|\bmatter of days\b"
        r"|\bdays to (?:deploy|launch|go live|ship)\b|\b(?:only|just) (?:a few|some|\w+) days\b",
        {"time_to_deploy": "days"},
        "it has to run within days",
    ),
    (
        r"\b(?:tight|small|limited|low|little|shoestring|minimal|tiny|modest|scarce|short of|no|"
        r"hardly any|lean|not much|strict)\b[^.;,]{0,20}\b(?:budget|money|funds|funding|cash)\b"
        r"|\bshoestring\b|\bcan(?:not|'t) afford\b|\bspend (?:very |as )?little\b"
        r"|\bbudget (?:is|was)(?: very| quite| rather)? (?:tight|small|limited|low)\b"
        r"|\bcheap(?:ly|est)? (?:to start|as possible|start)\b|\bmoney is (?:tight|short|scarce)\b",
        {"upfront_cost": "low"},
        "the budget is tight",
    ),
    (
        r"\bregulated\b",
        {"governance": "regulated"},
        "the industry is regulated",
    ),
    (
        r"\bauditors?\b|\baudit(?:ed|able|s| trail)\b|\bsupervisory authorit"
        r"|\binspectors?\b|\bexaminers?\b|\btraceab|\bregulators? (?:may |will |can |to )?"
        r"(?:ask|check|inspect|demand|want|review|require)|\bprovenance\b",
        {"governance": "regulated", "sources_required": True},
        "answers have to stand up to an auditor",
    ),
    (
        r"\b(?:cit(?:e|es|ing|ations?)|references?|sources?)\b[^.;,]{0,25}\b(?:required|needed|"
        r"must|mandatory|every|each)\b|\b(?:must|with|show\w*|need\w*|give\w*|every answer)\b"
        r"[^.;,]{0,20}\b(?:cit(?:e|es|ing|ations?)|its? sources?|their sources?)\b",
        {"sources_required": True},
        "answers have to name their sources",
    ),
    (
        r"\b(?:no|not|never|zero|without|nothing|cannot|can't|must\s?n[o']t|won't|don't|avoid)\b"
        r"[^.;,]{0,40}\b(?:invent\w*|hallucinat\w*|made[- ]up|mak(?:e|es|ing)\b[^.;,]{0,16}\bup|"
        r"fabricat\w*|guess\w*|false (?:claims?|statements?|facts?))\b"
        r"|\bhallucinations? (?:are|is) (?:not |un)(?:acceptable|tolerable|tolerated|allowed)"
        r"|\b(?:invented|made[- ]up|fabricated|hallucinated)\b[^.;,]{0,25}\b(?:unacceptable|not|"
        r"intolerable|forbidden|disaster|never)\b|\bmade up would be\b",
        {"hallucination_tolerance": "none"},
        "invented facts are not tolerated",
    ),
    (
        r"\bnew to (?:\w+ )?(?:ai|artificial|machine|llms?|language models?|this)\b"
        r"|\bfirst (?:\w+ )?(?:ai|llm|chatbot|machine learning|bot|steps?)\b"
        r"|\b(?:no|without|lack\w*|little)\b[^.;]{0,20}"
        r"\b(?:ai|ml|machine learning|data scien\w+|llm)\b"
        r"|\bnever (?:\w+ ){0,4}(?:ai|llms?|"
        r"language models?|machine learning|chatbots?|models?)\b|\b(?:beginners?|inexperienced|"
        r"novices?)\b|\bjust (?:starting|beginning|getting started)\b|\bstarting out\b",
        {"_new": True},
        "the organisation is new to AI, and retrieval is the way to start, measure and learn",
    ),
    (
        r"\b(?:chang\w*|updat\w*|evolv\w*|revis\w*|mov\w*)\b[^.;,]{0,15}\b(?:slowly|rarely|seldom|"
        r"little|hardly)\b|\b(?:slowly|rarely|seldom|hardly|barely|never)(?: ever)?[ -]?(?:chang|"
        r"updat|evolv|mov|revis)\w*|\b(?:stable|static|settled|unchanging|fixed)\b",
        {"new_data": "yearly"},
        "it changes slowly",
    ),
)
"""What a text says of other questions in passing: a pattern over the folded text, the answers."""


@dataclass(frozen=True, slots=True)
class Task:
    """What a task was taken for: its use case, and what it says in passing with the reasons."""

    case: UseCase | None = None
    says: dict[str, object] = field(default_factory=dict)
    because: tuple[str, ...] = ()
    is_new: bool = False


@lru_cache(maxsize=64)
def read_task(text: str) -> Task:
    """A task's use case and the answers that its text gives in passing. Any text will do."""
    folded = mended(text)
    says: dict[str, object] = {}
    because = []
    for pattern, answers, reason in _PASSING:
        if re.search(pattern, folded):
            says |= answers
            because.append(reason)
    is_new = bool(says.pop("_new", False))
    return Task(_case_of(folded), says, tuple(because), is_new)


def _case_of(text: str) -> UseCase | None:
    found = stems(text)
    there: dict[str, bool] = {}

    def has(name: str) -> bool:
        if name not in there:
            there[name] = means(found, name)
        return there[name]

    best: UseCase | None = None
    for case in USE_CASES:
        if case.without and has(case.without):
            continue
        if all(any(has(name) for name in group) for group in case.needs) and (
            best is None or _strength(case) > _strength(best)
        ):
            best = case
    return best


def _strength(case: UseCase) -> float:
    return len(case.needs) + case.weight
