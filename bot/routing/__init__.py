"""Which way a message takes: facts, voice, both, live facts, or a person."""

from bot.routing.policy import decide

__all__ = ["decide"]
