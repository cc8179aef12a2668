"""The same job in Wellspoken, LangChain, LangGraph, LlamaIndex, Haystack and a bare loop.

    python -m benchmarks.bench_peers [--passages 2000 20000] [--turns 100] [--only ours bare ...]
        [--python PATH]

Six messages of history, a hybrid search for the best five of what the asker may see, an answer of
150 streamed tokens with numbered sources, the pair kept on disk (``peers/job.py``). All share one
embedder, the same passages and vectors, and a stand-in model on loopback in a process of its own;
each runs in a process of its own, one after the other, in one run of one machine. CPU is that of
the whole process, all its threads.

The peers have an environment of their own, made at the first run from ``peers/requirements.txt``
in the cache of this user (2 GB), or given by ``--python``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.bench_turn import question, texts, vectors
from benchmarks.open_sets import ROOT
from benchmarks.product import environment
from benchmarks.reporting import NotRunError, at_least, at_most, figure, not_run

PEERS = Path(__file__).parent / "peers"
SCRIPTS = {
    "wellspoken": "ours.py",
    "bare": "bare.py",
    "langchain": "langchain_chroma_peer.py",
    "langgraph": "langgraph_peer.py",
    "llamaindex": "llamaindex_peer.py",
    "haystack": "haystack_peer.py",
}
NAMES = {
    "wellspoken": "Wellspoken",
    "bare": "bare loop",
    "langchain": "LangChain, Chroma",
    "langgraph": "LangGraph, FAISS",
    "llamaindex": "LlamaIndex, LanceDB",
    "haystack": "Haystack",
}
FRAMEWORKS = ("langchain", "langgraph", "llamaindex", "haystack")
PORT = 9379
_PER_DOCUMENT, _GROUPS = 10, 10
_LONGEST_S = 300.0
"""What a peer may take for its turns; they take a tenth of it."""

Figures = dict[str, float]


async def _prepare(folder: Path, count: int, asked: int) -> None:
    """Passages, their vectors and questions that quote some of them."""
    from knowledge.embedder import MODEL, BuiltinEmbedder

    rng, pieces = random.Random(11), texts(count)
    numbers = range(count)
    groups = [
        f"g{n // _PER_DOCUMENT % _GROUPS}" if n // _PER_DOCUMENT % 5 == 0 else "" for n in numbers
    ]
    with (folder / "passages.jsonl").open("w", encoding="utf-8") as file:
        for n, text in enumerate(pieces):
            row = {"id": f"doc-{n:06}", "title": f"Document {n}", "text": text}
            row |= {"uri": f"https://docs.example/doc-{n:06}", "group": groups[n]}
            file.write(json.dumps(row) + "\n")
    embedder = BuiltinEmbedder()
    found = vectors(count, embedder.dimensions, np.random.default_rng(7))
    chosen = rng.sample([n for n in numbers if not groups[n]], asked)
    questions = []
    for n in chosen:
        questions.append(question(pieces[n], rng))
        near = await embedder.embed_query(questions[-1])
        aside = found[n] - (found[n] @ near) * near
        found[n] = 0.7 * near + 0.714 * aside / np.linalg.norm(aside)
    embedder.close()
    np.save(folder / "vectors.npy", found.astype(np.float32))
    (folder / "questions.json").write_text(json.dumps(questions), "utf-8")
    place = ROOT / "knowledge" / "models" / MODEL
    (folder / "embedder.txt").write_text(str(place), "utf-8")


def _environment() -> Path:
    """The Python of the peers, made where there is none."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "wellspoken"
    place = cache / "bench-peers"
    python, made = place / "bin" / "python", place / "made"
    wanted = (PEERS / "requirements.txt").read_text("utf-8")
    if not made.is_file() or made.read_text("utf-8") != wanted:
        print("Installing the peers, which takes some minutes …", file=sys.stderr, flush=True)
        subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
        install = [str(python), "-m", "pip", "install", "--quiet", "-r"]
        done = subprocess.run([*install, str(PEERS / "requirements.txt")], check=False)
        if done.returncode:
            raise NotRunError("the peers cannot be installed here")
        made.write_text(wanted, "utf-8")
    return python


def _one(name: str, python: str | Path, folder: Path, turns: int) -> Figures:
    """What a peer's process says of itself."""
    command = [str(python), str(PEERS / SCRIPTS[name]), str(folder), f"http://127.0.0.1:{PORT}/v1"]
    kept = environment()
    kept |= {"PYTHONPATH": str(ROOT)} if name == "wellspoken" else {}
    silent = {"ANONYMIZED_TELEMETRY": "False", "HAYSTACK_TELEMETRY_ENABLED": "False"}
    try:
        done = subprocess.run(
            [*command, "--turns", str(turns)],
            env={**kept, **silent, "OMP_NUM_THREADS": "2"},
            capture_output=True,
            text=True,
            check=False,
            timeout=_LONGEST_S,
        )
    except subprocess.TimeoutExpired as error:
        raise SystemExit(f"{name} stood still for {_LONGEST_S:.0f} s; run it again.") from error
    if done.returncode:
        raise SystemExit(f"{name} failed:\n{done.stderr[-2000:]}")
    found: Figures = json.loads(done.stdout.splitlines()[-1])
    return found


def _tell(count: int, found: dict[str, Figures]) -> None:
    """The table, and the ratios that are bars."""
    print(f"\n{count:,} passages")
    for name, told in found.items():
        print(
            f"  {NAMES[name]:22} CPU {told['cpu_ms']:6.1f} ms, wall {told['wall_ms']:6.1f} ms, "
            f"first {told['first_ms']:6.1f} ms, {told['per_second']:5.1f}/s at 16, "
            f"{told['memory_mb']:5.0f} MB, {told['cited']:.0%} cited"
        )
        figure(f"{count:,}: {NAMES[name]}, CPU an answer", told["cpu_ms"], unit="ms", speed=True)
        figure(f"{count:,}: {NAMES[name]}, answers/s at 16", told["per_second"], speed=True)
        figure(f"{count:,}: {NAMES[name]}, memory", told["memory_mb"], unit="MB")
    ours, others = found.get("wellspoken"), [found[n] for n in FRAMEWORKS if n in found]
    if ours is None or not others:
        return
    best = min(told["cpu_ms"] for told in others)
    figure(f"{count:,}: CPU, part of the best peer's", ours["cpu_ms"] / best, bar=at_most(0.25))
    if "bare" in found:
        bare = ours["cpu_ms"] / found["bare"]["cpu_ms"]
        figure(f"{count:,}: CPU, part of the bare loop's", bare, bar=at_most(0.5))
    fastest = max(told["per_second"] for told in others)
    times = ours["per_second"] / fastest
    figure(f"{count:,}: answers/s, times the best peer's", times, bar=at_least(4))


def main() -> None:
    """Measure all, in one run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passages", type=int, nargs="+", default=[2_000, 20_000])
    parser.add_argument("--turns", type=int, default=100)
    parser.add_argument("--only", nargs="+", choices=list(SCRIPTS), default=list(SCRIPTS))
    parser.add_argument("--python", type=Path, help="of an environment that has the peers")
    options = parser.parse_args()
    try:
        peers = options.python or _environment() if set(options.only) - {"wellspoken"} else None
    except NotRunError as error:
        not_run(str(error))
        raise SystemExit(str(error)) from None
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "tests.platforms.openai_server", "--port", str(PORT)),
            *("--tokens", "150", "--first-token-ms", "0"),
        ],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        time.sleep(2)
        for count in options.passages:
            with tempfile.TemporaryDirectory() as name:
                folder = Path(name)
                asyncio.run(_prepare(folder, count, 2 * options.turns + 5))
                found = {
                    each: _one(
                        each,
                        sys.executable if each == "wellspoken" else peers,
                        folder,
                        options.turns,
                    )
                    for each in options.only
                }
                _tell(count, found)
    finally:
        server.terminate()


if __name__ == "__main__":
    main()
