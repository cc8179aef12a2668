"""The tables of ``wellspoken.toml`` for the loop from thumbs to a model."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from bot.settings.sections import Duration, Group, Section


class TrainingSection(Section):
    use_user_messages: bool = Field(
        default=False, description="whether training data may hold what users wrote"
    )
    consent: Literal["opt-out", "opt-in"] = Field("opt-out", description="what silence means")
    experts: tuple[Group, ...] = Field((), description="groups whose corrections count as approved")
    least: int = Field(
        10, ge=10, le=1_000_000, description="examples that a data set must have to be trained on"
    )


class TuningSection(Section):
    backend: Literal["local", "openai"] = Field(
        "local",
        description="who trains: a process of its own on this machine (`wellspoken[train]`), or a "
        "service with the OpenAI fine-tuning API",
    )
    method: Literal["sft", "dpo", "kto"] = Field("sft", description="what is trained for")
    base: str = Field(
        "", max_length=500, description="the model to start from: a folder, a name, or a service's"
    )
    python: Path | None = Field(
        None,
        description="of local: the Python that has `wellspoken[train]`, beside this file; none: "
        "the one that runs",
    )
    epochs: int = Field(3, ge=1, le=100, description="passes over the data set")
    learning_rate: float | None = Field(
        None, gt=0, lt=1, description="of local; default: 2e-4, with preferences 5e-6"
    )
    rank: int = Field(16, ge=1, le=512, description="of local: the rank of the LoRA adapter")
    tokens: int = Field(
        4096, ge=128, le=1_000_000, description="of local: the longest example, in tokens"
    )
    server: str | None = Field(
        None,
        max_length=500,
        description="of local: the vLLM server that loads the adapter, like "
        "http://127.0.0.1:8000; none: OPENAI_BASE_URL's",
    )
    every: Duration | None = Field(
        None, description="start a round by itself this often; none: only when asked"
    )
    fresh: int = Field(
        100, ge=1, description="of every: so many newly approved examples must be there"
    )


class ReleaseSection(Section):
    suites: tuple[Path, ...] = Field(
        (), description="suites that a version is held to, beside this file"
    )
    interval: float = Field(
        0.95, gt=0.5, lt=1, description="confidence of the gate's intervals and of the canary's"
    )
    worse: float = Field(
        0.02, ge=0, le=1, description="how much worse correctness, grounding and refusals may be"
    )
    slower: float = Field(1.5, ge=1, description="how many times as long an answer may take")
    dearer: float = Field(1.5, ge=1, description="how many times as much an answer may cost")
    turns: int = Field(
        50, ge=5, le=1_000_000, description="turns of each side before a canary is judged"
    )
    operators: str = Field(
        "",
        max_length=200,
        description="channel that hears of releases and roll-backs, like slack:C0HUMANS",
    )
