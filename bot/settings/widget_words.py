"""The words of the chat on websites that can be said in another language."""

from __future__ import annotations

WORDS = (
    "Your question",
    "Send",
    "New conversation",
    "Close",
    "Conversation",
    "Table",
    "You could ask",
    "You asked: ",
    "Reading the documents…",
    "{bot} is reading the documents.",
    "{bot} answered: ",
    "Every answer names its sources.",
    "Sources",
    "Source {n}: ",
    "(opens a new tab)",
    "Not in the documents",
    "For a person",
    "One thing first",
    "Thumbs up",
    "Thumbs down",
    "Good answer",
    "Could be better",
    "Glad it helped.",
    "What was wrong?",
    "Not correct",
    "Not what I asked",
    "Incomplete",
    "Out of date",
    "Hard to read",
    "A better answer",
    "Submit",
    "Thank you. That goes to the people who look after this.",
    "Try again",
    "This answer could not be stored, so it cannot be rated.",
    "That could not be kept. Try again in a moment.",
    "That did not work; try again in a moment.",
    "{bot} could not be reached. Try again in a moment.",
    "You are offline.",
    "You are offline. Your question can be sent again once you are back.",
    "This chat is not set up for this website.",
)
"""As they stand in its script; ``{bot}`` is the bot's name, ``{n}`` a number."""

LONGEST = 200


def checked_words(value: dict[str, str]) -> dict[str, str]:
    """Words by those that they stand for, with the blanks at their ends and the same holes. Raises
    ValueError with advice."""
    known = {words.strip(): words for words in WORDS}
    found: dict[str, str] = {}
    for given, said in value.items():
        english = known.get(given.strip())
        if english is None:
            raise ValueError(f'"{given}" is none of the widget\'s words; docs/widget.md lists them')
        if not said.strip() or len(said) > LONGEST:
            raise ValueError(f'"{given}" needs 1 to {LONGEST} characters')
        for hole in ("{bot}", "{n}"):
            if said.count(hole) != english.count(hole):
                wanted = "needs" if hole in english else "has no"
                raise ValueError(f'"{given}" {wanted} {hole} in it, once')
        found[english] = said.strip() + (" " if english.endswith(" ") else "")
    return found
