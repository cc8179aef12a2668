"""Retrieval, fine-tuning or both: the decision on eight factors, from answers and from records.

Nothing here knows a database or a setting: answers and evidence are handed in.
"""

from bot.advisor.answers import Answers, read_answers
from bot.advisor.deciding import Advice, advise
from bot.advisor.evidence import Changes, Evidence, ReadingRecords
from bot.advisor.factors import FACTORS, Factor

__all__ = [
    "FACTORS",
    "Advice",
    "Answers",
    "Changes",
    "Evidence",
    "Factor",
    "ReadingRecords",
    "advise",
    "read_answers",
]
