"""The words for each kind of not-knowing, in English and German.

``{asked}`` is the question as a clause ("whether the MG-400 supports HomeKit") or between quotation
marks. Nothing here addresses the asker, so that it fits any persona's manner.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.evidence import NotKnowing
from bot.languages import ENGLISH, GERMAN

_Phrases = Mapping[NotKnowing, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Words:
    """Phrases by kind: around a clause, around a quoted question, and around nothing. ``missing``
    names the words that no passage holds, joined by ``both``."""

    clauses: _Phrases
    quotes: _Phrases
    plain: _Phrases
    missing: str
    both: str


_ENGLISH = Words(
    clauses={
        NotKnowing.NOTHING: ("There is no document here that I could look up {asked} in.",),
        NotKnowing.OUTSIDE: (
            "That is outside what our documents cover, so I can't say {asked}.",
            "Our documents are about other things: they don't tell {asked}.",
        ),
        NotKnowing.TASK: (
            "I answer questions from our documents, and that is none they could answer.",
        ),
        NotKnowing.LANGUAGE: (
            "Our documents are in another language, and I can't find {asked} there.",
        ),
        NotKnowing.NEAR: (
            "I can't find {asked} in our documents.",
            "Our documents don't say {asked}, as far as I can see.",
        ),
        NotKnowing.UNSUPPORTED: (
            "Our documents touch on this, but I found nothing in them that settles {asked}.",
            "I looked up {asked}, but could not confirm an answer in our documents.",
        ),
        NotKnowing.CONTRADICTING: (
            "Our documents contradict each other here, so I can't say for sure {asked}.",
        ),
        NotKnowing.PART: ("The rest I don't know: I can't find {asked} in our documents.",),
    },
    quotes={
        NotKnowing.NOTHING: ("There is no document here that I could look up {asked} in.",),
        NotKnowing.OUTSIDE: ("{asked} is outside what our documents cover.",),
        NotKnowing.TASK: (
            "I answer questions from our documents, and that is none they could answer.",
        ),
        NotKnowing.LANGUAGE: (
            "Our documents are in another language, and I can't find an answer to {asked} there.",
        ),
        NotKnowing.NEAR: ("I can't find an answer to {asked} in our documents.",),
        NotKnowing.UNSUPPORTED: (
            "Our documents touch on {asked}, but I found nothing in them that settles it.",
        ),
        NotKnowing.CONTRADICTING: ("Our documents contradict each other about {asked}.",),
        NotKnowing.PART: (
            "The rest I don't know: I can't find an answer to {asked} in our documents.",
        ),
    },
    plain={
        NotKnowing.NOTHING: ("There is no document here that I could look that up in.",),
        NotKnowing.OUTSIDE: ("That is outside what our documents cover.",),
        NotKnowing.TASK: (
            "I answer questions from our documents, and that is none they could answer.",
        ),
        NotKnowing.LANGUAGE: (
            "Our documents are in another language, and I can't find an answer to that there.",
        ),
        NotKnowing.NEAR: ("I can't find an answer to that in our documents.",),
        NotKnowing.UNSUPPORTED: (
            "Our documents touch on that, but I found nothing in them that settles it.",
        ),
        NotKnowing.CONTRADICTING: ("Our documents contradict each other about that.",),
        NotKnowing.PART: ("The rest I don't know: I can't find it in our documents.",),
    },
    missing="The nearest pages do not mention {words}.",
    both=" or ",
)

_GERMAN = Words(
    clauses={},
    quotes={
        NotKnowing.NOTHING: ("Hier gibt es kein Dokument, in dem ich {asked} nachsehen könnte.",),
        NotKnowing.OUTSIDE: ("{asked}: Davon handeln unsere Unterlagen nicht.",),
        NotKnowing.TASK: (
            "Ich beantworte Fragen aus unseren Unterlagen, und das ist keine davon.",
        ),
        NotKnowing.LANGUAGE: (
            "Unsere Unterlagen sind in einer anderen Sprache, und auf {asked} finde ich darin keine"
            " Antwort. In ihrer Sprache gefragt, findet sich vielleicht mehr.",
        ),
        NotKnowing.NEAR: ("Auf {asked} finde ich in unseren Unterlagen keine Antwort.",),
        NotKnowing.UNSUPPORTED: (
            "Unsere Unterlagen streifen das nur: Was auf {asked} zu antworten wäre, belegen sie"
            " nicht.",
        ),
        NotKnowing.CONTRADICTING: ("Unsere Unterlagen widersprechen sich bei {asked}.",),
        NotKnowing.PART: (
            "Den Rest weiß ich nicht: Auf {asked} finde ich in unseren Unterlagen keine Antwort.",
        ),
    },
    plain={
        NotKnowing.NOTHING: ("Hier gibt es kein Dokument, in dem ich das nachsehen könnte.",),
        NotKnowing.OUTSIDE: ("Davon handeln unsere Unterlagen nicht.",),
        NotKnowing.TASK: (
            "Ich beantworte Fragen aus unseren Unterlagen, und das ist keine davon.",
        ),
        NotKnowing.LANGUAGE: (
            "Unsere Unterlagen sind in einer anderen Sprache, und darauf finde ich darin keine"
            " Antwort. In ihrer Sprache gefragt, findet sich vielleicht mehr.",
        ),
        NotKnowing.NEAR: ("Darauf finde ich in unseren Unterlagen keine Antwort.",),
        NotKnowing.UNSUPPORTED: (
            "Unsere Unterlagen streifen das nur; eine Antwort belegen sie nicht.",
        ),
        NotKnowing.CONTRADICTING: ("Unsere Unterlagen widersprechen sich hier.",),
        NotKnowing.PART: ("Den Rest weiß ich nicht: Er steht nicht in unseren Unterlagen.",),
    },
    missing="Die nächsten Seiten erwähnen {words} nicht.",
    both=" oder ",
)

SAID: Mapping[str, Words] = {ENGLISH: _ENGLISH, GERMAN: _GERMAN}

PLAINLY: Mapping[str, str] = {ENGLISH: "I don't know.", GERMAN: "Das weiß ich nicht."}
"""Said first where the owner has no words for it."""

NEAR: Mapping[str, str] = {
    ENGLISH: "The closest I have: {titles}.",
    GERMAN: "Am nächsten kommt: {titles}.",
}
HANDOFF: Mapping[str, tuple[str, ...]] = {
    ENGLISH: ("Would you like me to ask a person?",),
    GERMAN: ("Soll ich die Frage an einen Menschen weitergeben?",),
}
