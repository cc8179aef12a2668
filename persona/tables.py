"""The tables of the voice: data sets, fine-tuning jobs, versions, gates and canaries."""

from __future__ import annotations

import sqlalchemy as sa

from bot.store.base import metadata
from bot.store.columns import Json, Moment, Words


def _text(name: str) -> sa.Column[str]:
    """A text that is always there."""
    return sa.Column(name, Words, nullable=False)


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
    _text("name"),
    _json("content"),
    _moment("first_at"),
)

style_models = sa.Table(
    "style_models",
    metadata,
    sa.Column("persona", Words, primary_key=True),  # the version that it was trained for
    _text("embedder"),
    _json("weights"),
    _json("figures"),
    _moment("at"),
)

suites = sa.Table(
    "suites",
    metadata,
    sa.Column("digest", Words, primary_key=True),
    _text("name"),
    _text("path"),
    _number("cases"),
    _moment("at"),
)
"""Evaluation suites that were used in this home."""

suite_questions = sa.Table(
    "suite_questions",
    metadata,
    sa.Column("digest", sa.ForeignKey("suites.digest", ondelete="CASCADE"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    _text("question"),  # a question or a paraphrase of one: never to be trained on
)

datasets = sa.Table(
    "datasets",
    metadata,
    sa.Column("id", Words, primary_key=True),
    _text("format"),
    _text("persona"),  # its label: name and version
    _number("examples"),
    _number("train"),
    _number("validation"),
    _json("dropped"),
    _json("card"),
    _text("digest"),  # SHA-256 of both files
    _text("train_file"),
    _text("validation_file"),
    _moment("at"),
    sa.Index(None, "at", "id"),
)

dataset_examples = sa.Table(
    "dataset_examples",
    metadata,
    sa.Column("dataset_id", sa.ForeignKey("datasets.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    _text("split"),  # train or validation
    _number("line"),  # in the file of its split, from 0
    _text("turn_id"),
    _text("asker"),  # who asked, a key
    _text("author"),  # whose words the taught answer is, a key; empty: the bot's own
    sa.Index(None, "turn_id"),
    sa.Index(None, "author"),
    sa.Index(None, "asker"),
)
"""The lineage: from every line to its turn and its people. Turns may be gone, lines not."""

tuning_jobs = sa.Table(
    "tuning_jobs",
    metadata,
    sa.Column("id", Words, primary_key=True),
    _text("backend"),
    _text("method"),
    _text("base"),
    _text("dataset"),
    _text("status"),
    _text("remote"),  # the service's own id, or the trainer's process
    _text("model"),  # what came of it: a model's id or an adapter's folder
    _text("version"),  # as registered; empty: not yet
    _text("error"),
    _json("options"),
    _json("progress"),  # step, steps, loss, seconds left
    _text("by"),
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
    _text("kind"),
    _text("message"),
    _json("data"),
    _moment("at"),
)

model_versions = sa.Table(
    "model_versions",
    metadata,
    sa.Column("version", Words, primary_key=True),  # v1, v2 …
    sa.Column("number", sa.Integer, nullable=False, unique=True),
    _text("model"),  # the id that it is asked by at the model server
    _text("base"),
    _text("backend"),
    _text("method"),
    _text("dataset"),
    _text("job"),
    _text("adapter"),  # the folder of its LoRA adapter; empty: the service keeps it
    _text("persona"),
    _text("state"),
    _json("scores"),
    _text("why"),  # the last change of state, in words
    _text("by"),
    _moment("at"),
    _moment("state_at"),
    sa.Index(None, "state"),
    sa.Index(None, "dataset"),
)

releases = sa.Table(
    "releases",
    metadata,
    sa.Column("name", Words, primary_key=True),
    _text("live"),  # a version; empty: none, the general model speaks
    _text("canary"),  # a version; empty: none
    sa.Column("share", sa.Double, nullable=False),
    _number("revision"),  # grows with every change
    _text("by"),
    _moment("at"),
)
"""What is released: one row, read by every process every few seconds."""

promotions = sa.Table(
    "promotions",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    _text("version"),  # what became live; empty: none
    _text("before"),
    _text("how"),  # promote, force or rollback
    _text("reason"),
    _text("by"),
    _moment("at"),
)

gates = sa.Table(
    "gates",
    metadata,
    sa.Column("id", Words, primary_key=True),
    _text("version"),
    _text("against"),  # the version or model that it was compared with
    _text("suite"),
    _text("digest"),
    _text("verdict"),
    _json("reasons"),
    _json("candidate"),
    _json("live"),
    _text("report"),
    _text("by"),
    _moment("at"),
    sa.Index(None, "version", "at"),
)

canaries = sa.Table(
    "canaries",
    metadata,
    sa.Column("id", Words, primary_key=True),
    _text("version"),
    _text("against"),
    sa.Column("share", sa.Double, nullable=False),
    _text("state"),  # running, rolled back, promoted, ended
    _text("why"),
    _json("figures"),
    _text("by"),
    _moment("at"),
    _moment("ended_at", nullable=True),
    sa.Index(None, "version", "at"),
)
