"""The failure ladder: who is asked on a route, and who is left alone for a while."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from bot.conversation import Route
from bot.evidence import Unknown
from bot.ladder import FAILURES, REST_S, Ladder
from bot.ports import Brief, Spoken


class Named:
    """A voice with nothing but a name."""

    persona = "juniper@1"

    def __init__(self, model: str) -> None:
        self.model = model

    async def speak(self, brief: Brief) -> AsyncGenerator[Spoken, None]:
        yield Spoken("…")

    def decline(self, brief: Brief, why: Unknown | None = None) -> str:
        return ""


PLAIN, BRAND, GENERAL, CHEAP = (Named(m) for m in ("reader", "brand-1", "big", "small"))


def test_the_brand_voice_speaks_first_and_the_reader_last() -> None:
    """Facts in the brand's voice: brand, general model, built-in reader."""
    ladder = Ladder(PLAIN, voice=BRAND, general=GENERAL, lookup=CHEAP)
    assert ladder.models(Route.HYBRID) == ("brand-1", "big", "reader")
    assert ladder.models(Route.VOICE) == ("brand-1", "big", "reader")


def test_a_plain_lookup_goes_to_its_cheaper_model() -> None:
    """The others step in for it in their order."""
    ladder = Ladder(PLAIN, voice=BRAND, general=GENERAL, lookup=CHEAP)
    assert ladder.models(Route.RAG) == ("small", "brand-1", "big", "reader")


def test_without_models_the_reader_is_the_only_rung() -> None:
    """No key, no server: the reader is the voice."""
    ladder = Ladder(PLAIN)
    assert ladder.voice is PLAIN
    assert ladder.rungs(Route.HYBRID) == (PLAIN,)


def test_over_budget_no_model_is_asked() -> None:
    """The day's limit leaves the built-in reader."""
    assert Ladder(PLAIN, voice=BRAND, general=GENERAL).rungs(Route.HYBRID, frugal=True) == (PLAIN,)


def test_a_model_that_keeps_failing_is_left_alone_for_a_while() -> None:
    """After the third failure in a row it rests; after the rest it is tried once."""
    now = [100.0]
    ladder = Ladder(PLAIN, voice=BRAND, general=GENERAL, now=lambda: now[0])
    for _ in range(FAILURES - 1):
        ladder.failed(BRAND)
    assert ladder.rungs(Route.HYBRID)[0] is BRAND
    ladder.failed(BRAND)
    assert ladder.rungs(Route.HYBRID) == (GENERAL, PLAIN)
    now[0] += REST_S
    assert ladder.rungs(Route.HYBRID)[0] is BRAND
    ladder.failed(BRAND)
    assert ladder.rungs(Route.HYBRID) == (GENERAL, PLAIN)


def test_who_is_left_alone_is_said_with_the_reason() -> None:
    """The turn's story tells why another one answered, also where nothing failed in it."""
    ladder = Ladder(PLAIN, voice=BRAND, general=GENERAL)
    for _ in range(FAILURES):
        ladder.failed(BRAND, "it cannot be reached")
    alone = ("brand-1 is left alone for a while: it cannot be reached",)
    assert ladder.left_alone(Route.HYBRID) == alone


def test_an_answer_makes_old_failures_forgotten() -> None:
    """Two failures, an answer, two failures: it is still asked."""
    ladder = Ladder(PLAIN, voice=BRAND)
    for _ in range(2):
        for _ in range(FAILURES - 1):
            ladder.failed(BRAND)
        ladder.spoke(BRAND)
    ladder.failed(BRAND)
    assert ladder.rungs(Route.HYBRID) == (BRAND, PLAIN)


def test_the_offer_of_a_person_is_the_built_in_voice_alone() -> None:
    """A model might promise a time, or a result."""
    assert Ladder(PLAIN, voice=BRAND, general=GENERAL).rungs(Route.HANDOFF) == (PLAIN,)


def test_another_brand_voice_leads_and_what_failed_stays_known() -> None:
    """A released version takes the brand's place; a general model that rests, rests for it too."""
    ladder = Ladder(PLAIN, voice=BRAND, general=GENERAL)
    led = ladder.led_by(CHEAP)
    for _ in range(FAILURES):
        ladder.failed(GENERAL, "down")
    assert led.models(Route.HYBRID) == ("small", "big", "reader")
    assert led.rungs(Route.HYBRID) == (CHEAP, PLAIN)
    assert ladder.led_by(None) is ladder
