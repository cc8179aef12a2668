"""The page of a scorecard: it stands alone, says what a run is worth, and runs nobody's code."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

from adapters.evaluation.report import report_page
from adapters.evaluation.report_cases import filters, views
from adapters.evaluation.running import records
from adapters.web.console.score_plots import Past, sections
from tests.platforms.scorecards import scorecard

HOSTILE = (
    "</script><script>alert(1)</script><!--<script>",
    "<img src=x onerror=alert(1)>",
    "{{ 7*7 }} ${alert(1)} '\"><svg onload=alert(1)>",
    "</textarea></details></style>\u2028\u202e\ud800",
)


class _Tags(HTMLParser):
    """Every element with its attributes, and the text of scripts."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[tuple[dict[str, str | None], str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.found and self.found[-1][0] == "script" and self.cdata_elem == "script":
            self.scripts.append((self.found[-1][1], data))


def _read(page: str) -> _Tags:
    tags = _Tags()
    tags.feed(page)
    return tags


def test_nothing_is_loaded() -> None:
    """No element names another file, and the policy would let none be loaded."""
    page = report_page(scorecard())
    tags = _read(page)
    loading = {"src", "srcset", "href", "data", "poster", "action", "background", "formaction"}
    assert [a for _, a in tags.found if loading & a.keys()] == []
    assert not re.search(r"@import|url\(", page.partition("</style>")[0])
    assert "sourceMappingURL" not in page
    (policy,) = (a["content"] for t, a in tags.found if a.get("http-equiv"))
    assert policy is not None
    assert policy.startswith("default-src 'none'")


def test_only_our_own_scripts_may_run() -> None:
    """Each script's hash is in the policy, and the policy lets nothing else run."""
    tags = _read(report_page(scorecard(text=HOSTILE[0])))
    (policy,) = (a["content"] for _, a in tags.found if a.get("http-equiv"))
    allowed = re.findall(r"'sha256-([^']+)'", policy or "")
    code = [text for attributes, text in tags.scripts if "type" not in attributes]
    hashes = [base64.b64encode(hashlib.sha256(t.encode()).digest()).decode() for t in code]
    assert hashes == allowed
    assert len(hashes) == 3
    assert "unsafe" not in (policy or "").partition("script-src")[2]


def test_hostile_text_is_text() -> None:
    """Whatever questions, answers, documents and notes hold, the page has the same elements."""
    plain = _read(report_page(scorecard()))
    for text in HOSTILE:
        done = scorecard(question=text, text=text, passage=text)
        done = replace(
            done,
            suite=replace(done.suite, name=text),
            notes={mode: [text] for mode in done.notes},
            models={mode: [text] for mode in done.models},
        )
        page = report_page(done)
        page.encode()
        tags = _read(page)
        extra = {t for t, _ in tags.found} - {t for t, _ in plain.found}
        assert extra <= {"p"}
        assert not [a for _, a in tags.found if any(name.startswith("on") for name in a)]
        assert sum("type" not in a for t, a in tags.found if t == "script") == 3


def test_every_plot_has_a_table_and_its_data() -> None:
    """Each canvas has words for a screen reader, a table beside it, and JSON that can be read."""
    tags = _read(report_page(scorecard()))
    canvases = [a for t, a in tags.found if t == "canvas"]
    assert canvases
    assert all(a["role"] == "img" and a["aria-label"] for a in canvases)
    data = [json.loads(text) for a, text in tags.scripts if a.get("type") == "application/json"]
    assert {d["kind"] for d in data} == {"bars", "stacked", "against", "reliability", "trend"}
    assert len(data) == len(canvases)
    tables = [a for t, a in tags.found if t == "table" and a["class"] == "plotted-table"]
    assert len(tables) == len(canvases)


def test_headings_stand_in_order() -> None:
    """No level is left out, so that a screen reader can walk them."""
    levels = [int(t[1]) for t, _ in _read(report_page(scorecard())).found if re.match(r"h\d$", t)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))


def test_a_case_opens_down_to_claims_and_sources() -> None:
    """The answer, what was made up, the source, and what the same question in other words got."""
    page = report_page(scorecard())
    for said in (
        "It holds for 99 months.", "not carried", "The warranty holds for 24 months.",
        "cited as 1", "answers it", "In other words", "the same", "How it came about",
    ):  # fmt: skip
        assert said in page


def test_a_passage_that_all_modes_found_is_there_once() -> None:
    """A page of a thousand cases is not four times as long for having four modes."""
    done = scorecard(1, passage="The only passage.")
    assert report_page(done).count("The only passage.") == 2  # of two documents
    (view,) = views(records(done))
    assert [source.n for source in view.sources] == [1, 2]


def test_filters_count_what_they_show() -> None:
    """First what needs a look, then who was wrong, last all of them; empty choices are left out."""
    done = scorecard(10)
    found = views(records(done))
    counts = {each.words: each.n for each in filters(found, list(done.judged))}
    assert next(iter(counts)) == "Needs a look"
    assert list(counts)[-1] == "All"
    assert counts["All"] == 10
    assert counts["voice wrong"] == counts["Needs a look"]
    assert counts["Refused"] == 2
    assert "rag wrong" not in counts
    assert "Failed" not in counts
    assert found[0].right < found[-1].right


def test_a_trend_needs_two_runs_and_marks_other_questions() -> None:
    """One run alone has no trend; a run with other questions has a star and a word for it."""
    done = scorecard()
    assert "Over time" not in report_page(replace(done, earlier=[]))
    page = report_page(done)
    assert "Over time" in page
    assert "21 Nov 09:30 *" in page
    assert "22 Nov 09:30 *" not in page
    assert "had other questions" in page


def test_runs_of_before_are_plotted_as_far_as_they_go() -> None:
    """A run that kept neither calibration nor cases still has its bars."""
    card = {"n": 3, "accuracy": 0.5, "accuracy_ci95": None, "cost_usd": 0.0}
    found = sections({"rag": card}, {}, [Past("May", {"rag": card})])
    assert [section.title for section in found] == ["Modes side by side"]


def test_one_mode_alone_has_its_page() -> None:
    """Without the router, costs and earlier runs there are fewer plots and no error."""
    page = report_page(scorecard(1, modes=("rag",), earlier=0))
    assert "Where questions were sent" not in page
    assert "100.0%" in page
