"""The command ``wellspoken search`` on documentation, as somebody outside would measure it.

Pages are written out as Markdown files, and once more as one JSON Lines file, with the headings
that are asked blanked; ``wellspoken ingest`` reads them into a fresh home, ``wellspoken search
--jsonl`` is asked. A page counts at its first passage. The reference sees the same blanked pages: a
plain BM25 (k1 1.2, b 0.75, lower-cased alphanumeric words, no stemming) over windows of 250 words
every 200, each under its page's title, once with all that it finds, and once cut off at five pages,
which is the most that five passages can show.

    python -m benchmarks.bench_docs_search [--data ../shared/data] [--sets docs_wsl] [-k 5 10]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.bench_retrieval import PlainBM25, Question, in_order, scored, windows
from benchmarks.open_sets import blanked_pages, rows
from benchmarks.product import command
from benchmarks.reporting import figure


def blanked(folder: Path) -> tuple[dict[str, dict[str, str]], list[Question]]:
    """Pages by id, their asked headings overwritten with spaces, and the questions."""
    pages = blanked_pages(folder.name, folder.parent)
    faq = rows(f"{folder.name}/faq", folder.parent)
    questions = [Question(i["question"], frozenset(i["gold"])) for i in faq if i["answerable"]]
    return pages, questions


def written(pages: dict[str, dict[str, str]], folder: Path, form: str) -> Path:
    """What to ingest: a folder of Markdown files, or one file of JSON Lines."""
    if form == "jsonl":
        path = folder / "pages.jsonl"
        rows = (
            json.dumps({key: page[key] for key in ("id", "title", "text")})
            for page in pages.values()
        )
        path.write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
        return path
    path = folder / "pages"
    for name, page in pages.items():
        file = path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(page["text"], encoding="utf-8", newline="")
    return path


def searched(folder: Path, questions: Sequence[Question], k: int) -> list[list[str]]:
    """The pages found for each question, in order of their best passage."""
    rows = [json.dumps({"id": str(i), "query": q.text, "k": k}) for i, q in enumerate(questions)]
    printed = command(folder, "search", "--jsonl", "-", given="\n".join(rows))
    answers = [json.loads(row) for row in printed.splitlines()]
    return [in_order([p["document"] for p in answer["passages"]]) for answer in answers]


def mean(found: Sequence[list[str]], questions: Sequence[Question]) -> tuple[float, float]:
    scores = [scored(f, q.gold) for f, q in zip(found, questions, strict=True)]
    recalls, gains = zip(*scores, strict=True)
    return sum(recalls) / len(scores), sum(gains) / len(scores)


def row(set_: str, name: str, measured: tuple[float, float]) -> None:
    print(f"  {name:42}{measured[0]:10.3f}{measured[1]:9.3f}", flush=True)
    if name in {"plain BM25", "search -k 5, from .md"}:
        figure(f"{set_}, {name}: recall@5", measured[0], unit="share")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--sets", nargs="*", default=["docs_plausible", "docs_wsl"])
    parser.add_argument("-k", type=int, nargs="*", default=[5, 6, 10, 20])
    arguments = parser.parse_args()
    print(f"{'':44}{'recall@5':>10}{'nDCG@10':>9}")
    for name in arguments.sets:
        pages, questions = blanked(arguments.data / name)
        cut = [c for id_, page in pages.items() for c in windows(id_, page["title"], page["text"])]
        plain = PlainBM25(cut)
        found = [asyncio.run(plain(q.text)) for q in questions]
        print(f"{name}: {len(pages)} pages, {len(questions)} questions")
        row(name, "plain BM25", mean(found, questions))
        row(name, "plain BM25, its first five pages", mean([f[:5] for f in found], questions))
        for form in ("md", "jsonl"):
            with tempfile.TemporaryDirectory() as scratch:
                folder = Path(scratch)
                command(folder, "ingest", str(written(pages, folder, form)))
                for k in arguments.k:
                    row(
                        name,
                        f"search -k {k}, from .{form}",
                        mean(searched(folder, questions, k), questions),
                    )


if __name__ == "__main__":
    main()
