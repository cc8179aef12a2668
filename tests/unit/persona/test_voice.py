"""The two voices: a model in the persona's words, and the reader in its manner."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import replace

import pytest

from bot.conversation import Message, Role, Route, Usage
from bot.evidence import Passage
from bot.llm.extractive import Extract, Picked
from bot.ports import Brief, ChatMessage, Spoken, Voice
from persona.composing import Composer, Quote
from persona.profile import Habits, Persona, WordChoice
from persona.voice import ExtractiveVoice, ModelVoice

PERSONA = Persona(
    name="Juniper",
    about="I'm Juniper.",
    words_to_use=(WordChoice("start", ("commence",)), WordChoice("buy", ("purchase",))),
    greeting=("Hello!", "Hi there!"),
    sign_off=("Bye for now.",),
    thanks=("You're welcome.",),
    unknown=("I don't know that one.",),
    near="Closest: {titles}.",
    offer="Ask me about {topics}.",
    handoff=("Shall I ask a person?",),
    habits=Habits(openers=("Sure.",), closers=("Tell me if a step sticks.",)),
)
Passages = Callable[..., Passage]
Briefs = Callable[..., Brief]


class Scripted:
    """A chat model that says given pieces and keeps what it was asked."""

    id = "scripted-1"

    def __init__(self, *pieces: str) -> None:
        self.pieces = pieces
        self.asked: list[ChatMessage] = []
        self.limit: int | None = None
        self.closed = False

    async def stream(
        self, messages: Sequence[ChatMessage], *, max_tokens: int | None = None
    ) -> AsyncGenerator[Spoken, None]:
        self.asked, self.limit = list(messages), max_tokens
        try:
            for piece in self.pieces:
                yield Spoken(piece)
            yield Spoken(usage=Usage(10, 5))
        finally:
            self.closed = True


class Reading:
    """A reader that picks given quotes."""

    def __init__(self, *quotes: tuple[str, int], answered: bool = True) -> None:
        self.quotes = quotes
        self.answered = answered

    async def read(self, question: str, passages: Sequence[Passage]) -> Extract:
        picked = []
        for text, index in self.quotes:
            start = passages[index].chunk.text.index(text)
            picked.append(Picked(text, index, 1.0, start, start + len(text)))
        return Extract(self.answered, 0.9, tuple(picked))


async def said(voice: Voice, brief: Brief) -> str:
    return "".join([spoken.text async for spoken in voice.speak(brief)])


# -- a model ---------------------------------------------------------------------------------


async def test_a_model_speaks_in_pieces_and_the_usage_comes_last(
    brief: Briefs, passage: Passages
) -> None:
    """Pieces are passed on, the usage is kept, and the limits reach the model."""
    model = Scripted("24 ", "months", " [1].")
    voice = ModelVoice(model, PERSONA, budget_tokens=3000, answer_tokens=77)
    spoken = [piece async for piece in voice.speak(brief("How long?", passage("24 months.")))]

    assert "".join(piece.text for piece in spoken) == "24 months [1]."
    assert len(spoken) > 2
    assert spoken[-1] == Spoken("", Usage(10, 5))
    assert model.limit == 77
    assert "24 months." in model.asked[-1].content
    assert (voice.model, voice.persona) == ("scripted-1", PERSONA.label)


async def test_a_model_without_an_answer_is_silent(brief: Briefs, passage: Passages) -> None:
    """The sentinel, even in pieces, is an empty answer."""
    model = Scripted("NO", "_ANS", "WER")

    assert await said(ModelVoice(model, PERSONA), brief("?", passage("x"))) == ""


async def test_a_listener_who_leaves_stops_the_model(brief: Briefs, passage: Passages) -> None:
    """Closing the answer closes the stream of the model."""
    model = Scripted(*["word "] * 100)
    stream = ModelVoice(model, PERSONA).speak(brief("?", passage("x")))
    async for _ in stream:
        break
    await stream.aclose()

    assert model.closed


# -- the reader ------------------------------------------------------------------------------


async def test_quotes_become_an_answer_with_markers(brief: Briefs, passage: Passages) -> None:
    """Each sentence is quoted as it stands and followed by the number of its passage."""
    one = passage("The warranty is 24 months. It begins on delivery. Keep the receipt.")
    two = passage("Sensors have 12 months.", "Sensors")
    reader = Reading(("The warranty is 24 months. It begins on delivery.", 0), (two.chunk.text, 1))

    answer = await said(ExtractiveVoice(reader, PERSONA), brief("How long?", one, two))

    assert answer == (
        "The warranty is 24 months. [1] It begins on delivery. [1] Sensors have 12 months. [2]"
    )


async def test_a_quote_that_points_back_brings_the_sentence_before_it(
    brief: Briefs, passage: Passages
) -> None:
    """ "It costs $39" says nothing without what "it" is."""
    found = passage("The MS-10 measures soil. It costs $39.")
    voice = ExtractiveVoice(Reading(("It costs $39.", 0)), PERSONA)

    assert await said(voice, brief("Price?", found)) == (
        "The MS-10 measures soil. [1] It costs $39. [1]"
    )


async def test_tables_and_code_stay_blocks_with_the_marker_after_them(
    brief: Briefs, passage: Passages
) -> None:
    """Nothing is put inside a table or a code block, and rows stand under one header."""
    table = passage("| Plan | Price |\n|---|---|\n| Sprout | free |\n| Grow | $6 |\n")
    code = passage("Run this:\n\n```bash\nmossgate stop --all\n```", "Command")
    reader = Reading(("| Plan | Price |\n|---|---|", 0), ("| Grow | $6 |", 0),
                     (code.chunk.text, 1))  # fmt: skip

    answer = await said(ExtractiveVoice(reader, PERSONA), brief("Price?", table, code))

    assert answer == (
        "| Plan | Price |\n|---|---|\n| Grow | $6 |\n\n[1]\n\n"
        "Run this:\n\n```bash\nmossgate stop --all\n```\n\n[2]"
    )


async def test_rows_of_a_table_that_was_cut_get_its_head(brief: Briefs, passage: Passages) -> None:
    """A chunk in the middle of a table knows its columns: they stand above its rows, once."""
    whole = passage("| Grow | $6 |\n| Estate | $18 |\n| Oak | $40 |")
    cut = Passage(replace(whole.chunk, headings=("Plans", "Plan | Price")), 1.0)
    reader = Reading(("| Grow | $6 |", 0), ("| Oak | $40 |", 0))

    answer = await said(ExtractiveVoice(reader, PERSONA), brief("Price?", cut))

    assert answer == "| Plan | Price |\n|---|---|\n| Grow | $6 |\n| Oak | $40 |\n\n[1]"


async def test_steps_get_an_opener_and_a_closer_once_in_a_thread(
    brief: Briefs, passage: Passages
) -> None:
    """A request may be met with a word of the persona, a plain question never is."""
    steps = passage("Do this:\n\n1. Open it.\n2. Turn it.\n3. Close it.")
    voice = ExtractiveVoice(Reading((steps.chunk.text, 0)), PERSONA)
    history = (Message(Role.USER, "Hi"),)

    first = await said(voice, brief("How do I open it?", steps))
    later = await said(voice, brief("How do I open it?", steps, history=history))
    fact = await said(voice, brief("Which way?", steps))

    assert first.startswith("Sure. Do this:\n\n1. Open it. [1]\n2. Turn it. [1]")
    assert first.endswith("3. Close it. [1]\n\nTell me if a step sticks.")
    assert not later.startswith("Sure.")
    assert not fact.startswith("Sure.")


async def test_a_lead_in_gets_no_marker(brief: Briefs, passage: Passages) -> None:
    """Half a sentence before a list states nothing by itself."""
    found = passage("A watering is skipped when\n\n- it rains, or\n- it storms.")
    voice = ExtractiveVoice(Reading((found.chunk.text, 0)), PERSONA)

    assert await said(voice, brief("When?", found)) == (
        "A watering is skipped when\n\n- it rains, or [1]\n- it storms. [1]"
    )


async def test_links_inside_the_documentation_become_text(brief: Briefs, passage: Passages) -> None:
    """A relative link leads nowhere from a chat; an absolute one stays."""
    found = passage("See [Returns](../returns.md) or [the shop](https://shop.example/).")
    voice = ExtractiveVoice(Reading((found.chunk.text, 0)), PERSONA)

    assert await said(voice, brief("Where?", found)) == (
        "See Returns or [the shop](https://shop.example/). [1]"
    )


async def test_a_reader_that_finds_nothing_is_silent(brief: Briefs, passage: Passages) -> None:
    """Neither a near quote nor an opener is said when nothing answers."""
    voice = ExtractiveVoice(Reading(("24 months.", 0), answered=False), PERSONA)

    assert await said(voice, brief("How do I fly?", passage("24 months."))) == ""
    assert await said(voice, brief("How do I fly?")) == ""


@pytest.mark.parametrize(
    ("text", "said_as"),
    [
        ("You commence at six.", "You start at six."),
        ("Commence at six.", "Start at six."),
        ("Tap **commence** at six.", "Tap **commence** at six."),
        ("Tap “commence” at six.", "Tap “commence” at six."),
        ("Run `commence` at six.", "Run `commence` at six."),
        ("A purchase is final.", "A purchase is final."),
        ("The purchase is final.", "The purchase is final."),
        ("It commences at six.", "It commences at six."),
        ("See https://x.example/commence now.", "See https://x.example/commence now."),
    ],
)
def test_preferred_words_are_swapped_only_where_it_is_safe(text: str, said_as: str) -> None:
    """Labels, quotes, code, links and likely nouns stay as they are written."""
    answer = "".join(Composer(PERSONA).compose([Quote(text, 0, 0, len(text))], "When?"))

    assert answer == f"{said_as} [1]"


# -- without facts ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "replies"),
    [
        ("hi", {"Hello!", "Hi there!"}),
        ("Good morning!", {"Hello!", "Hi there!"}),
        ("thanks a lot", {"You're welcome."}),
        ("Hey, thank you!", {"You're welcome."}),
        ("bye", {"Bye for now."}),
        ("Who are you?", {"I'm Juniper. Ask me about warranty, plans."}),
        ("hi, what can you do?", {"I'm Juniper. Ask me about warranty, plans."}),
        ("tell me a joke", {"I'm Juniper. Ask me about warranty, plans."}),
    ],
)
async def test_small_talk_is_answered_in_the_personas_words(
    brief: Briefs, text: str, replies: set[str]
) -> None:
    """Greeting, thanks, farewell and introduction need no documents."""
    voice = ExtractiveVoice(Reading(), PERSONA, topics=("warranty", "plans"))
    asked = brief(text, route=Route.VOICE)

    answer = await said(voice, asked)

    assert answer in replies
    assert await said(voice, asked) == answer


async def test_a_wish_for_a_person_is_answered_with_the_offer(brief: Briefs) -> None:
    """The reader's voice offers the handoff."""
    asked = brief("Can I talk to a human?", route=Route.HANDOFF)

    assert await said(ExtractiveVoice(Reading(), PERSONA), asked) == "Shall I ask a person?"
