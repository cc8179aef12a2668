"""Groups: names are compared exactly, and what is not understood opens nothing."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation import Principal
from knowledge.access import (
    LONGEST_GROUP,
    groups_said,
    named_groups,
    normal_group,
    normal_groups,
    seems_to_name_groups,
)

_names = st.text(st.characters(codec=None), max_size=30)


@given(_names)
def test_a_name_in_its_compared_form_stays_as_it_is(name: str) -> None:
    """Composed, without space around it, printable; or it is no name at all."""
    try:
        group = normal_group(name)
    except ValueError:
        return
    assert normal_group(group) == group
    assert group == unicodedata.normalize("NFC", group).strip()
    assert group.isprintable()
    assert 0 < len(group) <= LONGEST_GROUP


@pytest.mark.parametrize(
    "name", ["", " ", "\t", "a\0b", "a\nb", "\ud800", "x" * 201, "a\u200bb", "a\u00a0b", "a\u202eb"]
)
def test_what_cannot_be_read_on_a_screen_is_no_name(name: str) -> None:
    """NUL, line ends, invisible characters, nothing at all, and no end: refused."""
    with pytest.raises(ValueError, match="is no name of a group"):
        normal_group(name)


def test_one_name_typed_on_two_machines_is_one_group() -> None:
    """Composed and decomposed letters match; case, width and look-alikes do not."""
    assert normal_group("Bu\u0308ro") == normal_group(" Büro ") == "Büro"
    apart = {normal_group(n) for n in ("staff", "Staff", "ｓｔａｆｆ", "st\u0430ff", "sta ff")}
    assert len(apart) == 5


@pytest.mark.parametrize(
    ("value", "groups"),
    [
        (None, set()),
        ([], set()),
        ((), set()),
        ("staff", {"staff"}),
        ("staff, new board", {"staff", "new board"}),
        (["staff", " board "], {"staff", "board"}),
        ([1, "staff"], {"1", "staff"}),
        (["public"], {"public"}),
        (["*"], {"*"}),
    ],
)
def test_groups_are_read_as_people_write_them(value: object, groups: set[str]) -> None:
    """A list, one name, names with commas, or nothing."""
    assert named_groups(value) == groups


@pytest.mark.parametrize(
    "value",
    [5, 0, 1.5, True, False, {}, {"staff": True}, "", ",", "staff,", [""], [None], [True], [1.5],
     [["staff"]], [{"a": 1}], b"staff", object()],
)  # fmt: skip
def test_groups_that_are_not_understood_are_not_public(value: object) -> None:
    """Anything else is refused, so that its document is not stored at all."""
    with pytest.raises(ValueError, match="group"):
        named_groups(value)


@given(st.frozensets(_names, max_size=4), st.frozensets(_names, max_size=4))
def test_a_reader_sees_what_shares_a_group_or_has_none(one: frozenset, two: frozenset) -> None:
    """Deny by default: without a group in common only the public is seen."""
    assert Principal(one).may_see(two) == (not two or bool(one & two))
    assert Principal().may_see(two) == (not two)


@pytest.mark.parametrize(
    ("values", "groups"),
    [
        ({"groups": ["staff"]}, {"staff"}),
        ({"Group": "staff"}, {"staff"}),
        ({"GROUPS": "staff"}, {"staff"}),
        ({"gro\u200bups": "staff"}, {"staff"}),
        ({"groups": None, "group": "staff"}, {"staff"}),
        ({"groups": [], "Groups": ["staff"]}, {"staff"}),
        ({"groups": ["a", "b"], "group": "b, a"}, {"a", "b"}),
        ({"groups": []}, set()),
        ({"title": "x"}, set()),
        ({"groups_of_two": "x", "grouping": "y"}, set()),
    ],
)
def test_however_the_key_is_written_it_counts(
    values: dict[object, object], groups: set[str]
) -> None:
    """Singular, capitals and invisible characters make no document public."""
    assert groups_said(values) == groups


def test_groups_that_are_said_twice_are_not_understood() -> None:
    """The last word does not open what the first one closed."""
    with pytest.raises(ValueError, match="twice"):
        groups_said({"groups": ["staff"], "Groups": ["board"]})
    with pytest.raises(ValueError, match="twice"):
        groups_said({"groups": []}, "groups: [staff]\ngroups: []\n")
    assert groups_said({"groups": ["a"]}, "groups:\n- a\nx:\n  groups: [b]\n") == {"a"}
    assert normal_groups(["a", "a "]) == {"a"}


@pytest.mark.parametrize(
    "top",
    [
        "---\ngroups:[staff]\n---\n",
        "---\n  groups: [staff]\n---\n",
        "---\n- groups: [staff]\n---\n",
        "---\n# groups: staff\n---\n",
        "\n\n---\ngroups: [staff]\n---\n",
        "<!-- licence\n-->\n---\ntitle: x\ngroup: staff\n---\n",
        "import X from 'x'\n\n---\ngroups: [staff]\n---\n",
        "----\nGroups = ['staff']\n----\n",
        "--- # front\ngroups\uff1a [staff]\n---\n",
        "+++\n gro\u200bups = 'staff'\n+++\n",
    ],
)
def test_what_was_meant_to_restrict_is_seen(top: str) -> None:
    """A line that names groups at the top, though nothing can be made of it."""
    assert seems_to_name_groups(f"{top}# Pay\n\nThe bonus.\n")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# Groups\n\ngroups: are made in the settings\n",
        "Write this:\n\n---\ngroups: [staff]\n---\n",
        "---\n\nAfter a rule.\n\n---\n\ngroups: [staff]\n",
        "---\ntitle: Groups and how to name them\n---\ngroups: [staff]\n",
        "```yaml\n---\ngroups: [staff]\n---\n```\n",
        "---\ngrouping: x\ngroup_id: 4\n---\n",
        "-- groups: x",
        "---",
    ],
)
def test_a_text_about_groups_is_a_text(text: str) -> None:
    """What stands further below, in code, or is another word, restricts nothing."""
    assert not seems_to_name_groups(text)


@given(st.text(alphabet="-+ \n<!>groups:=[]x\u200b", max_size=200))
def test_any_text_can_be_looked_at(text: str) -> None:
    """Nothing breaks the look, and it takes no more than the top."""
    assert seems_to_name_groups(text) == seems_to_name_groups(text + "\n" * 400 + "---\ngroups:")
