"""Calls for a person and courtesies in other languages: German with care, a few more in outline.

As :mod:`bot.routing.rules`: what the words say as they stand, with what declines them.
"""

from __future__ import annotations

import re

_I = re.IGNORECASE

_DET = (
    r"(?:(?:(?:k?ein|ihr|eur|euer|dein|mein|dies|ander|irgend(?:ein)?)(?:e[mnrs]?)?|de[mnr]|die|das"
    r"|euch|vom|zu[mr]|(?:echt|richtig|real|lebend|lebendig|menschlich|zuständig"
    r"|wirklich)(?:e[mnrs]?)?)"
    r"\s+){0,3}"
)
_SOMEBODY = (
    r"(?:menschen?|mitarbeiter(?:in|n|s)?|personen?|jemand(?:e[mn])?|irgendjemand(?:e[mn])?"
    r"|kolleg(?:e|en|in)|berater(?:in|n)?|ansprechpartner(?:in|n)?|vorgesetzte[nr]?|chef(?:in)?"
    r"|(?:kunden|support|service)?(?:service|dienst|betreuer|berater"
    r"|support)(?:mitarbeiter)?(?:in)?"
    r"|sachbearbeiter(?:in)?|agent(?:en|in)?|techniker(?:in)?|manager(?:in)?|filialleiter(?:in)?"
    r"|fachmann|experten?|personal)"
)
_PERSON = rf"{_DET}{_SOMEBODY}\b"
_WISH = (
    r"(?:möchte|moechte|will|würde gern(?:e)?|hätte gern(?:e)?|brauche|wünsche|verlange|fordere)"
)

_ASKS = (
    re.compile(
        rf"\bmit\s+{_PERSON}(?:\s+\w+){{0,4}}?\s+(?:zu\s+)?(?:sprechen|reden|telefonieren|chatten"
        r"|verbinden|verbunden|unterhalten|in kontakt)\b",
        _I,
    ),
    re.compile(
        rf"\b(?:sprechen|reden|sprich|chat|verbind\w*)\s+(?:\w+\s+){{0,4}}?mit\s+{_PERSON}", _I
    ),
    re.compile(rf"\b{_WISH}\s+(?:bitte\s+|gern(?:e)?\s+|jetzt\s+)?{_PERSON}\s+sprechen\b", _I),
    re.compile(
        rf"\b(?:{_WISH}|gib mir|geben sie mir|hol(?:e|en)?(?: sie)?|bitte)\s+"
        r"(?:(?:ich|bitte|gern(?:e)?|mir|jetzt|sofort|endlich|nur|doch|an)\s+){0,4}"
        rf"{_PERSON}(?=\W*(?:$|[,.!?]|bitte\b|und k?ein|statt\b|der mir\b|die mir\b))",
        _I,
    ),
    re.compile(
        r"\bstell(?:e|en|t)?\s+(?:sie\s+)?(?:mich|uns)\b.{0,30}\bdurch\b"
        r"|\b(?:kann|können|kannst|könnten?|könntest|würden?|bitte)\b.{0,15}\b(?:mich|uns)\b.{0,40}"
        r"\b(?:weiterleiten|durchstellen|verbinden|weiterverbinden)\b"
        r"|\bverbind(?:e|en|et)?\s+(?:sie\s+)?(?:mich|uns)\b(?!\s+nicht)"
        r"|\bleit(?:e|en|et)?\s+(?:sie\s+)?(?:mich|uns)\b.{0,30}\bweiter\b"
        rf"|\b(?:leit|geb|reich|gib)(?:e|en|et)?\s+(?:sie\s+)?(?:das|dies|es"
        rf"|meine?\s\w+)\s.{{0,20}}"
        rf"\b(?:an|zu)\s+{_PERSON}",
        _I,
    ),
    re.compile(
        r"\bruf(?:e|en|t)?\s+(?:sie\s+)?(?:mich|uns)\b.{0,15}\b(?:zurück|an)\b"
        rf"|\b(?:kann|könnte|soll|darf)\s+(?:mich\s+|uns\s+)?(?:bitte\s+"
        rf"|mal\s+){{0,2}}{_PERSON}\s+(?:\w+\s+)"
        r"{0,3}?(?:zurückrufen|anrufen|kontaktieren|helfen)\b(?<!helfen)"
        rf"|\b(?:kann|könnte|soll)\s+(?:mich|uns)\s+(?:\w+\s+)?{_PERSON}\s+(?:zurück|an)rufen\b"
        r"|\b(?:bitte|bitten|hätte|möchte|brauche|wünsche|will|bekomme)\b.{0,20}\brückruf\b"
        rf"|\bsondern\s+(?:mit\s+)?{_PERSON}"
        rf"|\b(?:gibt es|ist)\s+(?:hier|da"
        rf"|dort)\s+(?:auch\s+)?(?:noch\s+)?{_PERSON}(?=\W*(?:$|[?!]))",
        _I,
    ),
    re.compile(
        r"\bparler\s+(?:à|a|avec)\s+(?:(?:une?|des|le|la|l'|votre|vrai|vraie)\s*)*(?:humain"
        r"|personne"
        r"|agent|conseill\w+|quelqu'un|opérat\w+|responsable|employé)"
        r"|\bhablar\s+con\s+(?:(?:una?|el|la|su)\s+)?(?:persona|human\w+|agente|alguien|operador\w*"
        r"|asesor\w*|representante|supervisor\w*|gerente)"
        r"|\bparlare\s+con\s+(?:(?:una?|un'|il|la)\s*)?(?:persona|operatore|umano|qualcuno|addetto"
        r"|responsabile|essere umano)"
        r"|\bfalar\s+com\s+(?:(?:uma?|o|a)\s+)?(?:pessoa|atendente|humano|algu[eé]m|agente)"
        r"|\bmet\s+(?:een\s+)?(?:echte?\s+)?(?:mens|medewerker|iemand)\s+(?:spreken|praten)",
        _I,
    ),
)
_MARKS = re.compile(
    r"\b(?:ich|mich|mir|uns|bitte|sie|mit|kann|eine[mnr]?|rückruf|verbind\w*|leite\w*"
    r"|stell\w*|ruf\w*"
    r"|parler|hablar|parlare|falar|spreken|praten)\b",
    _I,
)
_BARE = re.compile(
    r"\W*(?:(?:ein(?:en)?|echte[nr]?|bitte|an)\s+)*(?:mensch(?:en)?|mitarbeiter(?:in)?"
    r"|berater(?:in)?"
    r"|kundenservice|kundendienst|ansprechpartner)(?:\s+(?:bitte|jetzt))*\W*",
    _I,
)
_DECLINED_BEFORE = re.compile(
    r"\b(?:nicht|nie|ohne|statt|kein(?:e[mnrs]?)?|ne pas|no quiero|non voglio)\s+(?:\w+\s+)?$", _I
)
_DECLINED_WITHIN = re.compile(r"\b(?:nicht|kein(?:e[mnrs]?)?)\b", _I)
_INSTEAD = re.compile(r"\b(?:sondern|nicht mit (?:einem|ner|einer) (?:bot|roboter|maschine))\b", _I)
_ASKS_ABOUT = re.compile(
    r"\b(?:wann|öffnungszeit\w*|uhrzeit\w*|telefonnummer|nummer|adresse|e-?mail|horaires?|cuándo"
    r"|quando|wie viele?|welche[rsn]?)\b",
    _I,
)
_SPEAKS_TO = re.compile(r"\b(?:spreche|rede|schreibe|chatte) ich\b", _I)


def asks_for_person(text: str) -> bool | None:
    """As :func:`bot.routing.rules.asks_for_person`, for other languages than English."""
    if _BARE.fullmatch(text):
        return True
    if not _MARKS.search(text) or _SPEAKS_TO.search(text):
        return None
    asked: bool | None = None
    for pattern in _ASKS:
        for match in pattern.finditer(text):
            before = text[max(0, match.start() - 25) : match.start()]
            declined = _DECLINED_BEFORE.search(before) or _DECLINED_WITHIN.search(match.group())
            if _INSTEAD.search(text) or not declined:
                return not _ASKS_ABOUT.search(text)
            asked = False
    return asked


HELLO = (
    r"hallo|hallöchen|guten (?:tag|morgen|abend)|moin(?: moin)?|servus|grüß (?:gott|dich"
    r"|euch)|grüezi"
    r"|bonjour|bonsoir|salut|hola|buen(?:os días|as tardes|as noches)|buongiorno|buonasera|olá|hej"
)
THANKS = (
    r"(?:(?:vielen|herzlichen|besten|lieben|tausend)(?: lieben)? dank|danke(?: ?(?:schön"
    r"|sehr|dir|ihnen"
    r"|euch|vielmals))?|merci(?: beaucoup| bien)?|(?:muchas )?gracias|grazie(?: mille)?"
    r"|obrigad[oa])"
    r"(?:\s+für (?:die|deine|ihre|eure)(?: schnelle| gute)? (?:hilfe|antwort|info"
    r"|information|auskunft"
    r"|unterstützung|mühe))?"
)
BYE = (
    r"tschüss?i?|auf wieder(?:sehen|hören)|bis (?:bald|morgen|dann|später|demnächst)|mach'?s gut"
    r"|gute nacht|schönen? (?:tag|abend|feierabend|wochenende)(?: noch)?|au revoir|adiós"
    r"|arrivederci"
)
EVERYBODY = r"zusammen|liebes team|alle|allerseits|nochmal|leute|du|ihr"
