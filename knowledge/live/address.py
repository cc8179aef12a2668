"""An address with ``{parameters}``: a value fills one path segment or one query value, no more.

The parts of the address are the operator's: no value can change the scheme, the host, the number of
segments or the names of the query. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from knowledge.live.shapes import LONGEST_VALUE

_HOLE = re.compile(r"\{([^{}]*)\}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


@dataclass(frozen=True)
class AddressTemplate:
    """A web address with holes; made by :func:`address_template`."""

    pieces: tuple[str, ...]
    holes: tuple[str, ...]

    def fill(self, values: Mapping[str, str]) -> str:
        """The address with each value percent-encoded as a whole.

        Raises ValueError for a value that cannot be one segment: empty, only dots, too long, with
        line ends or other controls. The message holds no value.
        """
        out = self.pieces[0]
        for hole, piece in zip(self.holes, self.pieces[1:], strict=True):
            out += _encoded(values[hole]) + piece
        return out


def _encoded(value: str) -> str:
    if not value or len(value) > LONGEST_VALUE:
        raise ValueError(f"a value has 1 to {LONGEST_VALUE} characters")
    if _CONTROL.search(value):
        raise ValueError("a value holds no line ends and no controls")
    if not value.strip(". "):
        raise ValueError("a value is more than dots")
    return quote(value, safe="")


def address_template(url: str) -> AddressTemplate:
    """The template of an address. Raises ValueError that says what is wrong with it, without the
    address, which may hold a key."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("its url must start with http:// or https:// and a host")
    if re.search(r"\s", url) or _CONTROL.search(url):
        raise ValueError("its url holds white space; write %20 for a space")
    if "{" in parts.netloc or "}" in parts.netloc:
        raise ValueError("its url may have {parameters} in the path and the query only")
    if parts.fragment:
        raise ValueError("its url has a # part, which is never sent; leave it out")
    holes = tuple(_HOLE.findall(url))
    pieces = tuple(_HOLE.split(url)[::2])
    if any(not _NAME.fullmatch(hole) for hole in holes) or re.search(r"[{}]", "".join(pieces)):
        raise ValueError("its url has a brace that encloses no parameter, like {code}")
    if any("{" in name for name in _query_names(parts.query)):
        raise ValueError("its url may have {parameters} in the values of its query only")
    _ = parts.port  # raises ValueError where it is no number
    return AddressTemplate(pieces, holes)


def _query_names(query: str) -> Iterator[str]:
    for pair in query.split("&"):
        yield pair.partition("=")[0]
