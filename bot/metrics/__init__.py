"""What the program counts and times, for Prometheus."""

from bot.metrics.counting import CONTENT_TYPE, Metrics

__all__ = ["CONTENT_TYPE", "Metrics"]
