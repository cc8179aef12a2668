"""The loop from thumbs to a model: rewrites, data sets, jobs, versions, gates, canaries."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

_MOMENT = sa.DateTime(timezone=True)


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def _numbers(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.Integer(), nullable=False) for name in names]


def _at(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, _MOMENT, nullable=nullable)


def _key(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*columns, name=f"pk_{table}")


def _foreign(table: str, column: str, to: str, of: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_{column}_{to}"
    return sa.ForeignKeyConstraint([column], [f"{to}.{of}"], name=name, ondelete="CASCADE")


def _index(table: str, *columns: str) -> None:
    op.create_index(f"ix_{table}_{'_'.join(columns)}", table, list(columns))


def upgrade() -> None:
    """Create the tables."""
    with op.batch_alter_table("turns") as turns:
        turns.add_column(sa.Column("style", sa.Double()))
    op.create_table(
        "rewrites",
        *_texts("turn_id", "verdict", "text", "prompt", "author", "by"),
        _at("at"),
        _foreign("rewrites", "turn_id", "turns", "id"),
        _key("rewrites", "turn_id"),
    )
    _index("rewrites", "at", "turn_id")
    _personas()
    _suites()
    _datasets()
    _tuning()
    _versions()
    _releases()


def _personas() -> None:
    op.create_table(
        "personas",
        *_texts("version", "name", "content"),
        _at("first_at"),
        _key("personas", "version"),
    )
    op.create_table(
        "style_models",
        *_texts("persona", "embedder", "weights", "figures"),
        _at("at"),
        _key("style_models", "persona"),
    )


def _suites() -> None:
    op.create_table(
        "suites", *_texts("digest", "name", "path"), *_numbers("cases"), _at("at"),
        _key("suites", "digest"),
    )  # fmt: skip
    op.create_table(
        "suite_questions",
        *_texts("digest"),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        *_texts("question"),
        _foreign("suite_questions", "digest", "suites", "digest"),
        _key("suite_questions", "digest", "position"),
    )


def _datasets() -> None:
    op.create_table(
        "datasets",
        *_texts("id", "format", "persona"),
        *_numbers("examples", "train", "validation"),
        *_texts("dropped", "card", "digest", "train_file", "validation_file"),
        _at("at"),
        _key("datasets", "id"),
    )
    _index("datasets", "at", "id")
    op.create_table(
        "dataset_examples",
        *_texts("dataset_id"),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        *_texts("split"),
        *_numbers("line"),
        *_texts("turn_id", "asker", "author"),
        _foreign("dataset_examples", "dataset_id", "datasets", "id"),
        _key("dataset_examples", "dataset_id", "position"),
    )
    for column in ("turn_id", "author", "asker"):
        _index("dataset_examples", column)


def _tuning() -> None:
    op.create_table(
        "tuning_jobs",
        *_texts("id", "backend", "method", "base", "dataset", "status", "remote", "model"),
        *_texts("version", "error", "options", "progress", "by"),
        _at("at"),
        _at("started_at", nullable=True),
        _at("finished_at", nullable=True),
        _key("tuning_jobs", "id"),
    )
    _index("tuning_jobs", "at", "id")
    _index("tuning_jobs", "status")
    op.create_table(
        "tuning_events",
        *_texts("job_id"),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        *_texts("kind", "message", "data"),
        _at("at"),
        _foreign("tuning_events", "job_id", "tuning_jobs", "id"),
        _key("tuning_events", "job_id", "position"),
    )


def _versions() -> None:
    op.create_table(
        "model_versions",
        *_texts("version"),
        *_numbers("number"),
        *_texts("model", "base", "backend", "method", "dataset", "job", "adapter", "persona"),
        *_texts("state", "scores", "why", "by"),
        _at("at"),
        _at("state_at"),
        sa.UniqueConstraint("number", name="uq_model_versions_number"),
        _key("model_versions", "version"),
    )
    _index("model_versions", "state")
    _index("model_versions", "dataset")
    op.create_table(
        "gates",
        *_texts("id", "version", "against", "suite", "digest", "verdict", "reasons"),
        *_texts("candidate", "live", "report", "by"),
        _at("at"),
        _key("gates", "id"),
    )
    _index("gates", "version", "at")


def _releases() -> None:
    op.create_table(
        "releases",
        *_texts("name", "live", "canary"),
        sa.Column("share", sa.Double(), nullable=False),
        *_numbers("revision"),
        *_texts("by"),
        _at("at"),
        _key("releases", "name"),
    )
    op.create_table(
        "promotions",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        *_texts("version", "before", "how", "reason", "by"),
        _at("at"),
        _key("promotions", "number"),
    )
    op.create_table(
        "canaries",
        *_texts("id", "version", "against"),
        sa.Column("share", sa.Double(), nullable=False),
        *_texts("state", "why", "figures", "by"),
        _at("at"),
        _at("ended_at", nullable=True),
        _key("canaries", "id"),
    )
    _index("canaries", "version", "at")
