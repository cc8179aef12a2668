"""Settings: who wins, and how a wrong value is reported."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from bot.errors import ConfigurationError, MissingFileError
from bot.settings import environment_names, load_settings, origin, parse_duration, write_duration
from bot.settings.sections import SourceSection

SAMPLE = """\
[bot]
name = "Juniper"
persona = "persona.yaml"
reply_when = "mentioned"

[[sources]]
name = "handbook"
path = "docs/handbook"
groups = ["staff"]
sync = "1h"

[access.users]
"slack:U024BE7LH" = ["staff"]
[access.slack.usergroups]
"S0614TZR7" = ["staff"]
[access.slack.channels]
"C0G9QF9GZ" = ["staff"]
[access.discord.roles]
"Moderator" = ["staff"]
[access.discord.channels]
"mod-lounge" = ["staff"]

[channels."slack:C0G9QF9GZ"]
reply_when = "always"
handoff = "slack:C0HUMANS"

[[live]]
name = "stock"
description = "Price and units in stock of a product, by its code"
url = "http://127.0.0.1:9000/stock/{code}"
parameters = { code = "the product's code, like AX-100" }
groups = []
ttl = "60s"

[retention]
messages = "365d"
[training]
use_user_messages = false
consent = "opt-out"
"""


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for row in environment_names():
        monkeypatch.delenv(row.environment, raising=False)


def write(text: str, name: str = "wellspoken.toml") -> None:
    Path(name).write_text(text, "utf-8")


def test_without_anything_the_defaults_hold() -> None:
    """A fresh folder needs no settings."""
    settings = load_settings()
    assert settings.bot.name == "Juniper"
    assert settings.database.startswith("sqlite+aiosqlite:///")
    assert settings.persona_path is None


def test_the_environment_wins_over_dotenv_and_dotenv_over_the_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each level is taken where the one above says nothing."""
    write('wellspoken_model = "file"\nwellspoken_home = "file-home"\nweaviate_url = "http://f"\n')
    write("WELLSPOKEN_MODEL=dot\nWELLSPOKEN_HOME=dot-home\nUNRELATED=1\n", ".env")
    monkeypatch.setenv("WELLSPOKEN_MODEL", "environment")
    settings = load_settings()
    assert (settings.model, str(settings.home)) == ("environment", "dot-home")
    assert settings.weaviate_url == "http://f"
    rows = {row.environment: origin(settings, row) for row in environment_names()}
    assert rows["WELLSPOKEN_MODEL"] == "environment"
    assert rows["WELLSPOKEN_HOME"] == ".env"
    assert rows["WEAVIATE_URL"] == "wellspoken.toml"
    assert rows["DATABASE_URL"] == "default"


def test_an_empty_variable_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """``OPENAI_API_KEY=`` in a compose file turns no model on."""
    monkeypatch.setenv("OPENAI_API_KEY", "")
    assert load_settings().openai_api_key is None


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('[bot]\nname = "X"\nreply_wen = "always"\n', 3, 'did you mean "reply_when"'),
        ('[bot]\n\nreply_when = "loudly"\n', 3, "'mentioned', 'addressed' or 'always'"),
        ("[bot\n", 1, "not valid TOML"),
        ('[[sources]]\nname = "a"\npath = "x"\n[[sources]]\nname = "b"\n', 4, "a path or a url"),
        ('[[sources]]\nname = "a"\npath = "x"\nsync = "1w"\n', 4, "30s, 15m, 12h or 7d"),
        ('wellspoken_modle = "x"\n', 1, 'did you mean "wellspoken_model"'),
        ('[channels."slack:C0"]\nreply_when = "x"\n', 2, "reply_when"),
        ('openai_base_url = "localhost:8000"\nwellspoken_model = "m"\n', 1, "http://"),
    ],
)
def test_a_wrong_file_is_one_sentence_with_its_line(text: str, line: int, words: str) -> None:
    """File, line and what to write instead."""
    write(text)
    with pytest.raises(ConfigurationError) as caught:
        load_settings()
    assert str(caught.value).startswith(f"wellspoken.toml:{line}: ")
    assert words in str(caught.value)


def test_a_wrong_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable, not a field of ours."""
    monkeypatch.setenv("DATABASE_URL", "mysql://user:secret@host/db")
    with pytest.raises(ConfigurationError) as caught:
        load_settings()
    assert "environment variable DATABASE_URL" in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("WEAVIATE_URL", "http://127.0.0.1:99999", "a number from 1 to 65535"),
        ("WEAVIATE_GRPC_URL", "127.0.0.1:0", "a number from 1 to 65535"),
        ("DATABASE_URL", "postgresql://u:s3cr3t@host:99999/x", "a number from 1 to 65535"),
        ("DATABASE_URL", "postgresql://u:s3cr3t@host:port/x", "a number from 1 to 65535"),
        ("DATABASE_URL", "postgresql://u:x@s3cr3t@host/x", "write it as %40"),
        ("DATABASE_URL", "postgresql://u@host/x?s3cr3t=1", "an option that is not known"),
        ("SLACK_API_URL", "http://u:s3cr3t@host/api/", "the token alone"),
        ("DISCORD_API_URL", "http://s3cr3t@host/api/", "the token alone"),
        ("SLACK_API_URL", "http://127.0.0.1:65536/api/", "a number from 1 to 65535"),
        ("OPENAI_BASE_URL", "sk-s3cr3t", "starts with http:// or https://"),
    ],
)
def test_an_address_that_cannot_be_one_is_refused_unprinted(
    name: str, value: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The variable is named; its value is not shown: it may hold a password, or be a key."""
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError) as caught:
        load_settings()
    assert f"environment variable {name}" in str(caught.value)
    assert words in str(caught.value)
    assert "s3cr3t" not in str(caught.value)


def test_a_key_without_a_model_says_which_setting_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The model id is required with a server."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    with pytest.raises(ConfigurationError, match="WELLSPOKEN_MODEL") as caught:
        load_settings()
    assert "sk-very-secret" not in str(caught.value)


def test_a_named_settings_file_must_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    """A typing error in WELLSPOKEN_CONFIG is not silently the default."""
    monkeypatch.setenv("WELLSPOKEN_CONFIG", "nowhere.toml")
    with pytest.raises(MissingFileError, match=r"nowhere\.toml"):
        load_settings()


def test_paths_in_the_file_are_beside_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """``persona = "persona.yaml"`` means the one beside the settings file."""
    Path("conf").mkdir()
    write('[bot]\npersona = "p.yaml"\n', "conf/w.toml")
    write("name: X\n", "conf/p.yaml")
    monkeypatch.setenv("WELLSPOKEN_CONFIG", "conf/w.toml")
    assert load_settings().persona_path == Path("conf/p.yaml")


def test_secrets_do_not_show_in_any_form(monkeypatch: pytest.MonkeyPatch) -> None:
    """Printing settings prints stars."""
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-hidden")
    settings = load_settings()
    assert "xoxb-hidden" not in repr(settings) + str(settings) + settings.model_dump_json()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("30s", timedelta(seconds=30)),
        ("15m", timedelta(minutes=15)),
        ("12h", timedelta(hours=12)),
        ("7d", timedelta(days=7)),
    ],
)
def test_durations_read_and_write_the_same(text: str, value: timedelta) -> None:
    """The contract's four units."""
    assert parse_duration(text) == value
    assert parse_duration(write_duration(value)) == value


def test_no_password_of_an_address_is_printed() -> None:
    """Whatever characters it has; the address of a page is refused with one."""
    source = SourceSection.model_validate({"name": "a", "git": "https://me:p@ss=@h.test/x"})
    assert source.model_dump(mode="json")["git"] == "https://***@h.test/x"
    assert "p@ss" not in repr(source) + str(source)


def test_what_stands_below_channels_holds_for_every_channel() -> None:
    """``[channels] thread = false`` is the rule, a channel's own table the exception."""
    write('[channels]\nthread = false\n[channels."slack:C1"]\nthread = true\n')
    channels = load_settings().channels
    assert channels["*"].thread is False
    assert channels["slack:C1"].thread is True


def test_the_contracts_own_example_loads() -> None:
    """Every table of the documented sample, with a persona beside it."""
    write(SAMPLE)
    write("name: Juniper\n", "persona.yaml")
    settings = load_settings()
    assert settings.sources[0].groups == ("staff",)
    assert settings.access.discord.channels == {"mod-lounge": ("staff",)}
    assert settings.channels["slack:C0G9QF9GZ"].handoff == "slack:C0HUMANS"
    assert settings.live[0].ttl == timedelta(seconds=60)
    assert "9000" not in repr(settings.live)  # an address may hold a key
    assert settings.persona_path == Path("persona.yaml")


def test_a_persona_that_is_named_and_missing_is_said() -> None:
    """The sentence names the file."""
    write('[bot]\npersona = "persona.yaml"\n')
    with pytest.raises(MissingFileError, match=r"persona\.yaml does not exist"):
        _ = load_settings().persona_path


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[[sources]]\nname = "x"\npath = "d"\ngroups = "staff"\n', 'a list, like ["staff"]'),
        ('[[sources]]\nname = "x"\npath = "d"\ngroups = [""]\n', "must not be empty"),
        ('[[sources]]\nname = "x"\npath = ""\n', "it is empty"),
        ('[[sources]]\nname = "x"\nurl = "example.com"\n', "url begins with http://"),
        ('[[sources]]\nname = "x"\nurl = "ftp://u:s3cr3t@h/x"\n', "url begins with http://"),
        ('[[sources]]\nname = "x"\nurl = "http://u:s3cr3t@h/x"\n', "without a password"),
        ('[sources]\nname = "x"\n', "write [[sources]]"),
        ('[[live]]\nname = "x"\n', "live.description: it is missing"),
        ('[[live]]\nname = "x"\ndescription = "d"\n', 'live source "x" has either a url or'),
        (
            '[[live]]\nname = "x"\ndescription = "d"\ndatabase = "sqlite:///s3cr3t.db"\n',
            'live source "x" lacks its sql',
        ),
        (
            '[[live]]\nname = "x"\ndescription = "d"\nurl = "http://s3cr3t/{a b}"\n'
            'parameters = { "a b" = "a code" }\n',
            '"a b" is no name of a parameter',
        ),
        ("[models]\nprompt_tokens = 1\n", "it must be at least 500"),
        ("[channels]\nthread = 5\n", "true or false"),
        ('[weaviate]\ncollection = "my docs"\n', "begins with a capital letter"),
        ("bot = 5\n", "it must be a table"),
        ('home = "x"\n', 'did you mean "wellspoken_home"?'),
    ],
)
def test_a_wrong_value_is_explained_in_plain_words(
    text: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What to write instead, and no other variable of the environment is blamed."""
    monkeypatch.setenv("HOME", "/somewhere")
    write(text)
    with pytest.raises(ConfigurationError) as caught:
        load_settings()
    assert words in str(caught.value)
    assert str(caught.value).startswith("wellspoken.toml:")
    assert "s3cr3t" not in str(caught.value)


def test_the_judge_of_claims_is_set() -> None:
    """The built-in check by default; a judge needs what it is made of."""
    assert load_settings().checking.by == "builtin"
    Path("wellspoken.toml").write_text('[checking]\nby = "model"\nmodel = "big"\nseconds = 2.5\n')
    checking = load_settings().checking
    assert (checking.by, checking.model, checking.seconds) == ("model", "big", 2.5)
    Path("wellspoken.toml").write_text('[checking]\nby = "lettucedetect"\n')
    with pytest.raises(ConfigurationError, match="path names the folder"):
        load_settings()


@pytest.mark.parametrize("query", ["", "?sslmode=require", "?host=/run/postgresql&ssl=prefer"])
def test_options_of_the_driver_are_taken(query: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that asyncpg and SQLAlchemy know, and libpq's word for ssl."""
    address = f"postgresql://u:p%40ss@host/x{query}"
    monkeypatch.setenv("DATABASE_URL", address)
    assert load_settings().database == address
