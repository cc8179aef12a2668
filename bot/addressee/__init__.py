"""Whether a message in a chat is meant for the bot, so that it answers without being mentioned.

Rules with scores, each with its reason in words; an interjection between two people is worse than
a follow-up missed, so a tie is silence. Measured by ``python -m benchmarks.bench_addressee``.
"""

from bot.addressee.calling import without_call
from bot.addressee.deciding import Addressed, Said, decide
from bot.addressee.standing import Before

__all__ = ["Addressed", "Before", "Said", "decide", "without_call"]
