"""Which way a message takes: facts, voice, both, live facts, or a person."""

from bot.routing.policy import decide
from bot.routing.second_look import reconsider, worth_a_look
from bot.routing.thresholds import SHIPPED, Thresholds

__all__ = ["SHIPPED", "Thresholds", "decide", "reconsider", "worth_a_look"]
