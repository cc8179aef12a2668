"""Suites, scores and intervals: how good answers are, told from answers alone.

Nothing here knows a model, a database or a persona: answers and verdicts are handed in.
"""
