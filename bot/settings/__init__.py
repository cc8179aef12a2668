"""Every setting, in one place: the only reader of the environment.

The environment wins over ``.env``, which wins over ``wellspoken.toml``. Secrets are
:class:`pydantic.SecretStr` and never printed. A wrong value is reported with its file and line.
"""

from bot.settings.loading import load_settings, origin
from bot.settings.sections import parse_duration, write_duration
from bot.settings.settings import SettingRow, Settings, environment_names

__all__ = [
    "SettingRow",
    "Settings",
    "environment_names",
    "load_settings",
    "origin",
    "parse_duration",
    "write_duration",
]
