"""The frames of neutral questions: every word in a prompt that is not of the sources."""

from __future__ import annotations

import re

KINDS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(pattern, re.IGNORECASE))
    for name, pattern in (
        ("long", r"\bhow (?:long|soon|fast|quick\w*)\b|\bwie (?:lange|schnell)\b"),
        ("often", r"\bhow often\b|\bwie oft\b"),
        (
            "much",
            r"\bhow (?:much|many)\b|\b(?:costs?|prices?|fees?)\b|\bwie ?viele?\b|\bkoste[nt]\b",
        ),
        ("when", r"\b(?:when|until when|what time|wann)\b"),
        ("where", r"\b(?:where|wohin|woher|wo)\b"),
        ("who", r"\b(?:who|whom|whose|wer|wem|wen)\b"),
        ("why", r"\b(?:why|reason|warum|wieso|weshalb)\b"),
        ("how", r"\bhow\b|\bways? to\b|\bsteps?\b|\bwie\b"),
        ("may", r"\b(?:can|could|may|allowed|possible|kann|darf|können|dürfen|möglich)\b"),
    )
)
"""What is asked for, by the function words of a question; the first that fits."""

FRAMES: dict[str, dict[str, tuple[str, ...]]] = {
    "en": {
        "long": (
            "which period applies to {topic}?",
            "about {topic}: how much time is needed?",
            "what duration goes with {topic}?",
        ),
        "often": (
            "which interval applies to {topic}?",
            "about {topic}: at which intervals?",
            "what rhythm goes with {topic}?",
        ),
        "much": (
            "which figure applies to {topic}?",
            "about {topic}: what is the figure?",
            "what number goes with {topic}?",
        ),
        "when": (
            "which dates or times apply to {topic}?",
            "about {topic}: at which point in time?",
            "what moment goes with {topic}?",
        ),
        "where": (
            "which place belongs to {topic}?",
            "about {topic}: in which place?",
            "what location goes with {topic}?",
        ),
        "who": (
            "which people does this concern: {topic}?",
            "about {topic}: which people are meant?",
            "what group goes with {topic}?",
        ),
        "why": (
            "what stands behind {topic}?",
            "about {topic}: what is behind it?",
            "which cause goes with {topic}?",
        ),
        "how": (
            "which steps belong to {topic}?",
            "about {topic}: what are the steps?",
            "what procedure goes with {topic}?",
        ),
        "may": (
            "what is permitted about {topic}?",
            "about {topic}: what is permitted?",
            "which rule goes with {topic}?",
        ),
        "what": (
            "what applies to {topic}?",
            "about {topic}: what should be known?",
            "could you explain {topic}?",
        ),
    },
    "de": {
        "long": (
            "welche Dauer gilt für {topic}?",
            "zum Thema {topic}: mit welcher Dauer ist zu rechnen?",
        ),
        "often": (
            "welcher Abstand gilt für {topic}?",
            "zum Thema {topic}: in welchen Abständen?",
        ),
        "much": (
            "welche Zahl gilt für {topic}?",
            "zum Thema {topic}: mit welchem Betrag ist zu rechnen?",
        ),
        "when": (
            "welcher Zeitpunkt gilt für {topic}?",
            "zum Thema {topic}: zu welchem Zeitpunkt?",
        ),
        "where": ("welcher Ort gehört zu {topic}?", "zum Thema {topic}: an welchem Ort?"),
        "who": ("welche Personen betrifft {topic}?", "zum Thema {topic}: welche Personen?"),
        "why": ("welcher Grund steht hinter {topic}?", "zum Thema {topic}: aus welchem Grund?"),
        "how": ("welche Schritte gehören zu {topic}?", "zum Thema {topic}: welche Schritte?"),
        "may": ("welche Regel gilt für {topic}?", "zum Thema {topic}: was ist erlaubt?"),
        "what": ("was gilt für {topic}?", "zum Thema {topic}: was ist wichtig?"),
    },
}
"""Questions that read well around any title, by language and kind."""

DETAIL = {"en": ", regarding {detail}", "de": ", bezogen auf {detail}"}

TALK: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(pattern, re.IGNORECASE))
    for name, pattern in (
        (
            "about",
            r"\b(?:who|what) (?:are|r) (?:you|u)\b|\bare you (?:an? )?(?:bot|human|person|robot"
            r"|real|ai)\b|\byour name\b|\bwhat (?:can|do) you (?:do|know)\b|\bhelp with\b"
            r"|\byourself\b|\bwer bist du\b|\bwas kannst du\b",
        ),
        ("thanks", r"\b(?:thanks?|thank you|thx|ty|cheers|appreciate[ds]?|danke\w*)\b"),
        (
            "goodbye",
            r"\b(?:bye|goodbye|good ?night|see (?:you|ya)|farewell|take care|tschüss|ciao)\b",
        ),
        (
            "greeting",
            r"^\W*(?:hi|hey+|hello|hiya|yo|howdy|greetings|good (?:morning|afternoon|evening|day)"
            r"|hallo|moin|servus|guten (?:tag|morgen|abend))\b",
        ),
        (
            "agreed",
            r"^\W*(?:ok(?:ay)?|got it|great|perfect|cool|nice|fine|good|alles klar|super)\b",
        ),
    )
)
"""Kinds of messages that need no facts."""

OPENINGS: dict[tuple[str, str], tuple[str, ...]] = {
    ("en", "greeting"): ("Hello there!", "Hi!", "Good day!"),
    ("en", "thanks"): ("Thank you!", "Many thanks!", "Thanks, that helped!"),
    ("en", "goodbye"): ("Goodbye!", "Bye for now!", "See you later!"),
    ("en", "about"): ("Who am I talking to?", "Please introduce yourself!", "What are you?"),
    ("en", "agreed"): ("All right!", "Understood!", "Makes sense!"),
    ("de", "greeting"): ("Hallo!", "Guten Tag!", "Servus!"),
    ("de", "thanks"): ("Danke!", "Vielen Dank!", "Besten Dank dafür!"),
    ("de", "goodbye"): ("Tschüss!", "Auf Wiedersehen!", "Bis bald!"),
    ("de", "about"): ("Mit wem spreche ich?", "Stell dich bitte vor!"),
    ("de", "agreed"): ("Alles klar!", "Verstanden!", "In Ordnung!"),
}
"""Neutral messages, by language and kind."""
