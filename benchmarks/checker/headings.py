"""Headings of documentation as questions for their section."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

from benchmarks.checker.claims import one_line
from benchmarks.checker.pairs import QuestionPair
from benchmarks.checker.sources import Pool, Sets, plain_markdown, sections
from bot.lexical import STOP_WORDS, terms


def heading_questions(sets: Sets, pools: dict[str, Pool], seed: int) -> Iterator[QuestionPair]:
    """Documentation: a heading as a question with its section, and with near sections only."""
    for name, limit in (("docs_plausible", 1_500), ("docs_wsl", 700), ("docs_powershell", 1_200)):
        dice = random.Random(f"{seed} headings {name}")
        pool = pools[name]
        made: list[tuple[str, str, str, str]] = []
        seen: set[str] = set()
        for row in sets.rows(f"{name}/pages"):
            if name == "docs_powershell" and not re.match(r"reference/(7\.6|docs-conc)", row["id"]):
                continue
            for heading, body in sections(plain_markdown(row["text"])):
                question = _heading_question(heading, str(row["title"]), dice)
                if question and 25 <= len(body.split()) <= 260 and question not in seen:
                    seen.add(question)
                    made.append((question, body, row["id"], str(row["title"])))
        dice.shuffle(made)
        for question, body, page, _title in made[:limit]:
            near = [
                p
                for p in pool.search(question, 8)
                if body[:80] not in p.text and p.text[:80] not in body
            ]
            words = set(terms(question)) - STOP_WORDS
            group = f"{name}:{page}"
            texts = [body, *(p.text for p in dice.sample(near, min(len(near), dice.randint(0, 3))))]
            dice.shuffle(texts)
            yield QuestionPair(f"made:{name}", "heading", tuple(texts), question, 1, None, group)
            lone = [p for p in near if p.doc != page and len(words & set(p.terms)) < len(words)]
            if lone:
                taken = dice.sample(lone[:5], min(len(lone[:5]), dice.randint(1, 4)))
                yield QuestionPair(
                    f"made:{name}",
                    "heading_withheld",
                    tuple(p.text for p in taken),
                    question,
                    0,
                    None,
                    group,
                )


_DULL = re.compile(
    r"(?i)^(?:example|examples|notes?|parameters?|inputs?|outputs?|related links|see also|syntax"
    r"|description|overview|introduction|next steps|remarks|long description|short description"
    r"|summary|conclusion|faq|usage|common ?parameters|further reading|more information|-.*"
    r"|\d.*|step .*|prerequisites|see .*|version .*|.*example \d.*|none|system\..*|review|.*:$)$"
)


def _heading_question(heading: str, title: str, dice: random.Random) -> str | None:
    heading = one_line(re.sub(r"[`*]", "", heading)).strip(" .")
    if re.match(r"(?i)(?:as|in|on|at|by|for|from|with|of|to|and|or|if|when)\b|[A-Z]\.\d", heading):
        return None
    if _DULL.match(heading) or not 2 <= len(heading.split()) <= 12:
        return None
    if heading.endswith("?"):
        return heading
    low = (
        heading[0].lower() + heading[1:]
        if not heading.split()[0].isupper() and re.match(r"[A-Z][a-z]+$", heading.split()[0])
        else heading
    )
    if re.match(r"(?i)how to ", heading):
        return f"How {dice.choice(['do I', 'can I', 'to'])} {heading[7:]}?"
    if re.match(
        r"(?:Using|Creating|Adding|Removing|Getting|Setting|Installing|Working|Running|Enabling|Configuring|Managing|Importing|Exporting|Filtering|Sending|Changing|Finding|Formatting)\b",
        heading,
    ):
        return f"{dice.choice(['How do I go about', 'What should I know about'])} {low}?"
    if re.match(
        r"(?:Add|Use|Set|Create|Install|Run|Get|Change|Remove|Enable|Disable|Configure|Update|Check"
        r"|Export|Import|Track|Connect|Delete|Transfer|Manage|Find|Send|Invite|Filter|View|Open|Make"
        r"|Start|Stop|Mount|Upgrade|Verify|Exclude|Save|Share|Embed|Access|Move|Copy|List|Test)\b",
        heading,
    ):
        return f"{dice.choice(['How do I', 'How can I', 'How to'])} {low}?"
    if len(heading.split()) <= 7 and not re.search(r"[(){}:;/\\=\[\]]", heading):
        return dice.choice(
            [
                f"What about {low} in {title}?"
                if dice.random() < 0.3
                else f"What does it say about {low}?",
                f"Can you explain {low}?",
                f"Tell me about {low}",
                f"{heading}?",
            ]
        )
    return None
