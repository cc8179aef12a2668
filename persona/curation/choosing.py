"""Which words of a rated turn may be taught, and as what. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from bot.conversation import Outcome, Rating, Route, Turn
from bot.ports import LIVE
from bot.store.forgetting import FILES
from bot.store.rated import Rated, Said

OWN = frozenset({"web:operator", "terminal:operator"})
OPERATORS = OWN | {"api:operator"}
"""The keys of operators: what they write is meant to be used, and counts as approved."""


class Format(StrEnum):
    """What a data set is for."""

    SFT = "sft"
    DPO = "dpo"
    KTO = "kto"


class Dropped(StrEnum):
    """Why something of a rated turn is not taught, as counted in the card."""

    REJECTED = "rejected by an operator"
    CONSENT = "no consent"
    FORGOTTEN = "forgotten"
    LIVE = "live facts"
    FILES = "files that came along"
    RESTRICTED = "only some groups may read it"
    UNANSWERED = "no answer was given"
    THUMBS_DOWN = "thumbs down"
    UNJUDGED = "correction without a verdict"
    DISPUTED = "thumbs up and down"
    NO_PAIR = "nothing to prefer or to reject"
    HELD_OUT = "in an evaluation suite"
    NO_PROMPT = "no neutral question"
    USERS_WORDS = "words of the asker"
    PERSONAL = "personal data"
    UNGROUNDED = "facts that no source has"
    TOO_LONG = "too long"
    DUPLICATE = "duplicate"
    NEAR_DUPLICATE = "near duplicate"
    BALANCE = "too many alike"


class Taught(StrEnum):
    """Whose text is taught."""

    REWRITE = "rewrite"
    CORRECTION = "correction"
    ANSWER = "answer"


@dataclass(frozen=True, slots=True)
class Consent:
    """Whose words may be used: choices by author, those for one channel (by author and channel),
    and what silence means."""

    choices: Mapping[str, bool] = field(default_factory=dict)
    silence: bool = True
    channels: Mapping[tuple[str, str], bool] = field(default_factory=dict)

    def chosen(self, key: str, channel: str = "") -> bool | None:
        """What this author chose for a channel; ``None`` where nothing was."""
        return self.channels.get((key, channel), self.choices.get(key))

    def asker(self, key: str, channel: str = "") -> bool:
        """Whether a turn of this asker may be used; what came through the API somebody else may
        have asked."""
        return key in OWN or self._allows(key, channel)

    def author(self, key: str, channel: str = "") -> bool:
        """Whether this author's better answer and thumb may be used; an operator's always."""
        return not key or key in OPERATORS or self._allows(key, channel)

    def _allows(self, key: str, channel: str) -> bool:
        chosen = self.chosen(key, channel)
        return self.silence if chosen is None else chosen


@dataclass(frozen=True, slots=True)
class Candidate:
    """A text of a turn that may be taught.

    ``prompt`` is an operator's neutral question, or empty. ``instead`` is the bot's own answer that
    the text is preferred to (DPO); ``label`` whether it was liked (KTO). ``author`` is whose words
    the text is, empty: the bot's own or an operator's.
    """

    turn: Turn
    kind: Taught
    text: str
    prompt: str = ""
    author: str = ""
    label: bool = True
    instead: str = ""

    @property
    def approved(self) -> bool:
        """Whether a person wrote or approved the text itself."""
        return self.kind is not Taught.ANSWER


@dataclass(frozen=True, slots=True)
class Choice:
    """What a turn gives, and why it does not give more."""

    found: tuple[Candidate, ...] = ()
    dropped: tuple[Dropped, ...] = ()


def choose(rated: Rated, wanted: Format, consent: Consent) -> Choice:
    """What of a turn may be taught for a format."""
    barred = _barred(rated, consent)
    if barred is not None:
        return Choice(dropped=(barred,))
    better, why = _better(rated, consent)
    channel = rated.turn.channel
    heard = replace(rated, said=tuple(s for s in rated.said if consent.author(s.author, channel)))
    if better is None and rated.said and not heard.said and not _approved_as_given(rated):
        return Choice(dropped=(Dropped.CONSENT,))
    match wanted:
        case Format.SFT:
            return _examples(heard, better, why)
        case Format.DPO:
            return _preferences(heard, better, why)
        case Format.KTO:
            return _thumbs(heard, better, why)


def _barred(rated: Rated, consent: Consent) -> Dropped | None:
    """Why nothing of a turn may be taught."""
    turn = rated.turn
    if rated.rewritten is not None and not rated.rewritten.approved:
        return Dropped.REJECTED
    if rated.rewritten is None and any(said.verdict == "rejected" for said in rated.said):
        return Dropped.REJECTED
    if not turn.question.strip():
        return Dropped.FORGOTTEN
    if not consent.asker(turn.author.key, turn.channel):
        return Dropped.CONSENT
    return _passing(turn)


def _passing(turn: Turn) -> Dropped | None:
    """Whether an answer stands on what was only for its moment, or only the asker's."""
    sources = {passage.chunk.source for passage in turn.passages}
    if turn.route.route is Route.LIVE or LIVE in sources:
        return Dropped.LIVE
    return Dropped.FILES if FILES in sources else None


def _better(rated: Rated, consent: Consent) -> tuple[Candidate | None, Dropped | None]:
    """The approved text that stands for the answer, or why there is none though one was sent."""
    turn, rewritten = rated.turn, rated.rewritten
    if rewritten is not None and rewritten.text.strip():
        if not consent.author(rewritten.author, turn.channel):
            return None, Dropped.CONSENT
        kind = Taught.CORRECTION if rewritten.author else Taught.REWRITE
        author = "" if rewritten.author in OPERATORS else rewritten.author
        return Candidate(turn, kind, rewritten.text, rewritten.prompt, author), None
    sent = [said for said in rated.said if said.correction.strip()]
    approved = [said for said in sent if _counts(said)]
    allowed = [said for said in approved if consent.author(said.author, turn.channel)]
    if allowed:
        said = max(allowed, key=lambda s: (s.author in OPERATORS, s.expert, s.at, s.author))
        prompt = rewritten.prompt if rewritten else ""
        author = "" if said.author in OPERATORS else said.author
        return Candidate(turn, Taught.CORRECTION, said.correction, prompt, author), None
    if approved:
        return None, Dropped.CONSENT
    return None, Dropped.UNJUDGED if sent else None


def _counts(said: Said) -> bool:
    """Whether a correction counts as approved."""
    trusted = said.expert or said.author in OPERATORS
    return said.verdict == "approved" or (trusted and said.verdict == "")


def _votes(said: Sequence[Said]) -> set[Rating]:
    return {each.rating for each in said}


def _approved_as_given(rated: Rated) -> bool:
    """Whether an operator found the answer right as it was, whatever its readers thought."""
    return rated.rewritten is not None and not rated.rewritten.text.strip()


def _as_given(rated: Rated) -> tuple[Candidate | None, Dropped | None]:
    """The bot's own answer, where people liked it or an operator approved it."""
    turn, votes = rated.turn, _votes(rated.said)
    approved = _approved_as_given(rated)
    if not approved and Rating.DOWN in votes:
        return None, Dropped.THUMBS_DOWN
    if not _answered(turn):
        return None, Dropped.UNANSWERED
    prompt = rated.rewritten.prompt if rated.rewritten else ""
    if not approved and Rating.UP not in votes:
        return None, Dropped.UNJUDGED
    return Candidate(turn, Taught.ANSWER, turn.answer, prompt), None


def _answered(turn: Turn) -> bool:
    """Whether the bot said something of its own, to its end. Its "I do not know" is left alone:
    people dislike it where it is right, and like it where it is wrong."""
    return turn.outcome is Outcome.ANSWERED and not turn.error and bool(turn.answer.strip())


def _examples(rated: Rated, better: Candidate | None, why: Dropped | None) -> Choice:
    if better is not None:
        return Choice((better,))
    given, reason = _as_given(rated)
    if given is not None:
        return Choice((given,))
    return Choice(dropped=(why or reason or Dropped.UNJUDGED,))


def _preferences(rated: Rated, better: Candidate | None, why: Dropped | None) -> Choice:
    """A pair of its own, or one half of a pair with another turn."""
    turn, votes = rated.turn, _votes(rated.said)
    down = Rating.DOWN in votes
    if better is not None:
        if not down or not turn.answer.strip():
            return Choice(dropped=(Dropped.NO_PAIR,))
        if better.text.strip() == turn.answer.strip():
            return Choice(dropped=(Dropped.DUPLICATE,))
        pair = Candidate(
            turn, better.kind, better.text, better.prompt, better.author, instead=turn.answer
        )
        return Choice((pair,))
    approved = _approved_as_given(rated)
    if votes == {Rating.UP, Rating.DOWN} and not approved:
        return Choice(dropped=(Dropped.DISPUTED,))
    if not (votes or approved) or not _answered(turn):
        return Choice(dropped=(Dropped.UNANSWERED if votes else Dropped.NO_PAIR,))
    prompt = rated.rewritten.prompt if rated.rewritten else ""
    half = Candidate(turn, Taught.ANSWER, turn.answer, prompt, label=approved or not down)
    return Choice((half,), (why,) if why else ())


def _thumbs(rated: Rated, better: Candidate | None, why: Dropped | None) -> Choice:
    """The thumbs as they are, and approved better answers as liked."""
    turn, votes = rated.turn, _votes(rated.said)
    found: list[Candidate] = [better] if better is not None else []
    dropped: list[Dropped] = [why] if why else []
    prompt = rated.rewritten.prompt if rated.rewritten else ""
    approved = _approved_as_given(rated)
    if not _answered(turn):
        if not found:
            dropped.append(Dropped.UNANSWERED)
    elif votes == {Rating.UP, Rating.DOWN} and not approved:
        dropped.append(Dropped.DISPUTED)
    elif votes or approved:
        liked = approved or Rating.UP in votes
        found.append(Candidate(turn, Taught.ANSWER, turn.answer, prompt, label=liked))
    return Choice(tuple(found), tuple(dropped))
