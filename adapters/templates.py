"""The files that ``wellspoken init`` writes."""

from __future__ import annotations

SETTINGS = """\
# Settings of this bot. Environment variables and .env win over this file; keep secrets there.
# Every setting: docs/settings.md of the project, or `wellspoken config show`.

[bot]
name = "Juniper"
persona = "persona.yaml"          # who speaks; beside this file
reply_when = "mentioned"          # mentioned | addressed | always

[[sources]]                       # read by `wellspoken ingest` without arguments
name = "docs"
path = "docs"                     # a folder or a file; or url = "https://…", a page or a sitemap
# groups = ["staff"]              # who may see it; without groups it is public
# sync = "1h"

# -- a model: any OpenAI-compatible server. Without one, the built-in reader quotes your documents.
# In .env:
#   OPENAI_API_KEY=…
#   OPENAI_BASE_URL=http://127.0.0.1:8000/v1
#   WELLSPOKEN_MODEL=…
# [models]
# first_token = "15s"             # how long to wait for the first word
# answer = "60s"                  # how long a whole answer may take

# -- who is in which group, and what everybody who reads a channel may see
# [access.users]
# "slack:U024BE7LH" = ["staff"]
# [access.slack.channels]
# "C0G9QF9GZ" = ["staff"]

# [retention]
# messages = "365d"

# [training]
# use_user_messages = false
# consent = "opt-out"
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
