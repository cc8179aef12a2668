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

FRAMES: dict[str, dict[str, tuple[tuple[str, str], ...]]] = {
    "en": {
        "long": (
            ("{topic}: how long for {detail}?", "{topic}: how much time does it take?"),
            ("What is the period for {detail}? ({topic})", "{topic}: what is the period?"),
        ),
        "often": (
            ("{topic}: how often with {detail}?", "{topic}: in which intervals?"),
            (
                "Which interval is right for {detail}? ({topic})",
                "{topic}: which interval is right?",
            ),
        ),
        "much": (
            ("{topic}: which figure for {detail}?", "{topic}: which figures apply?"),
            ("What is the figure for {detail}? ({topic})", "{topic}: what is the figure?"),
        ),
        "when": (
            ("{topic}: when is it with {detail}?", "{topic}: when does this apply?"),
            ("At what time, with {detail}? ({topic})", "{topic}: at what times?"),
        ),
        "where": (
            ("{topic}: where is {detail}?", "{topic}: where does it belong?"),
            ("In which place, for {detail}? ({topic})", "{topic}: in which place?"),
        ),
        "who": (
            ("{topic}: who is meant by {detail}?", "{topic}: who does this concern?"),
            ("Which people, as to {detail}? ({topic})", "{topic}: which people are meant?"),
        ),
        "why": (
            ("{topic}: why is that, with {detail}?", "{topic}: what is the reason?"),
            ("What is behind {detail}? ({topic})", "{topic}: what is behind it?"),
        ),
        "how": (
            ("{topic}: how does it work with {detail}?", "{topic}: how does it work?"),
            ("Which steps for {detail}? ({topic})", "{topic}: which steps are there?"),
        ),
        "may": (
            ("{topic}: is it possible with {detail}?", "{topic}: is this possible?"),
            ("What is permitted as to {detail}? ({topic})", "{topic}: what is permitted?"),
        ),
        "what": (
            ("{topic}: what about {detail}?", "What is there to know about {topic}?"),
            ("What should be known of {detail}? ({topic})", "{topic}: what applies here?"),
        ),
    },
    "de": {
        "long": (
            ("{topic}: wie lange bei {detail}?", "Welche Dauer gilt hier: {topic}?"),
            ("Welche Dauer gilt für {detail}? ({topic})", "Welche Dauer hat {topic}?"),
        ),
        "often": (
            ("{topic}: wie oft bei {detail}?", "In welchen Abständen: {topic}?"),
            ("Welcher Abstand gilt für {detail}? ({topic})", "Welcher Abstand gilt für {topic}?"),
        ),
        "much": (
            ("{topic}: wie viel bei {detail}?", "Welche Zahlen gelten hier: {topic}?"),
            ("Welche Zahl gilt für {detail}? ({topic})", "Welche Zahl gilt für {topic}?"),
        ),
        "when": (
            ("{topic}: wann bei {detail}?", "Wann gilt das: {topic}?"),
            ("Zu welcher Zeit bei {detail}? ({topic})", "Welcher Zeitpunkt gilt für {topic}?"),
        ),
        "where": (
            ("{topic}: wo ist {detail}?", "Wo ist das: {topic}?"),
            ("An welchem Ort bei {detail}? ({topic})", "Welcher Ort gehört zu {topic}?"),
        ),
        "who": (
            ("{topic}: wer ist mit {detail} gemeint?", "Wen betrifft das: {topic}?"),
            ("Welche Personen bei {detail}? ({topic})", "Welche Personen betrifft {topic}?"),
        ),
        "why": (
            ("{topic}: warum ist das so bei {detail}?", "Was ist der Grund: {topic}?"),
            ("Was steht hinter {detail}? ({topic})", "Was steht hinter {topic}?"),
        ),
        "how": (
            ("{topic}: wie geht das mit {detail}?", "Wie geht das: {topic}?"),
            ("Welche Schritte bei {detail}? ({topic})", "Welche Schritte gehören zu {topic}?"),
        ),
        "may": (
            ("{topic}: geht das mit {detail}?", "Ist das möglich: {topic}?"),
            ("Was ist bei {detail} erlaubt? ({topic})", "Welche Regel gilt für {topic}?"),
        ),
        "what": (
            ("{topic}: was ist mit {detail}?", "Was ist wichtig zu {topic}?"),
            ("Was gilt für {detail}? ({topic})", "Was gilt hier: {topic}?"),
        ),
    },
}
"""Questions that read well around any title, by language and kind: with a word of the cited
sentence that narrows them, and without. There are several, since one may be in the asker's words.
"""

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
