"""Slack: its Web API, its events, and the answers in it."""
