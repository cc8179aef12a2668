"""Plain text: as it is."""

from __future__ import annotations

from collections.abc import Iterator

from knowledge.document import Document, RawDocument, clean
from knowledge.readers.encoding import decode
from knowledge.readers.front_matter import split_front_matter


def read(content: bytes, raw: RawDocument) -> Iterator[Document]:
    """One document, titled by its file unless front matter says otherwise."""
    front = split_front_matter(clean(decode(content)))
    yield raw.document(
        front.body, title=front.title, uri=front.uri, groups=front.groups, dated=front.dated
    )
