"""What to do next, the cheapest step first, and which figures would change the advice."""

from __future__ import annotations

from shlex import quote

from bot.advisor.assuming import Situation
from bot.advisor.evidence import ENOUGH_THUMBS, FIRST_ROUND, MANY_EXAMPLES, MUCH_STYLE
from bot.advisor.tasks import FINE_TUNING, HYBRID, RAG
from bot.advisor.telling import bounded


def next_steps(recommendation: str, situation: Situation) -> tuple[str, ...]:
    """Sentences in order; each names the command that does it."""
    evidence = situation.evidence
    steps = []
    if recommendation != FINE_TUNING and not evidence.changes.documents:
        steps.append("Read your documents in: `wellspoken ingest FOLDER`.")
    if recommendation == FINE_TUNING:
        steps.append(
            "First try the general model with a persona and a few examples in its prompt "
            "(`wellspoken persona check`): it costs nothing to train, and shows what training "
            "would have to add."
        )
    else:
        steps.extend(_measuring(recommendation, situation))
    if recommendation in (FINE_TUNING, HYBRID):
        steps.extend(_towards_training(evidence.examples))
    if recommendation == HYBRID:
        steps.append(
            "Train the voice alone and keep facts in the documents; then compare the parts with "
            "`wellspoken evaluate SUITE --mode all`."
        )
    elif recommendation == RAG:
        steps.extend(_keeping(situation))
    return tuple(steps)


def _measuring(recommendation: str, situation: Situation) -> list[str]:
    """Retrieval first, and its figures, which every later step is held against."""
    runs = situation.evidence.runs
    measured = next((run for run in runs if run.accuracy("rag")), None)
    if measured is None:
        start = (
            "Start with retrieval alone and measure it"
            if recommendation == HYBRID
            else ("Measure how good it is")
        )
        return [
            f"{start}: `wellspoken evaluate SUITE --mode rag` (the suite named sample works on the "
            "sample documents). Its accuracy and hallucination rate say what to mend first."
        ]
    rate = measured.accuracy("rag")
    assert rate is not None
    return [
        f"Retrieval is right in {rate.value:.0%} of {rate.n:,} cases of the suite "
        f'"{measured.suite}": look at the wrong ones (the run\'s page names the passages that were '
        f"found) and mend documents or questions, then measure again with `wellspoken evaluate "
        f"{quote(measured.suite)} --mode rag --baseline {measured.run}`."
    ]


def _towards_training(examples: int) -> list[str]:
    if examples < MANY_EXAMPLES:
        have = f"{examples:,} are approved" if examples else "none is approved yet"
        return [
            f"Collect clean examples, about {FIRST_ROUND} for a first round and thousands in the "
            f"end ({have}): correct and approve answers with `wellspoken feedback review`.",
            "Then build a data set with `wellspoken dataset build --format sft`, train with "
            "`wellspoken tune start`, and let `wellspoken models gate` hold it to a suite.",
        ]
    return [
        f"{examples:,} examples are approved: build a data set with `wellspoken dataset build "
        "--format sft`.",
        "Train with `wellspoken tune start`, and let `wellspoken models gate` hold it to a suite "
        "before it speaks.",
    ]


def _keeping(situation: Situation) -> list[str]:
    steps = []
    if situation["new_data"].among("hourly", "daily", "weekly") and (
        not situation.evidence.changes.readings
    ):
        steps.append(
            "Let the sources be read again by themselves: set sync under [[sources]] in "
            "wellspoken.toml."
        )
    steps.append(
        "Where the tone is not right, mend the persona's prompt (`wellspoken persona check`). "
        "Fine-tune later, and only for the gaps that prompts do not close."
    )
    return steps


def thresholds(recommendation: str, situation: Situation) -> tuple[str, ...]:
    """Which figures of the records would change the advice, with what they are now."""
    evidence = situation.evidence
    compared = evidence.comparison
    if recommendation != RAG:
        now = ""
        if compared and compared.gain:
            now = f" (now {compared.gain.difference * 100:+.0f} points)"
        return (
            "by the records: if a suite of at least 100 questions shows training no better than "
            f"retrieval alone{now}, then stay with retrieval",
        )
    if situation["time_to_deploy"].value == "days" or situation["upfront_cost"].value == "low":
        return ()
    told = evidence.about_style + evidence.about_facts
    now = f"now {evidence.about_style:,} of {told:,}" if told else "now none"
    now += bounded(evidence)
    return (
        f"by the records: when clearly more than {MUCH_STYLE:.0%} of at least {ENOUGH_THUMBS} "
        f"unhappy answers are about style ({now}), then look again",
        f"by the records: from {FIRST_ROUND} approved examples on (now {evidence.examples:,}) a "
        "first round of training shows whether it helps",
    )
