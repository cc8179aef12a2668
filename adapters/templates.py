"""The files that ``wellspoken init`` writes."""

from __future__ import annotations

SETTINGS = """\
# Settings of this bot. Environment variables and .env win over this file; keep secrets there.
# Every setting: docs/settings.md of the project, or `wellspoken config show`.

[bot]
name = "Juniper"                  # the name in persona.yaml goes before it
persona = "persona.yaml"          # who speaks; beside this file
reply_when = "mentioned"          # mentioned | addressed | always; when it speaks in channels
# contact = "#it-help"            # whom to ask where no handoff channel is set, in words

[[sources]]                       # read by `wellspoken ingest` without arguments
name = "docs"
path = "docs"                     # a folder or a file; or url = "https://…", a page or a sitemap
# groups = ["staff"]              # who may see it; without groups it is public
# sync = "1h"                     # `wellspoken serve` reads it again so often

# -- live facts: looked up when somebody asks, never read in. The guide: docs/live.md
# [[live]]
# name = "stock"
# description = "Price and units in stock of a product, by its code"
# url = "http://127.0.0.1:9000/stock/{code}"
# parameters = { code = "the product's code, like AX-100" }
# ttl = "60s"

# -- a model: any OpenAI-compatible server. Without one, the built-in reader quotes your documents.
# In .env:
#   OPENAI_API_KEY=…
#   OPENAI_BASE_URL=http://127.0.0.1:8000/v1
#   WELLSPOKEN_MODEL=…
# [models]
# first_token = "15s"             # how long to wait for the first word
# answer = "60s"                  # how long a whole answer may take

# -- Slack: tokens in .env; `wellspoken slack manifest` prints the app. The guide: docs/slack.md
#   SLACK_BOT_TOKEN=xoxb-…
#   SLACK_APP_TOKEN=xapp-…
# [channels]
# handoff = "slack:C0HUMANS"      # where a question goes that needs a person
# [channels."slack:C0G9QF9GZ"]    # one channel; its threads inherit it
# reply_when = "addressed"        # also who calls it by name, and support questions to nobody

# -- Discord: the token in .env; `wellspoken discord invite` prints the link that adds the bot to a
# server. The guide: docs/discord.md
#   DISCORD_TOKEN=…
# [channels."discord:613425648685547542"]
# thread = false                  # answer in the channel; default: in a thread of its own
# handoff = "discord:613425648685547543"
# [discord]
# backfill = "1h"                 # how far back it reads what came while it was away

# -- who sees what: an answer in a channel uses what that channel is mapped to, whoever asks; a
# direct message what its reader may see. Nothing here: public documents only.
# [access.slack.channels]
# "C0G9QF9GZ" = ["staff"]
# [access.slack.usergroups]
# "S0614TZR7" = ["staff"]
# [access.discord.channels]       # by name or id; with several servers by id
# "mod-lounge" = ["staff"]
# [access.discord.roles]
# "Moderator" = ["staff"]
# [access.users]
# "slack:U024BE7LH" = ["staff"]
# "discord:80351110224678912" = ["staff"]

# -- what becomes too old goes; "off" keeps for good. The guide: docs/governance.md
# [retention]
# messages = "365d"               # questions with their answers, ratings and handoffs
# uploads = "30d"                 # what was read of files that came with a question
# audit = "off"                   # contents of the audit trail; its chain stays
# exports = "30d"
# evaluations = "off"
# replies = "365d"
# participation = "365d"

# -- from thumbs to a better voice. The guide: docs/flywheel.md
# [training]
# use_user_messages = false
# consent = "opt-out"             # what silence means; or "opt-in"
# experts = ["product-team"]      # groups whose corrections count as approved
# [tuning]
# backend = "local"               # or "openai": any service with that fine-tuning API
# base = "./models/small"         # a folder, a name, or a service's model
# python = ".venv-train/bin/python"   # the Python that has wellspoken[train]
# [release]
# suites = ["suites/support.jsonl"]   # what a version is held to before it may speak
# operators = "slack:C0HUMANS"    # the channel that hears of releases and roll-backs

# -- live turns, watched. The guide: docs/watch.md
# [watch]
# channel = "slack:C0HUMANS"      # the channel that hears what got worse
# suites = ["support"]            # asked by themselves
# every = "30d"
"""

WELCOME = """\
---
title: Welcome
---

# Welcome

Put your documents beside this file: Markdown, HTML, PDF, DOCX, plain text, CSV or JSON. Then run
`wellspoken ingest` to read them in and `wellspoken chat` to ask about them.

## How often can documents be read in?

As often as you like: only what changed is read again, and what is gone from the folder is gone
from the answers.
"""


def starting_files() -> dict[str, str]:
    """A bot of one's own to begin with, by path."""
    from persona.profile import persona_yaml_template

    return {
        "wellspoken.toml": SETTINGS,
        "persona.yaml": persona_yaml_template("Juniper"),
        "docs/welcome.md": WELCOME,
    }


def sample_files() -> dict[str, str]:
    """The demo as a bot of one's own: documents, persona, what was said of answers, and a suite."""
    from knowledge.sample import sample_folder, sample_persona, sample_ratings, sample_suite

    folder = sample_folder()
    pages = {
        f"docs/{page.relative_to(folder).as_posix()}": page.read_text("utf-8")
        for page in sorted(folder.rglob("*.md"))
    }
    return {
        "wellspoken.toml": SETTINGS,
        "persona.yaml": sample_persona().read_text("utf-8"),
        "ratings.jsonl": sample_ratings().read_text("utf-8"),
        "suites/sample.jsonl": sample_suite().read_text("utf-8"),
        **pages,
    }
