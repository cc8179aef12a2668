"""All settings, and the sources that they come from."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from pydantic import BaseModel, Field, SecretStr, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from bot.errors import MissingFileError
from bot.settings.answers import AnswersSection
from bot.settings.console import SsoSection
from bot.settings.limits import LimitsSection
from bot.settings.loop import ReleaseSection, TrainingSection, TuningSection
from bot.settings.retention import RetentionSection
from bot.settings.sections import (
    AccessSection,
    BotSection,
    CacheSection,
    Channels,
    ChannelSection,
    CheckingSection,
    DiscordSection,
    LiveSection,
    ModelSection,
    SearchSection,
    SourceSection,
    WeaviateSection,
    WebSection,
)
from bot.settings.telemetry import ServeSection, TelemetrySection
from bot.settings.toml import read_toml
from bot.settings.watch import WatchSection
from bot.settings.widget import WidgetSection

_POSTGRES_OPTIONS = (
    "sslmode",
    "ssl",
    "host",
    "port",
    "user",
    "password",
    "database",
    "passfile",
    "target_session_attrs",
    "krbsrvname",
    "gsslib",
    "prepared_statement_cache_size",
)
"""What asyncpg and SQLAlchemy take after the ``?``, as text."""
_SERVER = re.compile(r"(?:https?://)?(?:[\w.-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?/?")


def _checked_web_address(address: str | None) -> str | None:
    if address is not None and not re.match(r"https?://[^/\s]+", address):
        # Not the value: it may be a key that was put in the wrong place.
        raise ValueError("it is no web address; it starts with http:// or https://")
    return _with_a_port_that_is(address)


def _with_a_port_that_is(address: str | None) -> str | None:
    """The address; raises ValueError where its port cannot be one."""
    if address is not None:
        try:
            possible = urlsplit(address if "//" in address else f"//{address}").port != 0
        except ValueError:
            possible = False
        if not possible:
            raise ValueError("its port is none; a port is a number from 1 to 65535")
    return address


def _checked_postgres(address: str) -> None:
    """Raises ValueError for what the driver takes otherwise than it is meant; no part of the
    address is told, as it may be one of the password."""
    parts = urlsplit(address)
    if parts.netloc.count("@") > 1:
        raise ValueError("its name or password holds an @; write it as %40")
    if {name for name, _ in parse_qsl(parts.query, keep_blank_values=True)} - {*_POSTGRES_OPTIONS}:
        known = ", ".join(_POSTGRES_OPTIONS)
        raise ValueError(f"it holds an option that is not known; there are {known}")


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
        text="the brand-voice model's id; default: the registry's live version, else the general "
        "model with the persona in its prompt",
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
    slack_client_id: str | None = _named(
        "SLACK_CLIENT_ID",
        text="with `SLACK_CLIENT_SECRET` and without a bot token: installed into several "
        "workspaces at `/slack/install`",
    )
    slack_client_secret: SecretStr | None = _named(
        "SLACK_CLIENT_SECRET", text="the client secret of the Slack app"
    )
    slack_api_url: str | None = _named("SLACK_API_URL", text="another base of Slack's Web API")
    discord_token: SecretStr | None = _named("DISCORD_TOKEN", text="Discord bot token")
    discord_api_url: str | None = _named("DISCORD_API_URL", text="another base of Discord's API")
    secret_key: SecretStr | None = _named(
        "WELLSPOKEN_SECRET_KEY",
        text="encrypts kept tokens; made and kept in the data folder where none is set. "
        "Processes with homes of their own need the same one",
    )
    console_token: SecretStr | None = _named(
        "WELLSPOKEN_CONSOLE_TOKEN",
        text="opens the console and the `/api`; made and printed once where none is set",
    )
    console_reviewer_token: SecretStr | None = _named(
        "WELLSPOKEN_CONSOLE_REVIEWER_TOKEN", text="opens the console for those who review"
    )
    console_viewer_token: SecretStr | None = _named(
        "WELLSPOKEN_CONSOLE_VIEWER_TOKEN", text="opens the console for those who only read"
    )
    oidc_client_secret: SecretStr | None = _named(
        "WELLSPOKEN_OIDC_CLIENT_SECRET",
        text="this server's secret at the provider of `[sso]`",
    )
    otlp_endpoint: str | None = _named(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        text="where traces go over OTLP/HTTP; before `[telemetry] endpoint`. The SDK's other "
        "`OTEL_…` variables (`OTEL_SERVICE_NAME`, `OTEL_EXPORTER_OTLP_HEADERS`, …) hold too",
    )
    otel_sampler: str | None = _named(
        "OTEL_TRACES_SAMPLER",
        text="which turns are traced, as the SDK reads it; before `[telemetry] sample`",
    )

    bot: BotSection = BotSection()
    models: ModelSection = ModelSection()
    cache: CacheSection = CacheSection()
    checking: CheckingSection = CheckingSection()
    search: SearchSection = SearchSection()
    weaviate: WeaviateSection = WeaviateSection()
    sources: tuple[SourceSection, ...] = ()
    access: AccessSection = AccessSection()
    channels: Channels = {}
    live: tuple[LiveSection, ...] = ()
    discord: DiscordSection = DiscordSection()
    web: WebSection = WebSection()
    widget: WidgetSection = WidgetSection()
    sso: SsoSection = SsoSection()
    limits: LimitsSection = LimitsSection()
    answers: AnswersSection = AnswersSection()
    retention: RetentionSection = RetentionSection()
    training: TrainingSection = TrainingSection()
    tuning: TuningSection = TuningSection()
    release: ReleaseSection = ReleaseSection()
    watch: WatchSection = WatchSection()
    telemetry: TelemetrySection = TelemetrySection()
    serve: ServeSection = ServeSection()

    @field_validator("openai_base_url", "slack_api_url", "discord_api_url", "otlp_endpoint")
    @classmethod
    def _web_address(cls, value: str | None) -> str | None:
        return _checked_web_address(value)

    @field_validator("slack_api_url", "discord_api_url")
    @classmethod
    def _without_password(cls, value: str | None) -> str | None:
        if value is not None and "@" in urlsplit(value).netloc:
            raise ValueError("it holds a name or a password; the token alone opens that door")
        return value

    @field_validator("tuning")
    @classmethod
    def _training_server(cls, value: TuningSection) -> TuningSection:
        _checked_web_address(value.server)
        return value

    @field_validator("weaviate_url", "weaviate_grpc_url")
    @classmethod
    def _server_address(cls, value: str | None) -> str | None:
        if value is not None and not _SERVER.fullmatch(value):
            raise ValueError("it is no address; write http://host:port or host:port")
        return _with_a_port_that_is(value)

    @field_validator("database_url")
    @classmethod
    def _database(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            scheme = value.get_secret_value().partition("://")[0].partition("+")[0]
            if scheme not in ("sqlite", "postgresql", "postgres"):
                raise ValueError("it starts with sqlite+aiosqlite:/// or postgresql+asyncpg://")
            address = _with_a_port_that_is(value.get_secret_value()) or ""
            if scheme != "sqlite":
                _checked_postgres(address)
        return value

    @model_validator(mode="after")
    def _model_is_named(self) -> Self:
        if (self.openai_api_key or self.openai_base_url) and not (self.model or self.voice_model):
            raise ValueError(
                "WELLSPOKEN_MODEL: it is missing; with OPENAI_API_KEY or OPENAI_BASE_URL set, "
                "name the model that shall answer"
            )
        return self

    @model_validator(mode="after")
    def _client_is_whole(self) -> Self:
        if (self.slack_client_id is None) != (self.slack_client_secret is None):
            missing = "SLACK_CLIENT_SECRET" if self.slack_client_id else "SLACK_CLIENT_ID"
            raise ValueError(f"{missing}: it is missing; the client's id and secret go together")
        return self

    @model_validator(mode="after")
    def _tokens_differ(self) -> Self:
        tokens = {
            "WELLSPOKEN_CONSOLE_TOKEN": self.console_token,
            "WELLSPOKEN_CONSOLE_REVIEWER_TOKEN": self.console_reviewer_token,
            "WELLSPOKEN_CONSOLE_VIEWER_TOKEN": self.console_viewer_token,
        }
        seen: dict[str, str] = {}
        for name, token in tokens.items():
            if (
                token is not None
                and (first := seen.setdefault(token.get_secret_value(), name)) != name
            ):
                raise ValueError(f"{name}: it is the same as {first}; each role has its own")
        return self

    @property
    def database(self) -> str:
        """The database's URL, with the password; not for printing."""
        if self.database_url:
            return self.database_url.get_secret_value()
        return f"sqlite+aiosqlite:///{self.home.absolute() / 'wellspoken.db'}"

    def of_channel(self, key: str) -> tuple[ChannelSection, ...]:
        """The settings that hold for a channel (like ``slack:C0G9QF9GZ``), its own first."""
        return tuple(self.channels[name] for name in (key, "*") if name in self.channels)

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
        toml = TomlSource(settings_cls, path)
        return init_settings, env_settings, _Lenient(dotenv_settings), toml


class TomlSource(PydanticBaseSettingsSource):
    """Its tables, and the environment's names in lower case at its top."""

    def __init__(self, settings_cls: type[BaseSettings], path: Path) -> None:
        super().__init__(settings_cls)
        self.path = path

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002
        raise LookupError(field_name)  # this source answers as a whole, in __call__

    def __call__(self) -> dict[str, Any]:
        names = {row.environment.lower(): row.environment for row in environment_names()}
        return {names.get(key.lower(), key): value for key, value in read_toml(self.path).items()}


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
