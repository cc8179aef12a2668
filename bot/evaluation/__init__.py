"""Suites, scores and intervals: how good answers are, told from answers alone."""
