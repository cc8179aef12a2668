"""The persona as operators look at it: who speaks, its file, its versions; and one that is edited
and tried before anybody saves it.

Nothing is stored here: the file on disk is the truth, and who may write it changes it.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol

from adapters.trials import Trial, Tried
from bot.errors import MissingFileError, UsageError
from persona.book import KeptPersona, PersonaBook, StyleBook
from persona.checking import check_text, samples_missing
from persona.differing import Line, compared
from persona.profile import (
    LARGEST_FILE,
    Finding,
    Persona,
    Severity,
    check_persona,
    persona_yaml_template,
    read_persona,
)
from persona.styling import Styler

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.conversation import Author
    from bot.ports import Embedder
    from bot.settings import Settings
    from bot.store.base import Database
    from persona.style import StyleScore

_CHECKED_TEXTS = 16
_FEW_SAMPLES = 5
"""Samples that are looked through while a page is made: some 10 ms each."""
_MODELLESS = (
    "No model is set, so the built-in reader answers: it quotes the documents, and takes only its "
    "phrases from the persona. Set OPENAI_BASE_URL and WELLSPOKEN_MODEL to hear the voice itself."
)


class PersonaBrokenError(UsageError):
    """The persona cannot speak yet: line {line}, {problem}. Mend it and try again."""


class Asking(Protocol):
    """Where a question is tried out; fulfilled by :class:`adapters.trying.TrialDesk`."""

    async def ask(self, trial: Trial, by: Author, *, keep: bool = False) -> Tried: ...


@dataclass(frozen=True, slots=True)
class Checked:
    """A persona's text looked through: ``persona`` is ``None`` where it has errors. ``whole``: its
    samples were looked through, too."""

    persona: Persona | None
    findings: tuple[Finding, ...]
    whole: bool = True

    @property
    def errors(self) -> int:
        return sum(finding.severity is Severity.ERROR for finding in self.findings)


@dataclass(frozen=True, slots=True)
class Learned:
    """The style classifier of a persona: when it was trained and its figures."""

    at: datetime
    figures: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Standing:
    """Who speaks, and what its file says now.

    ``path`` is ``None`` where no file is set: ``text`` is then one to start from. ``trouble`` says
    why the file cannot be read. ``changed``: the file says another persona than the one that
    speaks. ``missing`` samples with an ``off_voice`` would let the classifier be learned.
    """

    persona: Persona
    path: Path | None
    text: str
    checked: Checked
    changed: bool
    trouble: str
    missing: int
    learned: Learned | None
    versions: tuple[KeptPersona, ...]


@dataclass(frozen=True, slots=True)
class Scored:
    """A text's style in a persona; ``learned``: its classifier counted beside the rules."""

    text: str
    style: StyleScore
    learned: bool


class PersonaDesk:
    """The persona of one process."""

    def __init__(
        self,
        settings: Settings,
        persona: Persona,
        database: Database,
        embedder: Embedder | None,
        trials: Asking,
    ) -> None:
        self._settings = settings
        self._persona = persona
        self._database = database
        self._embedder = embedder
        self._trials = trials

    # -- looking --------------------------------------------------------------------------------

    async def standing(self) -> Standing:
        """Who speaks, its file and its versions; many samples that nobody looked through yet are
        left to :meth:`check`."""
        kept = await PersonaBook(self._database).listing()
        path, mine = self._path(), self._persona
        text, checked, trouble = await asyncio.to_thread(self._file, path)
        own = next((k for k in kept if k.version == mine.version), None)
        learned = None
        if own is not None and own.trained_at is not None:
            learned = Learned(own.trained_at, own.figures or {})
        said = checked.persona
        return Standing(
            persona=mine,
            path=path,
            text=text,
            checked=checked,
            changed=path is not None and (said is None or said.version != mine.version),
            trouble=trouble,
            missing=samples_missing(mine),
            learned=learned,
            versions=tuple(kept),
        )

    def _path(self) -> Path | None:
        """Where the file is, or should be."""
        try:
            return self._settings.persona_path
        except MissingFileError:  # it was there when the process started
            named = self._settings.bot.persona
            return None if named is None else self._settings.beside(named)

    def _file(self, path: Path | None) -> tuple[str, Checked, str]:
        """What the file says now, what is wrong with it, and why it cannot be read."""
        if path is None:
            text = persona_yaml_template(self._persona.name)
            return text, _at_once(text), ""
        try:
            if path.stat().st_size > LARGEST_FILE:
                return "", Checked(None, tuple(check_persona(path))), ""
            text = path.read_text("utf-8-sig")
        except UnicodeDecodeError:
            return "", Checked(None, tuple(check_persona(path))), ""
        except OSError as error:
            why = error.strerror or "it cannot be read"
            return "", Checked(None, ()), f"{path}: {why}. Put the file back, or mend its rights."
        return text, _at_once(text), ""

    async def difference(self, before: str, after: str) -> Sequence[Line]:
        """From one kept version to another, line by line. Raises NotFoundError."""
        book = PersonaBook(self._database)
        old, new = await book.get(before), await book.get(after)
        return compared(old.content, new.content)

    # -- trying ---------------------------------------------------------------------------------

    async def check(self, text: str) -> Checked:
        """Look through a text that is in no file."""
        return await asyncio.to_thread(_LOOKED.of, text)

    async def style(self, persona: Persona, text: str) -> Scored:
        """How well a text fits a persona; a classifier counts where one was learned for exactly
        this version."""
        model = await StyleBook(self._database).of(persona.version)
        styler = Styler(persona, self._embedder, model=model)
        return Scored(text, await styler.score(text), styler.model is not None)

    async def say(self, text: str, trial: Trial, by: Author) -> Tried:
        """Ask a question of the persona that a text describes, with the eyes of the trial.

        Raises PersonaBrokenError where the text has errors, and as trials do.
        """
        checked = await self.check(text)
        if checked.persona is None:
            first = next(f for f in checked.findings if f.severity is Severity.ERROR)
            raise PersonaBrokenError(line=first.line, problem=first.problem)
        return await self._trials.ask(replace(trial, edited=checked.persona), by)

    def remark(self) -> str:
        """What keeps the voice from being heard, in words; empty where a model is set."""
        config = self._settings
        return "" if config.openai_api_key or config.openai_base_url else _MODELLESS


class Looked:
    """Texts that were looked through: samples are told apart by a fit each, so the last ones are
    remembered."""

    def __init__(self, most: int = _CHECKED_TEXTS) -> None:
        self._most = most
        self._known: OrderedDict[str, Checked] = OrderedDict()
        self._lock = Lock()

    def known(self, text: str) -> Checked | None:
        """What was found in a text, where it was looked through before."""
        return self._known.get(text)

    def of(self, text: str) -> Checked:
        """The same, looked through where it was not."""
        found = self.known(text)
        if found is None:
            persona, findings = check_text(text)
            found = Checked(persona, tuple(findings))
            with self._lock:
                self._known[text] = found
                while len(self._known) > self._most:
                    self._known.popitem(last=False)
        return found


_LOOKED = Looked()


def _at_once(text: str) -> Checked:
    """What is known of a text without making anybody wait: where it has many samples that nobody
    looked through yet, all but these."""
    known = _LOOKED.known(text)
    if known is not None:
        return known
    persona, findings = read_persona(text)
    if len(persona.samples) <= _FEW_SAMPLES:
        return _LOOKED.of(text)
    broken = any(finding.severity is Severity.ERROR for finding in findings)
    return Checked(None if broken else persona, tuple(findings), whole=broken)


class Application(Protocol):
    """What the desk needs."""

    @property
    def settings(self) -> Settings: ...
    @property
    def persona(self) -> Persona: ...
    @property
    def database(self) -> Database: ...
    @property
    def embedder(self) -> Embedder: ...
    @property
    def trials(self) -> Asking: ...


def desk_of(app: Application) -> PersonaDesk:
    """The persona of an application."""
    return PersonaDesk(app.settings, app.persona, app.database, app.embedder, app.trials)
