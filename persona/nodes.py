"""YAML read key by key, so that every complaint names its line.

PyYAML's loader forgets where a value stood; its node tree does not. A :class:`Section` walks one
mapping of that tree, hands out checked values and collects what is wrong instead of stopping at
the first mistake.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from enum import StrEnum

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

_TAG = "tag:yaml.org,2002:"
_KINDS = {
    f"{_TAG}str": "text",
    f"{_TAG}bool": "yes or no",
    f"{_TAG}int": "a number",
    f"{_TAG}float": "a number",
    f"{_TAG}null": "empty",
    f"{_TAG}timestamp": "a date",
    f"{_TAG}map": "a mapping",
    f"{_TAG}seq": "a list",
}


class Severity(StrEnum):
    """Whether a finding forbids the use of the file."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with a file, and on which line (counted from 1)."""

    line: int
    problem: str
    severity: Severity = Severity.ERROR


def line_of(node: Node) -> int:
    """The line on which a node begins, counted from 1."""
    return int(node.start_mark.line) + 1


def kind_of(node: Node) -> str:
    """What a node is, in words."""
    return _KINDS.get(node.tag, "something else")


def compose(text: str, findings: list[Finding]) -> MappingNode | None:
    """The mapping at the top of a YAML text; ``None``, with a finding, where there is none."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        findings.append(Finding(line, f"the character U+{error.character:04X} is not allowed"))
        return None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = error.problem or error.context or "it cannot be read"
        findings.append(Finding(mark.line + 1 if mark else 1, f"not valid YAML: {problem}"))
        return None
    except RecursionError:
        findings.append(Finding(1, "not valid YAML: lists are nested too deeply"))
        return None
    if node is None:
        findings.append(Finding(1, "the file is empty"))
        return None
    if not isinstance(node, MappingNode):
        findings.append(
            Finding(line_of(node), f"expected keys such as `name: Juniper`, found {kind_of(node)}")
        )
        return None
    return node


@dataclass
class Section:
    """One mapping of a YAML file; every ``take`` marks its key as known.

    Missing keys give the default. Wrong values give a finding and the default. :meth:`close`
    reports the keys that nobody took.
    """

    node: MappingNode
    findings: list[Finding]
    label: str = ""
    known: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._values: dict[str, Node] = {}
        self._lines: dict[str, int] = {}
        for key, value in self.node.value:
            name = str(key.value) if isinstance(key, ScalarNode) else ""
            if not name:
                self._report(key, "a key must be a word")
            elif name in self._values:
                self._report(key, f"{self._name(name)} is given twice")
            else:
                self._values[name] = value
                self._lines[name] = line_of(key)

    def _name(self, key: str) -> str:
        return f"{self.label}.{key}" if self.label else key

    def _report(self, node: Node, problem: str) -> None:
        self.findings.append(Finding(line_of(node), problem))

    def _take(self, key: str) -> Node | None:
        self.known.append(key)
        node = self._values.get(key)
        return None if node is not None and node.tag == f"{_TAG}null" else node

    def has(self, key: str) -> bool:
        """Whether the key is there, whatever its value."""
        return key in self._values

    def line(self, key: str) -> int:
        """The line of a key; that of the section where the key is missing."""
        return self._lines.get(key, line_of(self.node))

    def _scalar(self, node: Node, name: str, longest: int) -> str | None:
        if not isinstance(node, ScalarNode):
            self._report(node, f"{name} must be text, not {kind_of(node)}")
            return None
        if node.tag != f"{_TAG}str":
            advice = f'write "{node.value}" in quotes'
            self._report(node, f"{name} must be text, not {kind_of(node)}; {advice}")
            return None
        value = str(node.value).strip()
        if len(value) > longest:
            self._report(
                node, f"{name} is too long ({len(value)} characters); {longest} are the limit"
            )
            return None
        return value

    def text(self, key: str, default: str = "", *, longest: int = 500) -> str:
        """A text of at most ``longest`` characters."""
        node = self._take(key)
        if node is None:
            return default
        found = self._scalar(node, self._name(key), longest)
        return default if found is None else found

    def texts(
        self, key: str, default: tuple[str, ...] = (), *, longest: int = 300, most: int = 100
    ) -> tuple[str, ...]:
        """A text or a list of texts, without empty ones."""
        node = self._take(key)
        if node is None:
            return default
        return self._texts(node, self._name(key), longest, most)

    def _texts(self, node: Node, name: str, longest: int, most: int) -> tuple[str, ...]:
        if isinstance(node, SequenceNode):
            entries = list(node.value)
        elif isinstance(node, ScalarNode):
            entries = [node]
        else:
            self._report(node, f"{name} must be a text or a list of texts, not {kind_of(node)}")
            return ()
        if len(entries) > most:
            self._report(node, f"{name} has {len(entries)} entries; {most} are the limit")
            entries = entries[:most]
        found = (self._scalar(entry, f"an entry of {name}", longest) for entry in entries)
        return tuple(text for text in found if text)

    def pairs(self, key: str, *, longest: int = 80) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """A mapping of a text to texts, or a plain list of texts (nothing on the right then)."""
        node = self._take(key)
        if node is None:
            return ()
        name = self._name(key)
        if not isinstance(node, MappingNode):
            return tuple((text, ()) for text in self._texts(node, name, longest, 500))
        found = []
        for left, right in node.value:
            word = self._scalar(left, f"a word of {name}", longest)
            empty = right.tag == f"{_TAG}null"
            others = () if empty else self._texts(right, f"{name}.{left.value}", longest, 100)
            if word:
                found.append((word, others))
        return tuple(found)

    def flag(self, key: str, default: bool | None = None) -> bool | None:
        """Yes or no."""
        node = self._take(key)
        if node is None:
            return default
        if node.tag != f"{_TAG}bool":
            self._report(node, f"{self._name(key)} must be yes or no, not {kind_of(node)}")
            return default
        return str(node.value).lower() in ("yes", "true", "on")

    def number(self, key: str, default: int, *, least: int, most: int) -> int:
        """A whole number within the given bounds."""
        node = self._take(key)
        if node is None:
            return default
        name = self._name(key)
        digits = str(node.value)[:20]
        if not isinstance(node, ScalarNode) or not digits.isdecimal():
            shown = f'"{digits}"' if isinstance(node, ScalarNode) else kind_of(node)
            self._report(node, f"{name} must be a whole number, not {shown}")
            return default
        if not least <= int(digits) <= most:
            self._report(node, f"{name} must be from {least} to {most}, not {digits}")
            return default
        return int(digits)

    def choice(self, key: str, default: str, options: tuple[str, ...]) -> str:
        """One of the given words."""
        node = self._take(key)
        if node is None:
            return default
        # `emoji: no` is a bool to YAML, yet its author means the word.
        value = str(node.value).lower() if isinstance(node, ScalarNode) else ""
        if value not in options:
            shown = f'"{value[:40]}"' if value else kind_of(node)
            self._report(node, f"{self._name(key)} must be {' or '.join(options)}, not {shown}")
            return default
        return value

    def section(self, key: str) -> Section | None:
        """A mapping inside this one."""
        node = self._take(key)
        if node is None:
            return None
        if not isinstance(node, MappingNode):
            self._report(node, f"{self._name(key)} must be a mapping, not {kind_of(node)}")
            return None
        return Section(node, self.findings, self._name(key))

    def sections(self, key: str, *, most: int = 50) -> list[Section]:
        """A list of mappings."""
        node = self._take(key)
        if node is None:
            return []
        name = self._name(key)
        if not isinstance(node, SequenceNode):
            self._report(node, f"{name} must be a list, not {kind_of(node)}")
            return []
        if len(node.value) > most:
            self._report(node, f"{name} has {len(node.value)} entries; {most} are the limit")
        found = []
        for number, entry in enumerate(node.value[:most], 1):
            if isinstance(entry, MappingNode):
                found.append(Section(entry, self.findings, f"{name}[{number}]"))
            else:
                self._report(entry, f"{name}[{number}] must be a mapping, not {kind_of(entry)}")
        return found

    def close(self) -> None:
        """Report the keys that were never taken, each with the nearest known one."""
        for key in self._values:
            if key in self.known:
                continue
            near = difflib.get_close_matches(key.lower(), self.known, n=1, cutoff=0.6)
            advice = f'did you mean "{near[0]}"?' if near else f"known: {', '.join(self.known)}"
            self.findings.append(
                Finding(self.line(key), f'unknown key "{self._name(key)[:60]}"; {advice}')
            )
