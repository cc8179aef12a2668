"""The tables of ``wellspoken.toml``."""

from __future__ import annotations

import re
import unicodedata
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    SecretStr,
    StringConstraints,
    field_validator,
    model_validator,
)

from bot.settings.addresses import without_secret_values, without_secrets

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


def _group(name: str) -> str:
    """As documents' groups are compared: composed letters, nothing that cannot be seen."""
    group = unicodedata.normalize("NFC", name)
    if not group.isprintable():
        raise ValueError("a group is a name of visible characters")
    return group


Group = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(_group),
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
    contact: str = Field(
        "", max_length=300, description="whom to ask where no handoff channel is set, in words"
    )


class PriceSection(Section):
    prompt: float = Field(0.0, ge=0, description="US dollars a million prompt tokens")
    completion: float = Field(0.0, ge=0, description="US dollars a million answer tokens")


class ModelSection(Section):
    first_token: Duration = Field(
        timedelta(seconds=15), description="how long to wait for the model's first word"
    )
    answer: Duration = Field(timedelta(seconds=60), description="how long a whole answer may take")
    rewriting: Duration = Field(
        timedelta(seconds=2),
        description="how long the model may take to make a follow-up question stand alone; then "
        "rules do it",
    )
    prompt_tokens: int = Field(
        3000, ge=500, le=1_000_000, description="budget of a prompt; the least useful passages go"
    )
    answer_tokens: int = Field(700, ge=16, le=100_000, description="the longest answer")
    rag: str | None = Field(
        None,
        min_length=1,
        max_length=300,
        description="id of a cheaper model for plain look-ups; default: the one that speaks "
        "otherwise",
    )
    prompt_price: float = Field(
        0.0,
        ge=0,
        description="US dollars a million prompt tokens, of models without a price of their own",
    )
    completion_price: float = Field(
        0.0, ge=0, description="US dollars a million answer tokens, likewise"
    )
    prices: dict[str, PriceSection] = Field(
        {},
        description='models\' own prices: `[models.prices."gpt-4o-mini"]` with `prompt` and '
        "`completion`",
    )
    daily_limit_usd: float | None = Field(
        None,
        ge=0,
        description="US dollars a day (UTC); then the built-in reader answers, with a notice",
    )
    daily_limit_tokens: int | None = Field(
        None, ge=0, description="tokens a day, of prompts and answers together; likewise"
    )

    @model_validator(mode="after")
    def _limited_by_a_price(self) -> Self:
        priced = self.prompt_price or self.completion_price or self.prices
        if self.daily_limit_usd is not None and not priced:
            raise ValueError(
                "daily_limit_usd needs to know what tokens cost; set prompt_price and "
                "completion_price, or use daily_limit_tokens"
            )
        return self


class CacheSection(Section):
    enabled: bool = Field(
        default=True, description="whether a repeated question may be answered from a stored answer"
    )
    days: int = Field(
        30, ge=1, le=3650, description="how long an answer may be given again, at most"
    )


class CheckingSection(Section):
    by: Literal["builtin", "model", "lettucedetect"] = Field(
        "builtin",
        description="who judges whether sources carry a sentence; numbers, dates, codes, links, "
        "commands and denials are the built-in check's in any case",
    )
    model: str = Field(
        "", max_length=200, description="of by = model: its id; none: WELLSPOKEN_MODEL"
    )
    path: Path | None = Field(
        None, description="of by = lettucedetect: the folder of its model, beside this file"
    )
    seconds: float = Field(
        5.0, gt=0, le=120, description="how long a sentence may take; then the built-in check does"
    )

    @model_validator(mode="after")
    def _judge_is_named(self) -> Self:
        if self.by == "lettucedetect" and self.path is None:
            raise ValueError('with by = "lettucedetect", path names the folder of its model')
        return self


class SearchSection(Section):
    alpha: float | None = Field(
        None,
        ge=0,
        le=1,
        description="share of meaning beside words, 0 to 1; default: as measured for the embedder",
    )
    fusion: Literal["relative", "ranked"] = Field(
        "relative", description="how words and meaning become one list: by score, or by rank"
    )


class WeaviateSection(Section):
    collection: str = Field(
        "Wellspoken",
        pattern=r"^[A-Z][A-Za-z0-9]{0,60}$",
        description="the name that the collections of this knowledge base begin with",
    )
    tenant: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9-]{1,60}$",
        description="this workspace's tenant, where several workspaces share the collections",
    )
    replicas: int = Field(1, ge=1, le=20, description="copies of each object, on so many nodes")
    consistency: Literal["one", "quorum", "all"] = Field(
        "quorum", description="how many copies must agree to a read or a write"
    )
    timeout: Duration = Field(timedelta(seconds=5), description="how long a search may take")


_REPOSITORY = re.compile(r"(https?|ssh|file)://[^\s-]\S*|([\w.]+@)?[\w.][\w.-]*:[^\s/-]\S*")
_PAGE = re.compile(r"https?://[^\s/?#@]+([/?#]\S*)?", re.IGNORECASE)
_LINK = re.compile(r"https?://[^\s{}]*(\{commit\}[^\s{}]*)?\{path\}[^\s{}]*(\{commit\}[^\s{}]*)?")
Address = Annotated[
    str, PlainSerializer(lambda value: without_secrets(value, "***@"), return_type=str)
]
"""An address that may hold a password or a key, which is not printed."""


Options = Annotated[
    dict[str, str | int | float | bool], PlainSerializer(without_secret_values, return_type=dict)
]
"""What may hold a password or a key, which is not printed."""


class SourceSection(Section):
    name: str = Field(min_length=1, max_length=120, description="its name in the ledger")
    path: Path | None = Field(
        None, description="a folder or a file; of a git checkout the commit is kept"
    )
    url: Address | None = Field(None, repr=False, description="a page or a sitemap")
    git: Address | None = Field(
        None, repr=False, description="a repository: https://, ssh://, file:// or git@host:path"
    )
    branch: str = Field("", max_length=200, description="of git: a branch or tag; none: its head")
    folder: str = Field("", max_length=500, description="of git: only this folder of it")
    uri: str = Field(
        "",
        max_length=1000,
        description="of path and git: where people read a file, with {path} and {commit}",
    )
    type: str | None = Field(None, description="a source of your own: `package.module:Class`")
    options: Options = Field(
        {}, repr=False, description="of type: what the class is given beside its name"
    )
    groups: tuple[Group, ...] = Field((), description="who may see it; none: public")
    sync: Duration | None = Field(None, description="how often it is read again")
    allow_private: bool = Field(
        default=False, description="whether url or git may lead into private networks"
    )

    @field_validator("path", mode="before")
    @classmethod
    def _some_path(cls, value: Any) -> Any:
        if isinstance(value, str) and not value.strip():
            raise ValueError('it is empty; write "." for the folder itself')
        return value

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if sum(place is not None for place in (self.path, self.url, self.git, self.type)) != 1:
            raise ValueError("a source has one place: a path or a url, or else git or a type")
        for key, given, belongs in (
            ("branch", self.branch, self.git),
            ("folder", self.folder, self.git),
            ("uri", self.uri, self.git or self.path),
            ("options", self.options, self.type),
        ):
            if given and belongs is None:
                raise ValueError(f"{key} does not go with this kind of source")
        if self.url is not None and not _PAGE.fullmatch(self.url):
            raise ValueError("url begins with http:// or https:// and a host, without a password")
        if self.git is not None and not _REPOSITORY.fullmatch(self.git):
            raise ValueError("git begins with https://, ssh://, file:// or is git@host:path")
        if self.uri and not _LINK.fullmatch(self.uri):
            raise ValueError(
                "uri is an https:// address with {path} in it, and {commit} if you like"
            )
        if self.type is not None and not re.fullmatch(r"[\w.]+:\w+", self.type):
            raise ValueError('type is written as "package.module:Class"')
        if self.sync is not None and self.sync < timedelta(seconds=1):
            raise ValueError("sync is at least 1s")
        return self


class SlackAccess(Section):
    usergroups: dict[str, tuple[Group, ...]] = Field({}, description="user group id to groups")
    channels: dict[str, tuple[Group, ...]] = Field({}, description="channel id to groups")


class DiscordAccess(Section):
    roles: dict[str, tuple[Group, ...]] = Field({}, description="role name or id to groups")
    channels: dict[str, tuple[Group, ...]] = Field({}, description="channel name or id to groups")
    servers: tuple[str, ...] = Field(
        (),
        description="ids of the servers whose roles and channels count; none: every server, by "
        "name only where the bot's owners own it or it is the only one",
    )


class AccessSection(Section):
    users: dict[str, tuple[Group, ...]] = Field({}, description="`platform:id` to groups")
    slack: SlackAccess = SlackAccess()
    discord: DiscordAccess = DiscordAccess()


class ChannelSection(Section):
    reply_when: ReplyWhen | None = Field(None, description="when the bot speaks there")
    handoff: str | None = Field(
        None, description="where a question goes that needs a person, like `slack:C0HUMANS`"
    )
    thread: bool | None = Field(None, description="answer in a thread of its own")

    @field_validator("handoff")
    @classmethod
    def _channel(cls, value: str | None) -> str | None:
        if value and not re.fullmatch(r"(slack|discord):[^\s:]+", value):
            raise ValueError(
                "it is no channel; write the platform and the channel's id, like slack:C0HUMANS"
            )
        return value


def channel_tables(value: object) -> object:
    """``[channels]`` with what stands directly below it under ``*``: it holds for every channel."""
    if not isinstance(value, dict):
        return value
    everywhere = {key: given for key, given in value.items() if key in ChannelSection.model_fields}
    if not everywhere:
        return value
    tables = {key: given for key, given in value.items() if key not in everywhere}
    return {**tables, "*": everywhere}


Channels = Annotated[dict[str, ChannelSection], BeforeValidator(channel_tables)]
"""By id, like ``slack:C0G9QF9GZ``; ``*`` is every other channel."""


class LiveSection(Section):
    name: str = Field(min_length=1, max_length=120, description="its name")
    description: str = Field(
        min_length=1, max_length=500, description="what it tells, for the router"
    )
    url: SecretStr | None = Field(None, description="an address with {parameters}")
    database: SecretStr | None = Field(None, description="an SQLAlchemy URL")
    sql: str | None = Field(None, description="a select with :parameters")
    parameters: dict[str, str] = Field({}, description="what each parameter is")
    groups: tuple[Group, ...] = Field((), description="who may see it; none: public")
    ttl: Duration = Field(timedelta(seconds=60), description="how long a value is kept")

    @field_validator("parameters")
    @classmethod
    def _described(cls, value: dict[str, str]) -> dict[str, str]:
        for name, description in value.items():
            if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,39}", name):
                raise ValueError(f'"{name}" is no name of a parameter; write letters and digits')
            if not description.strip() or len(description) > 300:
                raise ValueError(
                    f'describe "{name}" in a few words, with an example: "the product\'s code, '
                    'like AX-100"'
                )
        return value

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.url is None) == (self.database is None):
            raise ValueError(f'live source "{self.name}" has either a url or a database')
        if (self.database is None) != (self.sql is None):
            missing = "database" if self.database is None else "sql"
            raise ValueError(f'live source "{self.name}" lacks its {missing}')
        return self


class DiscordSection(Section):
    backfill: Duration = Field(
        timedelta(hours=1), description="how far back it reads what came while it was away"
    )
    shards: int | None = Field(
        None, ge=1, le=10_000, description="how many connections; default: as Discord recommends"
    )


class WebSection(Section):
    trusted_proxies: tuple[str, ...] = Field(
        (), description="addresses of proxies whose X-Forwarded headers are believed; `*`: any"
    )
