"""Suites asked, scored, shown: the desk behind ``evaluate``, and its page."""
