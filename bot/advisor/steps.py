"""What to do next: the cheapest step first."""

from __future__ import annotations

from bot.advisor.assuming import Situation
from bot.advisor.evidence import MANY_EXAMPLES
from bot.advisor.tasks import FINE_TUNING, HYBRID


def next_steps(recommendation: str, situation: Situation) -> tuple[str, ...]:
    """Sentences in order; each names the command that does it."""
    evidence = situation.evidence
    steps = []
    if not evidence.changes.documents and recommendation != FINE_TUNING:
        steps.append("Read your documents in: wellspoken ingest FOLDER.")
    if recommendation == FINE_TUNING and not evidence.traffic.turns:
        steps.append(
            "Try the general model with a persona or examples in its prompt first: it costs "
            "nothing, and tells what training has to add."
        )
    if recommendation in (FINE_TUNING, HYBRID):
        steps.extend(_towards_training(evidence.examples))
    if recommendation == HYBRID:
        steps.append(
            "Train the voice alone and keep facts in the documents; compare the parts with "
            "wellspoken evaluate SUITE --mode all."
        )
    elif recommendation != FINE_TUNING:
        steps.extend(_with_retrieval(situation))
    return tuple(steps)


def _towards_training(examples: int) -> list[str]:
    if examples < MANY_EXAMPLES:
        have = f"{examples:,} are approved" if examples else "none is approved yet"
        return [
            f"Collect clean examples, thousands in the end ({have}): correct and approve answers "
            "with wellspoken feedback review.",
            "Then build a data set with wellspoken dataset build --format sft, and train with "
            "wellspoken tune start.",
        ]
    return [
        f"{examples:,} examples are approved: build a data set with wellspoken dataset build "
        "--format sft.",
        "Train with wellspoken tune start, and let wellspoken models gate hold it to a suite "
        "before it speaks.",
    ]


def _with_retrieval(situation: Situation) -> list[str]:
    steps = [
        "Measure: wellspoken evaluate SUITE --mode rag. Its hallucination rate and retrieval "
        "recall say what to mend first."
    ]
    if situation["new_data"].among("hourly", "daily", "weekly") and (
        not situation.evidence.changes.readings
    ):
        steps.append("Let the sources be read by themselves: sync under [[sources]].")
    steps.append(
        "Mend style in the persona's prompt: wellspoken persona check. Fine-tune only for the gaps "
        "that prompts do not close."
    )
    return steps
