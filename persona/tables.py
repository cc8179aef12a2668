"""The tables of the voice: data sets, fine-tuning jobs, versions, gates and canaries."""

from __future__ import annotations

import sqlalchemy as sa

from bot.store.base import metadata
from bot.store.columns import Json, Moment, Words, text_column


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False)


def _json(name: str) -> sa.Column[object]:
    return sa.Column(name, Json, nullable=False)


def _moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, Moment, nullable=nullable)


personas = sa.Table(
    "personas",
    metadata,
    sa.Column("version", Words, primary_key=True),  # of its content
    text_column("name"),
    _json("content"),
    _moment("first_at"),
)

style_models = sa.Table(
    "style_models",
    metadata,
    sa.Column("persona", Words, primary_key=True),  # the version that it was trained for
    text_column("embedder"),
    _json("weights"),
    _json("figures"),
    _moment("at"),
)

suites = sa.Table(
    "suites",
    metadata,
    sa.Column("digest", Words, primary_key=True),
    text_column("name"),
    text_column("path"),
    _number("cases"),
    _moment("at"),
)
"""Evaluation suites that were used in this home."""

suite_questions = sa.Table(
    "suite_questions",
    metadata,
    sa.Column("digest", sa.ForeignKey("suites.digest", ondelete="CASCADE"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    text_column("question"),  # a question or a paraphrase of one: never to be trained on
)

datasets = sa.Table(
    "datasets",
    metadata,
    sa.Column("id", Words, primary_key=True),
    text_column("format"),
    text_column("persona"),  # its label: name and version
    _number("examples"),
    _number("train"),
    _number("validation"),
    _json("dropped"),
    _json("card"),
    text_column("digest"),  # SHA-256 of both files
    text_column("train_file"),
    text_column("validation_file"),
    _moment("at"),
    sa.Index(None, "at", "id"),
)

dataset_examples = sa.Table(
    "dataset_examples",
    metadata,
    sa.Column("dataset_id", sa.ForeignKey("datasets.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    text_column("split"),  # train or validation
    _number("line"),  # in the file of its split, from 0
    text_column("turn_id"),
    text_column("asker"),  # who asked, a key
    text_column("author"),  # whose words the taught answer is, a key; empty: the bot's own
    sa.Index(None, "turn_id"),
    sa.Index(None, "author"),
    sa.Index(None, "asker"),
)
"""The lineage: from every line to its turn and its people. Turns may be gone, lines not."""

tuning_jobs = sa.Table(
    "tuning_jobs",
    metadata,
    sa.Column("id", Words, primary_key=True),
    text_column("backend"),
    text_column("method"),
    text_column("base"),
    text_column("dataset"),
    text_column("status"),
    text_column("remote"),  # the service's own id, or the trainer's process
    text_column("model"),  # what came of it: a model's id or an adapter's folder
    text_column("version"),  # as registered; empty: not yet
    text_column("error"),
    _json("options"),
    _json("progress"),  # step, steps, loss, seconds left
    text_column("by"),
    _moment("at"),
    _moment("started_at", nullable=True),
    _moment("finished_at", nullable=True),
    sa.Index(None, "at", "id"),
    sa.Index(None, "status"),
)

tuning_events = sa.Table(
    "tuning_events",
    metadata,
    sa.Column("job_id", sa.ForeignKey("tuning_jobs.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    text_column("kind"),
    text_column("message"),
    _json("data"),
    _moment("at"),
)

model_versions = sa.Table(
    "model_versions",
    metadata,
    sa.Column("version", Words, primary_key=True),  # v1, v2 …
    sa.Column("number", sa.Integer, nullable=False, unique=True),
    text_column("model"),  # the id that it is asked by at the model server
    text_column("base"),
    text_column("backend"),
    text_column("method"),
    text_column("dataset"),
    text_column("job"),
    text_column("adapter"),  # the folder of its LoRA adapter; empty: the service keeps it
    text_column("persona"),
    text_column("state"),
    _json("scores"),
    text_column("why"),  # the last change of state, in words
    text_column("by"),
    _moment("at"),
    _moment("state_at"),
    sa.Index(None, "state"),
    sa.Index(None, "dataset"),
)

releases = sa.Table(
    "releases",
    metadata,
    sa.Column("name", Words, primary_key=True),
    text_column("live"),  # a version; empty: none, the general model speaks
    text_column("canary"),  # a version; empty: none
    sa.Column("share", sa.Double, nullable=False),
    _number("revision"),  # grows with every change
    text_column("by"),
    _moment("at"),
)
"""What is released: one row, read by every process every few seconds."""

promotions = sa.Table(
    "promotions",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    text_column("version"),  # what became live; empty: none
    text_column("before"),
    text_column("how"),  # promote, force or rollback
    text_column("reason"),
    text_column("by"),
    _moment("at"),
)

gates = sa.Table(
    "gates",
    metadata,
    sa.Column("id", Words, primary_key=True),
    text_column("version"),
    text_column("against"),  # the version or model that it was compared with
    text_column("suite"),
    text_column("digest"),
    text_column("verdict"),
    _json("reasons"),
    _json("candidate"),
    _json("live"),
    text_column("report"),
    text_column("by"),
    _moment("at"),
    sa.Index(None, "version", "at"),
)

canaries = sa.Table(
    "canaries",
    metadata,
    sa.Column("id", Words, primary_key=True),
    text_column("version"),
    text_column("against"),
    sa.Column("share", sa.Double, nullable=False),
    text_column("state"),  # running, rolled back, promoted, ended
    text_column("why"),
    _json("figures"),
    text_column("by"),
    _moment("at"),
    _moment("ended_at", nullable=True),
    sa.Index(None, "version", "at"),
)
