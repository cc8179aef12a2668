"""Every setting, in one place: the only reader of the environment.

The environment wins over ``.env``, which wins over ``wellspoken.toml``. Secrets are
:class:`pydantic.SecretStr` and never printed. A wrong value is reported with its file and line.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from bot.errors import ConfigurationError, MissingFileError

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def parse_duration(value: object) -> timedelta:
    """``30s``, ``15m``, ``12h``, ``7d`` as a timedelta; raises ValueError with advice."""
    if isinstance(value, timedelta):
        return value
    match = re.fullmatch(r"\s*(\d+)\s*([smhd])\s*", str(value))
    if not match:
        raise ValueError(f'"{value}" is no duration; write it as 30s, 15m, 12h or 7d')
    return timedelta(seconds=int(match[1]) * _UNITS[match[2]])


def write_duration(value: timedelta) -> str:
    """The shortest way to write a duration: ``90m``, ``7d``."""
    seconds = int(value.total_seconds())
    for unit in "dhm":
        if seconds and seconds % _UNITS[unit] == 0:
            return f"{seconds // _UNITS[unit]}{unit}"
    return f"{seconds}s"


Duration = Annotated[
    timedelta, BeforeValidator(parse_duration), PlainSerializer(write_duration, return_type=str)
]
ReplyWhen = Literal["mentioned", "addressed", "always"]


class Section(BaseModel):
    """A table of ``wellspoken.toml``; a key that it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class BotSection(Section):
    name: str = Field(
        "Juniper", min_length=1, max_length=80, description="what the bot calls itself"
    )
    persona: Path | None = Field(
        None, description="the persona file, beside this file; without one a plain voice speaks"
    )
    reply_when: ReplyWhen = Field("mentioned", description="when the bot speaks in channels")


class ModelSection(Section):
    first_token: Duration = Field(
        timedelta(seconds=15), description="how long to wait for the model's first word"
    )
    answer: Duration = Field(timedelta(seconds=60), description="how long a whole answer may take")
    prompt_tokens: int = Field(
        3000, ge=500, le=1_000_000, description="budget of a prompt; the least useful passages go"
    )
    answer_tokens: int = Field(700, ge=16, le=100_000, description="the longest answer")
    prompt_price: float = Field(0.0, ge=0, description="US dollars a million prompt tokens")
    completion_price: float = Field(0.0, ge=0, description="US dollars a million answer tokens")


class SourceSection(Section):
    name: str = Field(min_length=1, max_length=120, description="its name in the ledger")
    path: Path | None = Field(None, description="a folder or a file")
    url: str | None = Field(None, description="a page or a sitemap")
    groups: tuple[str, ...] = Field((), description="who may see it; none: public")
    sync: Duration | None = Field(None, description="how often it is read again")

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.path is None) == (self.url is None):
            raise ValueError("a source has either a path or a url")
        return self


class SlackAccess(Section):
    usergroups: dict[str, tuple[str, ...]] = Field({}, description="user group id to groups")
    channels: dict[str, tuple[str, ...]] = Field({}, description="channel id to groups")


class DiscordAccess(Section):
    roles: dict[str, tuple[str, ...]] = Field({}, description="role name or id to groups")
    channels: dict[str, tuple[str, ...]] = Field({}, description="channel name or id to groups")


class AccessSection(Section):
    users: dict[str, tuple[str, ...]] = Field({}, description="`platform:id` to groups")
    slack: SlackAccess = SlackAccess()
    discord: DiscordAccess = DiscordAccess()


class ChannelSection(Section):
    reply_when: ReplyWhen | None = Field(None, description="when the bot speaks there")
    handoff: str | None = Field(None, description="where a question goes that needs a person")
    thread: bool | None = Field(None, description="answer in a thread of its own")


class LiveSection(Section):
    name: str = Field(min_length=1, max_length=120, description="its name")
    description: str = Field(min_length=1, description="what it tells, for the router")
    url: str | None = Field(None, description="an address with {parameters}")
    database: str | None = Field(None, description="an SQLAlchemy URL")
    sql: str | None = Field(None, description="a select with :parameters")
    parameters: dict[str, str] = Field({}, description="what each parameter is")
    groups: tuple[str, ...] = Field((), description="who may see it; none: public")
    ttl: Duration = Field(timedelta(seconds=60), description="how long a value is kept")


class RetentionSection(Section):
    messages: Duration = Field(timedelta(days=365), description="how long messages are kept")


class TrainingSection(Section):
    use_user_messages: bool = Field(
        default=False, description="whether training data may hold what users wrote"
    )
    consent: Literal["opt-out", "opt-in"] = Field("opt-out", description="what silence means")


class _TomlSource(PydanticBaseSettingsSource):
    """``wellspoken.toml``: its tables, and the environment's names in lower case at its top."""

    def __init__(self, settings_cls: type[BaseSettings], path: Path) -> None:
        super().__init__(settings_cls)
        self.path = path

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002
        raise LookupError(field_name)  # this source answers as a whole, in __call__

    def __call__(self) -> dict[str, Any]:
        if not self.path.is_file():
            return {}
        names = {row.environment.lower(): row.environment for row in environment_names()}
        return {names.get(key.lower(), key): value for key, value in self._read().items()}

    def _read(self) -> dict[str, Any]:
        try:
            return tomllib.loads(self.path.read_text("utf-8"))
        except tomllib.TOMLDecodeError as error:
            line = re.search(r"line (\d+)", str(error))
            where = f"{self.path}:{line[1]}" if line else str(self.path)
            problem = re.sub(r"\s*\(at .*\)$", "", str(error))
            raise ConfigurationError(where=where, problem=f"not valid TOML: {problem}") from error
        except UnicodeDecodeError as error:
            raise ConfigurationError(
                where=self.path, problem="is not UTF-8 text; save it as UTF-8"
            ) from error
        except OSError as error:
            raise ConfigurationError(
                where=self.path, problem=f"cannot be read ({error.strerror}); check its permissions"
            ) from error


def _named(name: str, default: Any = None, *, text: str) -> Any:
    """A setting known by its environment name, in lower case in the settings file."""
    return Field(
        default,
        validation_alias=name,
        description=text,
        json_schema_extra={"environment": name},
    )


class Settings(BaseSettings):
    """All settings; made by :func:`load_settings`."""

    model_config = SettingsConfigDict(
        env_file=".env", env_ignore_empty=True, extra="forbid", frozen=True
    )

    home: Path = _named(
        "WELLSPOKEN_HOME",
        Path("./.wellspoken"),
        text="data folder: database, embedded index, models, exports",
    )
    config: Path = _named("WELLSPOKEN_CONFIG", Path("./wellspoken.toml"), text="the settings file")
    database_url: SecretStr | None = _named(
        "DATABASE_URL",
        text="SQLAlchemy URL (`sqlite+aiosqlite`, `postgresql+asyncpg`, a bare `postgresql://`); "
        "default: SQLite in the data folder",
    )
    weaviate_url: str | None = _named(
        "WEAVIATE_URL", text="HTTP address of Weaviate; default: the embedded store"
    )
    weaviate_grpc_url: str | None = _named("WEAVIATE_GRPC_URL", text="gRPC address of Weaviate")
    weaviate_api_key: SecretStr | None = _named("WEAVIATE_API_KEY", text="API key of Weaviate")
    openai_api_key: SecretStr | None = _named(
        "OPENAI_API_KEY", text="key of any OpenAI-compatible server"
    )
    openai_base_url: str | None = _named(
        "OPENAI_BASE_URL",
        text="its address; with neither set, the built-in extractive reader answers",
    )
    model: str | None = _named(
        "WELLSPOKEN_MODEL", text="the general model's id; required with the two above"
    )
    voice_model: str | None = _named(
        "WELLSPOKEN_VOICE_MODEL",
        text="the brand-voice model's id; default: the general model with the persona in its "
        "prompt",
    )
    embedding_model: str = _named(
        "WELLSPOKEN_EMBEDDING_MODEL",
        "builtin",
        text="`builtin`, or an embedding model's id at the same server",
    )
    slack_bot_token: SecretStr | None = _named("SLACK_BOT_TOKEN", text="Slack bot token")
    slack_app_token: SecretStr | None = _named(
        "SLACK_APP_TOKEN", text="Slack app token: Socket Mode"
    )
    slack_signing_secret: SecretStr | None = _named(
        "SLACK_SIGNING_SECRET",
        text="without an app token: HTTP mode at `/slack/events` of the web server",
    )
    slack_api_url: str | None = _named("SLACK_API_URL", text="another base of Slack's Web API")
    discord_token: SecretStr | None = _named("DISCORD_TOKEN", text="Discord bot token")
    discord_api_url: str | None = _named("DISCORD_API_URL", text="another base of Discord's API")
    console_token: SecretStr | None = _named(
        "WELLSPOKEN_CONSOLE_TOKEN",
        text="opens the console and the `/api`; made and printed once where none is set",
    )

    bot: BotSection = BotSection()
    models: ModelSection = ModelSection()
    sources: tuple[SourceSection, ...] = ()
    access: AccessSection = AccessSection()
    channels: dict[str, ChannelSection] = {}
    live: tuple[LiveSection, ...] = ()
    retention: RetentionSection = RetentionSection()
    training: TrainingSection = TrainingSection()

    @field_validator("openai_base_url", "slack_api_url", "discord_api_url")
    @classmethod
    def _web_address(cls, value: str | None) -> str | None:
        if value is not None and not re.match(r"https?://[^/\s]+", value):
            raise ValueError(f'"{value}" is no web address; it starts with http:// or https://')
        return value

    @field_validator("database_url")
    @classmethod
    def _database(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            scheme = value.get_secret_value().partition("://")[0].partition("+")[0]
            if scheme not in ("sqlite", "postgresql", "postgres"):
                raise ValueError("it starts with sqlite+aiosqlite:/// or postgresql+asyncpg://")
        return value

    @model_validator(mode="after")
    def _model_is_named(self) -> Self:
        if (self.openai_api_key or self.openai_base_url) and not (self.model or self.voice_model):
            raise ValueError(
                "WELLSPOKEN_MODEL is missing: with OPENAI_API_KEY or OPENAI_BASE_URL set, "
                "name the model that shall answer"
            )
        return self

    @property
    def database(self) -> str:
        """The database's URL, with the password; not for printing."""
        if self.database_url:
            return self.database_url.get_secret_value()
        return f"sqlite+aiosqlite:///{self.home.absolute() / 'wellspoken.db'}"

    @property
    def persona_path(self) -> Path | None:
        """The persona file: as named (which must exist), else ``persona.yaml`` if it is there."""
        if self.bot.persona is not None:
            path = self.beside(self.bot.persona)
            if not path.is_file():
                raise MissingFileError(path=path)
            return path
        path = self.beside(Path("persona.yaml"))
        return path if path.is_file() else None

    def beside(self, path: Path) -> Path:
        """A path as written in the settings file, relative to that file's folder."""
        return path if path.is_absolute() else self.config.parent / path

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        del file_secret_settings
        path = _config_path(env_settings, dotenv_settings)
        toml = _TomlSource(settings_cls, path)
        return init_settings, env_settings, _Lenient(dotenv_settings), toml


class _Lenient(PydanticBaseSettingsSource):
    """``.env`` without the names that are not ours: other programs keep theirs there too."""

    def __init__(self, inner: PydanticBaseSettingsSource) -> None:
        super().__init__(inner.settings_cls)
        self._inner = inner

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        return self._inner.get_field_value(field, field_name)

    def __call__(self) -> dict[str, Any]:
        known = {row.environment for row in environment_names()}
        return {k.upper(): v for k, v in self._inner().items() if k.upper() in known}


def _config_path(*sources: PydanticBaseSettingsSource) -> Path:
    for source in sources:
        if isinstance(source, EnvSettingsSource | DotEnvSettingsSource):
            found = source.env_vars.get("wellspoken_config")
            if found:
                return Path(found)
    return Path("./wellspoken.toml")


def load_settings(**overrides: Any) -> Settings:
    """Read the settings. Raises :class:`ConfigurationError` naming the place and the problem."""
    try:
        settings = Settings(**overrides)
    except ValidationError as error:
        raise _explain(error) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(where=".env", problem="is not UTF-8 text; save it so") from error
    explicit = "config" in settings.model_fields_set
    if explicit and not settings.config.is_file():
        raise MissingFileError(path=settings.config)
    return settings


def _explain(error: ValidationError) -> ConfigurationError:
    """The first problem as one sentence with its place."""
    first = error.errors()[0]
    loc = [part for part in first["loc"] if not isinstance(part, int)]
    problem = first["msg"].removeprefix("Value error, ")
    if not loc:
        return ConfigurationError(where="settings", problem=problem)
    name = str(loc[0])
    if name.upper() in os.environ:
        return ConfigurationError(where=f"environment variable {name.upper()}", problem=problem)
    config = Path(os.environ.get("WELLSPOKEN_CONFIG") or "wellspoken.toml")
    if first["type"] == "extra_forbidden":
        problem = f'unknown setting "{loc[-1]}"{_near(loc)}'
    else:
        problem = f"{'.'.join(map(str, loc))}: {problem}"
    line = _line_of(config, tuple(first["loc"]))
    return ConfigurationError(where=f"{config}:{line}" if line else str(config), problem=problem)


def _near(loc: list[Any]) -> str:
    """A known name close to a misspelt one."""
    model: Any = Settings
    for part in loc[:-1]:
        field = model.model_fields.get(part) if hasattr(model, "model_fields") else None
        candidates = [field.annotation, *get_args(field.annotation)] if field else []
        model = next((c for c in candidates if hasattr(c, "model_fields")), None)
        if model is None:
            return ""
    names = list(model.model_fields)
    if model is Settings:
        names += [row.environment.lower() for row in environment_names()]
    close = difflib.get_close_matches(str(loc[-1]), names, n=1)
    return f'; did you mean "{close[0]}"?' if close else ""


def _line_of(path: Path, loc: tuple[Any, ...]) -> int | None:
    """The line where a key of a TOML file stands, by its location in the parsed data."""
    if not path.is_file():
        return None
    wanted = [str(part).lower() for part in loc]
    table: list[str] = []
    counts: dict[str, int] = {}
    table_line = 0
    for number, raw in enumerate(path.read_text("utf-8", "replace").splitlines(), 1):
        line = raw.strip()
        header = re.match(r"\[(\[?)([^\]]+)\]?\]", line)
        if header:
            table = re.findall(r'"[^"]*"|[^.\s"]+', header[2])
            table = [part.strip('"') for part in table]
            if header[1]:
                key = ".".join(table)
                counts[key] = counts.get(key, -1) + 1
                table.append(str(counts[key]))
            if [part.lower() for part in table] == wanted[: len(table)]:
                table_line = number
                if len(table) == len(wanted):
                    return number
            continue
        key_match = re.match(r'("[^"]*"|[\w.-]+)\s*=', line)
        if key_match:
            here = [*table, key_match[1].strip('"')]
            if [part.lower() for part in here] == wanted[: len(here)]:
                return number
    return table_line or None


class SettingRow(BaseModel):
    """One row of the settings table."""

    environment: str
    field: str
    meaning: str
    default: str
    secret: bool


def environment_names() -> list[SettingRow]:
    """The settings known by an environment name, in the order of the table."""
    rows = []
    for name, field in Settings.model_fields.items():
        extra = field.json_schema_extra
        if not isinstance(extra, dict):
            continue
        default = "" if field.default is None else str(field.default)
        rows.append(
            SettingRow(
                environment=str(extra["environment"]),
                field=name,
                meaning=field.description or "",
                default=default,
                secret="SecretStr" in str(field.annotation),
            )
        )
    return rows


def origin(settings: Settings, row: SettingRow) -> str:
    """Where a setting's value comes from: the environment, ``.env``, the file, or the default."""
    if os.environ.get(row.environment):
        return "environment"
    if row.field not in settings.model_fields_set:
        return "default"
    dotenv = Path(".env")
    if dotenv.is_file() and re.search(
        rf"(?im)^\s*(export\s+)?{row.environment}\s*=", dotenv.read_text("utf-8", "replace")
    ):
        return ".env"
    return str(settings.config)
