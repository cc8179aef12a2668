"""Answers of a base model and its adapters, which are loaded and dropped while it runs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LONGEST = 512
"""Tokens of an answer where the request does not say."""


class UnknownModelError(Exception):
    """There is neither a base nor an adapter of that name."""


class TooLongError(Exception):
    """The messages are longer than the model takes."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an answer should be like. ``temperature`` 0: always the likeliest word."""

    model: str
    messages: list[dict[str, str]]
    tokens: int = LONGEST
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int | None = None
    stop: tuple[str, ...] = ()


@dataclass(slots=True)
class Counted:
    """Tokens of an answer, and why it ended; complete when its last piece was given."""

    prompt: int = 0
    answer: int = 0
    reason: str = "stop"


class Speaker:
    """One base model, asked by its path or the last part of it; adapters share its weights. One
    answer at a time."""

    def __init__(self, base: str) -> None:
        from persona.tuning.trainer.loading import device, load_model, load_tokenizer

        self.base = base
        self._place = device()
        self._tokenizer = load_tokenizer(base)
        self._model: Any = load_model(base, self._place).eval()
        self._adapters: dict[str, Path] = {}
        self._lock = threading.Lock()

    @property
    def models(self) -> list[str]:
        """The base and every adapter."""
        return [self.base, *self._adapters]

    def load(self, name: str, folder: Path) -> bool:
        """Load an adapter; ``False`` where it is there already. Raises ValueError, OSError."""
        with self._lock:
            if name in self._adapters:
                return False
            if not (folder / "adapter_config.json").is_file():
                raise ValueError(f"{folder} holds no adapter")
            from peft import PeftModel

            if isinstance(self._model, PeftModel):
                self._model.load_adapter(str(folder), adapter_name=name)
            else:
                self._model = PeftModel.from_pretrained(
                    self._model, str(folder), adapter_name=name
                ).eval()
            self._adapters[name] = folder
            return True

    def unload(self, name: str) -> bool:
        """Drop an adapter; ``False`` where it is not there."""
        with self._lock:
            if self._adapters.pop(name, None) is None:
                return False
            if self._adapters:
                self._model.delete_adapter(name)
            else:  # the last one: the bare base again
                self._model = self._model.unload()
            return True

    def answer(self, wanted: Wanted, counted: Counted) -> Iterator[str]:
        """The pieces of an answer as they come. Raises UnknownModelError, TooLongError."""
        from transformers import TextIteratorStreamer, set_seed

        name = self.base if wanted.model == Path(self.base).name else wanted.model
        if name not in self.models:
            raise UnknownModelError(wanted.model)
        inputs = self._tokenizer.apply_chat_template(
            wanted.messages, add_generation_prompt=True, return_tensors="pt", return_dict=True
        ).to(self._place)
        counted.prompt = int(inputs["input_ids"].shape[1])
        longest = self._room(counted.prompt, wanted.tokens)
        streamer = TextIteratorStreamer(
            self._tokenizer, skip_prompt=True, skip_special_tokens=True, timeout=600
        )
        how: dict[str, Any] = {"max_new_tokens": longest, "do_sample": wanted.temperature > 0}
        if wanted.temperature > 0:
            how |= {"temperature": wanted.temperature, "top_p": wanted.top_p}
        how["pad_token_id"] = self._tokenizer.pad_token_id
        how["eos_token_id"] = self._tokenizer.eos_token_id
        failure: list[BaseException] = []

        def generate() -> None:
            try:
                with self._speaking(name) as model:
                    if wanted.seed is not None:
                        set_seed(wanted.seed)
                    made = model.generate(**inputs, streamer=streamer, **how)
                counted.answer = int(made.shape[1]) - counted.prompt
                if counted.answer >= longest:
                    counted.reason = "length"
            except Exception as error:  # noqa: BLE001 - told to who reads the answer
                failure.append(error)
                streamer.end()

        writer = threading.Thread(target=generate, daemon=True)
        with self._lock:
            if name not in self.models:  # dropped while others were answered
                raise UnknownModelError(wanted.model)
            writer.start()
            pieces = (piece for piece in streamer)  # over once: the streamer itself would wait
            yield from _until_stop(pieces, wanted.stop)
            for _ in pieces:  # what comes behind a stop is not shown
                pass
            writer.join()
        if failure:
            raise failure[0]

    def _room(self, prompt: int, tokens: int) -> int:
        """How long the answer may get, in tokens."""
        most = getattr(self._model.config, "max_position_embeddings", None)
        if not isinstance(most, int) or most <= 0:
            return tokens
        if prompt >= most:
            raise TooLongError(
                f"This model's maximum context length is {most} tokens, and the messages have "
                f"{prompt}."
            )
        return min(tokens, most - prompt)

    @contextmanager
    def _speaking(self, name: str) -> Iterator[Any]:
        """The model with one adapter, or with none."""
        if name == self.base and self._adapters:
            with self._model.disable_adapter():
                yield self._model
            return
        if self._adapters:
            self._model.set_adapter(name)
        yield self._model


def _until_stop(pieces: Any, stop: tuple[str, ...]) -> Iterator[str]:
    """The pieces up to the first of the ``stop`` texts."""
    held, longest = "", max((len(text) for text in stop), default=0)
    for piece in pieces:
        held += piece
        ends = [held.index(text) for text in stop if text in held]
        if ends:
            yield held[: min(ends)]
            return
        ready = len(held) - longest + 1 if longest else len(held)
        if ready > 0:
            yield held[:ready]
            held = held[ready:]
    if held:
        yield held
