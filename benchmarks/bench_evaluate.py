"""`evaluate` over 1,000 questions in four modes, against a model without delay.

The questions are those of SQuAD 2 with the paragraphs that they were asked about, from
``../shared/data`` where it is there, else the sample suite's, over and over. The model is a
stand-in on loopback, in a process of its own, that quotes the passages. What is measured is the
command from start to page, as somebody at a terminal waits for it.

    python -m benchmarks.bench_evaluate [--questions 1000] [--profile FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.open_sets import ROOT, data_folder, rows
from benchmarks.reporting import at_most, figure

MODES = ("rag", "voice", "hybrid", "auto")
PORT = 9378
BAR = at_most(180)
COMMAND = "from adapters.cli.main import main; main()"


def suite(count: int, folder: Path) -> list[dict[str, Any]]:
    """So many cases; the documents that they are about lie in ``folder`` afterwards."""
    folder.mkdir()
    if not (data_folder() / "squad2").is_dir():
        return list(_sample(count, folder))
    asked = rows("squad2/questions")[:count]
    wanted = {document for case in asked for document in case["gold"]}
    pages = [page for page in rows("squad2/corpus") if page["id"] in wanted]
    names = {page["id"]: f"{page['id'].replace('#', '-').replace('/', '-')}.md" for page in pages}
    for page in pages:
        (folder / names[page["id"]]).write_text(f"# {page['title']}\n\n{page['text']}\n", "utf-8")
    return [
        {
            "id": case["id"],
            "question": case["question"],
            "answers": case["answers"],
            "answerable": case["answerable"],
            "gold": [names[document] for document in case["gold"]] if case["answerable"] else [],
        }
        for case in asked
    ]


def _sample(count: int, folder: Path) -> Iterator[dict[str, Any]]:
    from knowledge.sample import sample_folder, sample_suite

    for path in sample_folder().rglob("*.md"):
        (folder / path.name).write_bytes(path.read_bytes())
    cases = [json.loads(line) for line in sample_suite().read_text("utf-8").splitlines()]
    for number in range(count):
        case = cases[number % len(cases)]
        yield {
            **case,
            "id": f"{case['id']}-{number}",
            "gold": [Path(name).name for name in case.get("gold", [])],
            "paraphrases": [],
        }


@contextmanager
def model() -> Iterator[str]:
    """A stand-in that answers at once; its address."""
    stand_in = [sys.executable, "-m", "tests.platforms.openai_server", "--port", str(PORT)]
    server = subprocess.Popen(
        stand_in, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        time.sleep(1.5)
        yield f"http://127.0.0.1:{PORT}/v1"
    finally:
        server.terminate()
        server.wait()


def run(folder: Path, url: str, *arguments: str, profile: Path | None = None) -> str:
    """What the command prints in a home under ``folder``."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("WELLSPOKEN_", "OPENAI_"))}
    measured = ["-m", "cProfile", "-o", str(profile)] if profile else []
    code = folder / "command.py"
    code.write_text(COMMAND, "utf-8")
    done = subprocess.run(
        [sys.executable, *measured, str(code), *arguments],
        cwd=folder,
        env={
            **kept,
            "PYTHONPATH": str(ROOT),
            "WELLSPOKEN_HOME": str(folder / "home"),
            "OPENAI_BASE_URL": url,
            "WELLSPOKEN_MODEL": "stand-in",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    return done.stdout


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=int, default=1000)
    parser.add_argument("--modes", nargs="+", default=MODES, choices=MODES)
    parser.add_argument("--profile", type=Path, help="write a profile of the command here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, model() as url:
        folder = Path(name)
        cases = suite(options.questions, folder / "docs")
        lines = (json.dumps(case) for case in cases)
        (folder / "suite.jsonl").write_text("\n".join(lines), "utf-8")
        begun = time.perf_counter()
        run(folder, url, "ingest", "docs")
        print(f"ingested {len(list((folder / 'docs').iterdir()))} documents in "
              f"{time.perf_counter() - begun:.1f} s")  # fmt: skip
        asked = [part for mode in options.modes for part in ("--mode", mode)]
        begun = time.perf_counter()
        told = run(
            folder, url, "evaluate", "suite.jsonl", *asked, "--json", profile=options.profile
        )
        seconds = time.perf_counter() - begun
        card = json.loads(told)
        answers = len(cases) * len(options.modes)
        print(f"{len(cases)} questions in {len(options.modes)} modes: {seconds:.1f} s, "
              f"{1000 * seconds / answers:.1f} ms an answer")  # fmt: skip
        if (options.questions, len(options.modes)) == (1000, len(MODES)):
            figure("1,000 questions in four modes", seconds, unit="s", bar=BAR, speed=True)
        size = Path(card["report"]).stat().st_size / 1e6
        print(f"the page: {size:.1f} MB")
        for mode, found in card["modes"].items():
            times = ", ".join(f"{k} {v['p50_ms']:.1f}" for k, v in found["stages"].items())
            print(f"  {mode}: accuracy {found['accuracy']:.3f}, median ms by stage: {times}")


if __name__ == "__main__":
    main()
