"""Statements: one select, values bound."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.live.statement import statement


@pytest.mark.parametrize(
    "sql",
    [
        "select price from goods where code = :code;",
        "SELECT 'a;b', \"update\", x::text FROM goods WHERE code = :code -- ; drop\n",
        "with g as (select * from goods) select * from g where code in (:code, :other)",
        "select to_char(t, 'HH24:MI') from goods /* insert */ where code = :code",
        "(select 1)",
        "select updated_at, replace(a, 'b', 'c') from goods",
        "select arr[1:2] from goods",
    ],
)
def test_a_select_is_taken(sql: str) -> None:
    """Quotes, comments and casts are no parameters and no other statements."""
    assert set(statement(sql).holes) <= {"code", "other"}
    assert not statement(sql).pieces[-1].endswith(";")


@pytest.mark.parametrize(
    ("sql", "problem"),
    [
        ("", "one select"),
        ("update goods set price = 0", "one select"),
        ("pragma query_only = off", "one select"),
        ("select 1; drop table goods", "more than one"),
        ("select 1; select 2", "more than one"),
        ("with d as (delete from goods returning *) select * from d", '"delete"'),
        ("select * into copy from goods", '"into"'),
        ("select * from goods for update", '"update"'),
        ("explain select 1", "one select"),
        ("select * from goods where code = ?", "like :code"),
        ("select * from goods where code = $1", "like :code"),
        ("select 'open", "does not end"),
        ("select 1 /* open", "does not end"),
    ],
)
def test_what_is_not_one_select_is_refused(sql: str, problem: str) -> None:
    """Anything that could change data, and anything that nobody can be sure of."""
    with pytest.raises(ValueError, match=problem):
        statement(sql)


@given(st.text(max_size=60))
def test_no_value_becomes_part_of_a_statement(value: str) -> None:
    """The text of a statement does not depend on values; a value comes back as it was given."""
    read = statement("select :code as said, 'x' as x -- :code\n where 1 = 1")
    sql = read.written(lambda hole: f":{hole}")
    connection = sqlite3.connect(":memory:")
    try:
        if "\x00" in value or any(0xD800 <= ord(c) < 0xE000 for c in value):
            return
        assert connection.execute(sql, {"code": value}).fetchall() == [(value, "x")]
    finally:
        connection.close()


@given(st.text(alphabet="select from goods;'\"-/*:$()\n\\", max_size=60))
def test_whatever_is_written_it_is_one_select_or_refused(text: str) -> None:
    """What passes begins like a select and holds no second statement outside of quotes."""
    try:
        read = statement(text)
    except ValueError:
        return
    assert read.pieces[0].lstrip("( \n\t").lower().startswith(("select", "with", "values"))
