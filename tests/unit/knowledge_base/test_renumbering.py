"""Following an article number from one text to another."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from knowledge_base.models import Version
from knowledge_base.numbers import Numbers
from knowledge_base.renumbering import (
    RENUMBERING,
    Renumbering,
    Table,
    load_renumbering,
    merge_tables,
    read_tables,
    write_tables,
)
from knowledge_base.versions import Dated, Register, Repeal, load_register, same_day

D = dt.date
NOW = D(2026, 11, 26)


def row(law: str, passed: D) -> Dated:
    return Dated(Version(law, law, "法律", passed, passed), Numbers.read("1..50"))


REGISTER = Register(
    [row("甲法", D(2000, 1, 1)), row("甲法", D(2010, 1, 1)), row("乙法典", D(2020, 1, 1))],
    {"甲法": Repeal("乙法典", D(2020, 1, 1), "")},
)
FIRST = Table("甲法", D(2000, 1, 1), "甲法", D(2010, 1, 1), "aligned", {"3": ("4",), "5": ("5",)})
SECOND = Table("甲法", D(2010, 1, 1), "乙法典", D(2020, 1, 1), "reviewed", {"4": ("40", "41")})


@pytest.fixture
def tables() -> Renumbering:
    return Renumbering([SECOND, FIRST])


def test_an_article_is_followed_through_every_text_to_the_day(tables: Renumbering) -> None:
    oldest = REGISTER.history("甲法")[0]
    assert tables.successor(oldest, "3", NOW, REGISTER) == "乙法典/40"
    assert tables.successor(oldest, "3", D(2015, 1, 1), REGISTER) == "甲法/4"
    assert tables.successor(oldest, "3", D(2005, 1, 1), REGISTER) == "甲法/3"


def test_an_article_without_a_certain_successor_has_none(tables: Renumbering) -> None:
    oldest = REGISTER.history("甲法")[0]
    assert tables.successor(oldest, "5", NOW, REGISTER) is None
    assert tables.successor(oldest, "9", D(2015, 1, 1), REGISTER) is None


def test_an_article_of_today_is_traced_back_to_the_day(tables: Renumbering) -> None:
    found = tables.predecessor("乙法典", "40", NOW, D(2005, 1, 1), REGISTER)
    assert found is not None
    assert (found[0].version.passed, found[1]) == (D(2000, 1, 1), "3")
    assert tables.predecessor("乙法典", "41", NOW, D(2005, 1, 1), REGISTER) is None


def test_tables_are_read_as_they_were_written(tmp_path: Path) -> None:
    long = {str(n): (str(n + 2),) for n in range(1, 21)} | {"21-1": ("30",), "22": ("40", "7-1")}
    table = Table("丙法", D(2001, 1, 1), "丙法", D(2002, 1, 1), "aligned", long)
    write_tables(tmp_path / "t.tsv", [table, FIRST])
    text = (tmp_path / "t.tsv").read_text(encoding="utf-8")
    assert "1..20>3,21-1>30,22>40+7-1" in text
    assert {t.law: dict(t.articles) for t in read_tables(tmp_path / "t.tsv")} == {
        "丙法": long,
        "甲法": dict(FIRST.articles),
    }


def test_a_reviewed_table_stands_before_an_aligned_one() -> None:
    other = Table("甲法", D(2010, 1, 1), "乙法典", D(2020, 1, 1), "aligned", {"4": ("1",)})
    assert merge_tables([SECOND], [other, FIRST]) == [SECOND, FIRST]


def test_a_wrong_line_is_named(tmp_path: Path) -> None:
    (tmp_path / "t.tsv").write_text("表头\n甲法\t2000-01-01\n", encoding="utf-8")
    with pytest.raises(ValueError, match="第 2 行"):
        read_tables(tmp_path / "t.tsv")


@pytest.mark.parametrize(
    ("law", "on", "number", "now"),
    [
        ("合同法", D(2019, 1, 1), "107", "民法典/577"),
        ("婚姻法", D(2019, 1, 1), "32", "民法典/1079"),
        ("侵权责任法", D(2015, 1, 1), "6", "民法典/1165"),
        ("物权法", D(2015, 1, 1), "70", "民法典/271"),
        ("继承法", D(2015, 1, 1), "10", "民法典/1127"),
        ("民法通则", D(2010, 1, 1), "135", "民法典/188"),
        ("担保法", D(2010, 1, 1), "19", "民法典/686"),
        ("收养法", D(2010, 1, 1), "15", "民法典/1105"),
        ("公司法", D(2020, 1, 1), "71", "公司法/84"),
        ("公司法", D(2020, 1, 1), "33", "公司法/57"),
        ("民事诉讼法", D(2018, 1, 1), "253", "民事诉讼法/264"),
        ("民事诉讼法", D(2022, 6, 1), "253", "民事诉讼法/257"),
        ("治安管理处罚法", D(2020, 1, 1), "43", "治安管理处罚法/51"),
        ("网络安全法", D(2020, 1, 1), "21", "网络安全法/23"),
    ],
)
def test_the_committed_tables_lead_where_people_need(
    law: str, on: D, number: str, now: str
) -> None:
    register = load_register()
    then = register.row(law, on)
    assert then is not None
    assert load_renumbering().successor(then, number, NOW, register) == now


def test_every_number_in_the_tables_exists_in_its_text() -> None:
    register = load_register()
    for table in read_tables(RENUMBERING):
        for law, passed, numbers in (
            (table.law, table.passed, table.articles),
            (table.to_law, table.to_passed, {n: () for t in table.articles.values() for n in t}),
        ):
            rows = [r for r in register.history(law) if same_day(r.version.passed, passed)]
            assert rows, (law, passed)
            if rows[0].numbers is not None:
                missing = [n for n in numbers if n not in rows[0].numbers]
                assert missing == [], (law, passed)
