"""Settings as they were given, where no console changes them."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.settings import Settings
from bot.settings.sections import AccessSection


@dataclass(frozen=True)
class StandingSettings:
    """Fulfils :class:`adapters.amended.CurrentSettings`."""

    settings: Settings = field(default_factory=Settings)

    @classmethod
    def with_access(cls, access: AccessSection) -> StandingSettings:
        """The defaults, and who is in which group."""
        return cls(Settings().model_copy(update={"access": access}))

    async def now(self) -> Settings:
        return self.settings
