"""The open sets as they lie in a folder: gzipped JSON Lines, one object a line.

Every benchmark reads them here. The folder is ``$WELLSPOKEN_OPEN_SETS``, else ``../shared/data``
beside the checkout; its README tells what a file holds.
"""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
Row = dict[str, Any]


def data_folder() -> Path:
    """Where the open sets lie: ``WELLSPOKEN_OPEN_SETS``, else ``../shared/data``."""
    return Path(os.environ.get("WELLSPOKEN_OPEN_SETS", ROOT.parent / "shared" / "data"))


def lines(path: Path) -> list[Row]:
    """The lines of one gzipped file."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def rows(name: str, data: Path | None = None) -> list[Row]:
    """The lines of one file of the open sets, as ``squad2/questions``."""
    return lines((data or data_folder()) / f"{name}.jsonl.gz")


def blanked_pages(name: str, data: Path | None = None) -> dict[str, Row]:
    """The pages of a documentation set by id, the headings that are asked overwritten with spaces.

    Without that the question itself would stand in the page.
    """
    pages = {page["id"]: page for page in rows(f"{name}/pages", data)}
    for item in rows(f"{name}/faq", data):
        for span in item["spans"]:
            page = pages[span["page"]]
            start, end = span["heading"]
            page["text"] = page["text"][:start] + " " * (end - start) + page["text"][end:]
    return pages


def gold_passages(row: Row, corpus: list[Row]) -> tuple[str, ...]:
    """The ids of a question's gold passages that are in the corpus; northwind names pages."""
    if "gold_pages" in row:
        return tuple(r["id"] for r in corpus if r["page"] in row["gold_pages"])
    there = {r["id"] for r in corpus}
    return tuple(g for g in row.get("gold") or () if g in there)
