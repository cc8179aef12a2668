"""Statements as questions by rules, with the words that answer them."""

# ruff: noqa: E501 - patterns and templates read better whole

from __future__ import annotations

import random
import re

from benchmarks.checker.naming import MONTHS, NATIONALITIES
from benchmarks.checker.rewordings import lower_first
from benchmarks.checker.wordlists import inflected

_VERBS = inflected()
_BE = "is|are|was|were"
_MODAL = "can|will|must|should|may|could|would"
_SUBJECT = r"((?:The |A |An |Its |His |Her |Their )?[\w'’.`\"-]+(?: [\w'’.`\"&-]+){0,7}?)"
_DATE = rf"(?:(?:\d{{1,2}} )?(?:{MONTHS})(?: \d{{1,2}},?)?(?: of)?(?: \d{{4}})?|(?:early |late |the )?\d{{4}}s?)"
_PERSON = re.compile(r"(?:[A-Z][a-z]+ )+[A-Z][a-z'-]+$")

_SOUND_START = re.compile(
    r"(?!(?:This|These|That|Those|It|They|He|She|We|You|I|There|Here|Some|Other|Others|Such|Such|One"
    r"|Another|Each|Both|Many|Most|Several|Few|All|Any|In|On|At|By|For|From|With|Under|Over|As|To|If"
    r"|When|While|After|Before|Since|Although|However|Also|Then|Thus|And|But|Or|So|Only|Often|Once"
    r"|Instead|First|Second|Next|Finally|Until|Through|Among|Between|Because|Due|Despite|Unlike|Like"
    r"|His|Her|Their|Its|Now|No|Not|Every|Using|Given|Note|Please|Same|What|How|Why|Where|Who|Which)"
    r"\b)[A-Z`\"]"
)
_VAGUE = re.compile(
    r"(?i)^(?:who|what) \w+ (?:also )?(?:available|important|required|used|shown|helpful|complicated|often)\b"
    r"|\bthis (?:example|command|cmdlet|parameter|method|article|section|topic|page)\b"
)

Asked = tuple[str, str | None]


def _split(body: str) -> tuple[str, str, str, str] | None:
    """Subject, helper, main verb (empty where the helper is all) and the rest of a sentence."""
    match = re.match(rf"{_SUBJECT} ({_BE}|{_MODAL}|has been|have been|had been) (.+)$", body)
    plain = None
    for found in re.finditer(
        rf"(?<=\w )(?:{'|'.join(sorted(_VERBS, key=len, reverse=True))})(?= )", body
    ):
        before = body[: found.start()].split()
        if (
            before[-1].lower()
            not in (
                "the a an to and or of by his her its their is was been be who that which in on for with"
                " as are were not has have had can will also newly most when while where"
            ).split()
            and len(before) <= 8
        ):
            plain = found
            break
    if plain and (not match or plain.start() < match.start(2)):
        subject = body[: plain.start()].strip()
        if re.search(
            r"[,;:()]|\b(?:that|which|who|if|when|and|is|are|was|were|has|have)\b", subject
        ):
            return None
        verb, helper = _VERBS[plain[0]]
        return subject, helper, verb, body[plain.end() :].strip()
    if match:
        if re.search(r"[,;:()]|\b(?:that|which|who|if|when|and|there|it)\b", match[1].lower()):
            return None
        helper = match[2].split()[0]
        rest = match[3] if " " not in match[2] else f"been {match[3]}"
        return match[1], helper, "", rest
    return None


def _question(word: str, subject: str, helper: str, verb: str, rest: str) -> str:
    parts = [word, helper, lower_first(subject), verb, rest]
    return re.sub(r"\s+", " ", " ".join(p for p in parts if p)).strip(" ,.;") + "?"


def _when(subject: str, helper: str, verb: str, rest: str, dice: random.Random) -> Asked | None:
    match = re.search(
        rf",? (in|on|since|by|until|during) ((?:the )?{_DATE})(?=[ ,.;]|$)", " " + rest
    )
    if not match or len(match[2]) < 4:
        return None
    left = (" " + rest)[: match.start()].strip()
    after = (" " + rest)[match.end() :].strip()
    if after and dice.random() < 0.5 and not re.search(r"^(?:and|,|by)", after):
        left = f"{left} {after}"
    if len(left.split()) + bool(verb) < 2 or "," in left:
        left = left.split(",")[0]
        if len(left.split()) + bool(verb) < 2:
            return None
    word = {"since": "Since when", "until": "Until when", "by": "By when"}.get(match[1], "When")
    if re.fullmatch(r"\d{4}", match[2]) and word == "When":
        word = dice.choice(["When", "When", "In what year", "In which year"])
    return _question(word, subject, helper, verb, left), match[2]


def _where(subject: str, helper: str, verb: str, rest: str) -> Asked | None:
    match = re.search(
        r"^(.*?) (?:in|at|near) ((?:the )?[A-Z][\w'’-]+(?:,? (?:of )?[A-Z][\w'’-]+)*)(?=[,.;]|$)",
        rest,
    )
    if not match or re.match(MONTHS, match[2]):
        return None
    short = len(match[1].split()) + bool(verb) < 2 or "," in match[1]
    if short and not re.match(r"(?:located|situated|born|held|based)$", match[1]):
        return None
    return _question("Where", subject, helper, verb, match[1]), match[2]


def _how_many(subject: str, helper: str, verb: str, rest: str) -> Asked | None:
    match = re.match(
        r"(?:about |approximately |up to |at least |more than |over |around |nearly )?"
        r"(\d[\d,.]*|two|three|four|five|six|seven|eight|nine|ten|twelve) ([a-z]+(?: [a-z]+)??s)\b(.*)$",
        rest,
    )
    if not match or not verb:
        return None
    tail = match[3].split(",")[0].strip(" .;")
    if re.search(r"\b(?:and|which|that)\b", tail):
        tail = ""
    return _question(f"How many {match[2]}", subject, helper, verb, tail), f"{match[1]} {match[2]}"


def _who(
    subject: str, helper: str, verb: str, rest: str, body: str, dice: random.Random
) -> Asked | None:
    """A question for the subject."""
    tail = re.split(r"[,;:(]| which | who | where ", rest)[0].strip(" .")
    if len(tail.split()) < 2 or len(tail.split()) > 14:
        return None
    said = body[len(subject) :].split(maxsplit=1)[0] if verb else helper
    if verb == "" and re.match(r"(?:an? |the |not |one of)", tail) and dice.random() < 0.6:
        return None
    word = (
        "Who"
        if _PERSON.match(subject)
        and subject.split(maxsplit=1)[0] not in NATIONALITIES
        and not re.search(r"(?:ism|ics|land|ia|tion|city|ity|s)$", subject)
        else "What"
    )
    if word == "What" and re.search(
        r"\b(?:employees|people|clerk|judge|officers?|workers?|teachers?|doctors?|author|members|users|customers|children|king|queen|president)\b",
        subject.lower(),
    ):
        word = "Who"
    said = "is" if said == "are" else "was" if said == "were" else said
    return f"{word} {said} {tail}?", subject


def _what(subject: str, helper: str, verb: str, rest: str) -> Asked | None:
    """A question for the object or for what something is."""
    if not verb and helper in _BE.split("|"):
        match = re.match(r"((?:an? |the |one of )[^,;:(]+)", rest)
        if match and len(match[1].split()) >= 3 and not re.search(r"\b(?:of|to|in|with)$", subject):
            return _question("What", subject, helper, "", ""), match[1].strip(" .")
        return None
    if (
        verb
        and len(rest.split()) >= 2
        and verb
        not in (
            "become",
            "live",
            "die",
            "go",
            "occur",
            "happen",
            "appear",
            "seem",
            "come",
            "depend",
            "feel",
            "have",
            "result",
            "belong",
            "fall",
            "rise",
            "grow",
            "work",
            "get",
            "remain",
        )
    ):
        match = re.match(
            r"((?:the |an? |its |their |his |her |all |any |both |some )?[\w'’`\" -]{3,70}?)(?=[,.;:(]| in | on | by | to | for | with | from | at | when | if | that | which | who |$)",
            rest,
        )
        if (
            match
            and len(match[1].split()) >= 1
            and not re.match(
                r"(?:in|on|to|for|by|with|from|that|as|at|when|if|up|into|not)\b", match[1]
            )
        ):
            tail = rest[match.end() :].split(",", maxsplit=1)[0].strip(" .")
            if (
                re.match(r"(?:that|which|who|and|of)\b", tail)
                or len(tail.split()) > 9
                or re.search(r"[;:(]", tail)
            ):
                tail = ""
            return _question("What", subject, helper, verb, tail), match[1].strip()
    return None


def _manual(body: str, dice: random.Random) -> Asked | None:
    """Instructions: what to do for a purpose, under a condition."""
    match = re.match(
        r"To ([a-z][^,;:]{8,90}), ((?:you |use|run|select|click|open|enter|choose|go|set|add|create|type|see|make|call|contact|follow|press|install|specify)[^;:]+)$",
        body,
    )
    if match:
        return (
            f"{dice.choice(['How do I', 'How can I', 'How do you', 'What do I do to', 'How to'])} {_mine(match[1])}?",
            match[2],
        )
    match = re.match(r"(?:If|When) (you [^,;:]{8,80}), ([^;:]{10,})$", body)
    if match:
        return (
            f"{dice.choice(['What happens if', 'What if', 'What happens when'])} {_mine(match[1])}?",
            match[2],
        )
    match = re.match(r"You can (?:also )?(?:use|run) ([^,;:]{3,60}?) to ([^;:,]{6,90})$", body)
    if match:
        if dice.random() < 0.5:
            return f"What can I use to {_mine(match[2])}?", match[1]
        return f"How can I {_mine(match[2])}?", match[0]
    match = re.match(r"You (can|must|should|need to) (?!also|only|not|use )([^;:,]{10,90})$", body)
    if match:
        helper = "Do I need to" if match[1] == "need to" else f"{match[1].capitalize()} I"
        return f"{helper} {_mine(match[2])}?", None
    match = re.match(
        rf"{_SUBJECT} (?:allows|lets|enables) (?:you|users) (?:to )?([^;:,]{{8,90}})$", body
    )
    if match:
        return f"How can I {_mine(match[2])}?", match[1]
    match = re.match(r"(Use|Run|Select|Click|Choose|Open) ([^,;:]{3,50}?) to ([^;:,]{6,90})$", body)
    if match:
        return f"How do I {_mine(match[3])}?", match[0]
    return None


def _mine(text: str) -> str:
    text = re.sub(r"\byou(?:'re| are)\b", "I am", text)
    text = re.sub(r"\byou aren't\b", "I am not", text)
    text = re.sub(r"\byourself\b", "myself", text)
    text = re.sub(r"\byour\b", "my", text)
    return re.sub(r"\byou\b", "I", text).strip(" .")


def _closed(subject: str, helper: str, verb: str, rest: str) -> Asked | None:
    if verb or len(rest.split()) > 14 or re.search(r"[,;:(]", rest):
        return None
    if re.match(r"\w+ing\b", subject):
        subject = subject[0].lower() + subject[1:]
    return f"{helper.capitalize()} {lower_first(subject)} {rest}?", None


def asked(sentence: str, dice: random.Random) -> Asked | None:
    """A question that the sentence answers and the words of it that do; ``None``: none found."""
    body = sentence.strip()
    if body[-1:] not in ".!" or re.search(r"[?“”]|\"", body):
        return None
    body = re.sub(r"\s*\([^()]*\)", "", body[:-1]) if dice.random() < 0.7 else body[:-1]
    manual = _manual(body, dice)
    if manual:
        return manual
    lead = re.match(rf"(?:In|On|During) ((?:the )?{_DATE}),? (?=[A-Z\w])", body)
    found: list[Asked] = []
    if lead and len(lead[1]) >= 4 and not body[lead.end() :][:1].isdigit():
        parts = _split(body[lead.end() :][:1].upper() + body[lead.end() + 1 :])
        if parts:
            subject, helper, verb, rest = parts
            rest = re.split(r"[,;]", rest)[0]
            found.append(
                (
                    _question(
                        dice.choice(["When", "In what year"])
                        if re.fullmatch(r"\d{4}", lead[1])
                        else "When",
                        subject,
                        helper,
                        verb,
                        rest,
                    ),
                    lead[1],
                )
            )
    parts = None if lead or not _SOUND_START.match(body) else _split(body)
    if parts and re.search(
        r"(?i)\b(?:they|he|she|it|you|we|i|by|under|how|often|not)\b|ly$", parts[0]
    ):
        parts = None
    if parts:
        subject, helper, verb, rest = parts
        made = [
            _when(subject, helper, verb, rest, dice), _where(subject, helper, verb, rest),
            _how_many(subject, helper, verb, rest), _who(subject, helper, verb, rest, body, dice),
            _what(subject, helper, verb, rest), _closed(subject, helper, verb, rest),
        ]  # fmt: skip
        found += [m for m in made if m]
    found = [
        f for f in found
        if 4 <= len(f[0].split()) <= 24 and not (f[1] and f[1].lower() in f[0].lower())
        and not re.search(r"\b(?:and|or|of|the|a|to|in|by|for|with|that|which)\?$", f[0])
        and (len(f[0].split()) > 4 or re.search(r"[A-Z]\w+", f[0][4:]))
        and not _VAGUE.search(f[0])
        and not re.search(r"(?i)^(?:\w+ )?(?:what|who|when|where|is|are|was|does|did|can|will) (?:it|they|he|she|this|these|that|those|we|there)\b", f[0])
    ]  # fmt: skip
    return dice.choice(found) if found else None
