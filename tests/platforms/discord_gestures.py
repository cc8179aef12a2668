"""What people press and call in the stand-in Discord."""

from __future__ import annotations

from tests.platforms.discord_people import People


class Gestures(People):
    """Interactions."""
