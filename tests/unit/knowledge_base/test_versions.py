"""Which text of a law was in force on a day, over made-up laws and the committed register."""

from __future__ import annotations

import datetime as dt
import itertools
from pathlib import Path

import pytest

from knowledge_base.check import DEFAULT_CORPORA
from knowledge_base.history import read_sources
from knowledge_base.lawnames import folded
from knowledge_base.models import Version
from knowledge_base.numbers import Numbers
from knowledge_base.versions import (
    Dated,
    Register,
    Repeal,
    in_force,
    load_register,
    load_repeals,
    read_rows,
    write_rows,
)

D = dt.date
LENDING = "最高人民法院关于审理民间借贷案件适用法律若干问题的规定"
INJURY = "最高人民法院关于审理人身损害赔偿案件适用法律若干问题的解释"


def row(law: str, passed: D, begins: D | None = None, numbers: str = "1..9") -> Dated:
    version = Version(law=law, title=law, level="法律", passed=passed, in_force_from=begins)
    return Dated(version, Numbers.read(numbers))


@pytest.fixture
def register() -> Register:
    rows = [
        row("果园法", D(2010, 3, 1), D(2010, 6, 1)),
        row("果园法", D(2020, 3, 1), D(2020, 6, 1)),
        row("果树条例", D(2000, 1, 1)),
        row("果园安全法", D(1993, 1, 1)),
        row("果园安全法", D(2015, 7, 1)),
    ]
    repeals = {
        "果树条例": Repeal("果园法", D(2010, 6, 1), "果园法/9"),
        "果园安全法": Repeal("果园法", D(2014, 11, 1), ""),
        "老条例": Repeal("果园法", D(2010, 6, 1), ""),
    }
    return Register(rows, repeals)


@pytest.mark.parametrize(
    ("on", "passed"),
    [
        (D(2010, 5, 31), None),
        (D(2010, 6, 1), D(2010, 3, 1)),
        (D(2020, 5, 31), D(2010, 3, 1)),
        (D(2020, 6, 1), D(2020, 3, 1)),
        (D(2999, 1, 1), D(2020, 3, 1)),
    ],
)
def test_a_version_holds_from_its_first_day_to_the_day_before_the_next(
    register: Register, on: D, passed: D | None
) -> None:
    found = register.in_force("果园法", on)
    assert (found.passed if found else None) == passed


def test_a_version_says_until_when_and_what_took_its_place(register: Register) -> None:
    found = register.in_force("果园法", D(2015, 1, 1))
    assert found is not None
    assert (found.in_force_until, found.superseded_by) == (D(2020, 6, 1), "果园法")


def test_a_repealed_law_ends_with_the_law_that_repealed_it(register: Register) -> None:
    before = register.in_force("果树条例", D(2010, 5, 31))
    assert before is not None
    assert (before.in_force_until, before.superseded_by) == (D(2010, 6, 1), "果园法")
    assert register.in_force("果树条例", D(2010, 6, 1)) is None
    assert register.repeal("果树条例") is not None


def test_a_later_law_of_the_same_name_is_not_repealed(register: Register) -> None:
    assert register.in_force("果园安全法", D(2014, 12, 1)) is None
    assert register.in_force("果园安全法", D(2016, 1, 1)) is not None
    assert register.repeal("果园安全法") is None


def test_a_law_known_only_by_its_repeal_is_known(register: Register) -> None:
    assert register.knows("老条例")
    assert not register.knows("从未有过的法")
    assert register.history("老条例") == ()


def test_imported_versions_join_the_register(register: Register) -> None:
    coming = row("果园法", D(2030, 1, 1), D(2030, 3, 1))
    joined = register.with_versions([coming, row("新法", D(2029, 1, 1))])
    assert joined.in_force("果园法", D(2030, 3, 1)) == coming.version
    old = joined.in_force("果园法", D(2030, 2, 28))
    assert old is not None
    assert old.in_force_until == D(2030, 3, 1)
    assert joined.knows("新法")
    assert len(joined) == len(register) + 2


def test_an_imported_version_dated_some_days_apart_is_the_same(register: Register) -> None:
    joined = register.with_versions([row("果园法", D(2020, 3, 20), D(2020, 6, 1), "1..99")])
    assert len(joined) == len(register)


def test_rows_are_read_as_they_were_written(tmp_path: Path) -> None:
    rows = [row("乙法", D(2001, 1, 1), None, "1..3,2-1"), row("甲法", D(2000, 1, 1), D(2000, 2, 1))]
    write_rows(tmp_path / "laws.tsv", rows)
    again = read_rows(tmp_path / "laws.tsv")
    assert {(r.version.law, r.version.in_force_from, str(r.numbers)) for r in again} == {
        ("乙法", None, "1..3,2-1"),
        ("甲法", D(2000, 2, 1), "1..9"),
    }


@pytest.mark.parametrize(
    "line", ["只有一列", "法\t法律\t不是日期\t\t1..3\t", "法\t法律\t\t\t一..三\t"]
)
def test_a_wrong_line_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "laws.tsv"
    path.write_text(f"表头\n{line}\n", encoding="utf-8")
    with pytest.raises(ValueError, match="第 2 行"):
        read_rows(path)


@pytest.mark.parametrize(
    ("law", "on", "passed", "begins"),
    [
        ("网络安全法", D(2026, 2, 1), D(2025, 10, 28), D(2026, 1, 1)),
        ("网络安全法", D(2025, 12, 31), D(2016, 11, 7), D(2017, 6, 1)),
        ("治安管理处罚法", D(2025, 12, 31), D(2012, 10, 26), D(2013, 1, 1)),
        ("治安管理处罚法", D(2026, 1, 1), D(2025, 6, 27), D(2026, 1, 1)),
        ("公司法", D(2024, 6, 30), D(2018, 10, 26), None),
        ("公司法", D(2024, 7, 1), D(2023, 12, 29), D(2024, 7, 1)),
        ("民事诉讼法", D(2021, 12, 31), D(2017, 6, 27), D(2017, 7, 1)),
        ("民事诉讼法", D(2022, 1, 1), D(2021, 12, 24), D(2022, 1, 1)),
        ("民事诉讼法", D(2024, 1, 1), D(2023, 9, 1), D(2024, 1, 1)),
        ("合同法", D(2020, 12, 31), D(1999, 3, 15), D(1999, 10, 1)),
        ("仲裁法", D(2026, 3, 1), D(2025, 9, 12), D(2026, 3, 1)),
        ("社会救助法", D(2026, 7, 1), D(2026, 4, 30), D(2026, 7, 1)),
        ("商标法", D(2026, 12, 31), D(2019, 4, 23), D(2019, 11, 1)),
        ("商标法", D(2027, 1, 1), D(2026, 6, 26), D(2027, 1, 1)),
        (LENDING, D(2020, 8, 19), D(2015, 8, 6), D(2015, 9, 1)),
        (LENDING, D(2020, 12, 31), D(2020, 8, 19), D(2020, 8, 20)),
        (INJURY, D(2022, 4, 30), D(2020, 12, 29), D(2021, 1, 1)),
        (INJURY, D(2022, 5, 1), D(2022, 4, 4), D(2022, 5, 1)),
    ],
)
def test_the_committed_register_knows_the_days_people_meet(
    law: str, on: D, passed: D, begins: D | None
) -> None:
    found = in_force(law, on)
    assert found is not None
    assert (found.passed, found.in_force_from) == (passed, begins)


@pytest.mark.parametrize("law", ["合同法", "婚姻法", "环境保护法", "民法通则", "担保法"])
def test_what_a_code_repealed_holds_no_longer(law: str) -> None:
    assert in_force(law, D(2026, 11, 26)) is None
    repeal = load_register().repeal(law)
    assert repeal is not None
    assert load_register().in_force(repeal.by, repeal.since) is not None


def test_versions_of_every_law_follow_one_another_without_overlap() -> None:
    register = load_register()
    assert len(register.laws) >= 1390
    for law in register.laws:
        rows = register.history(law)
        for earlier, later in itertools.pairwise(rows):
            until = earlier.version.in_force_until
            assert until is not None, law
            assert until <= later.begins, law


def test_every_repeal_is_told_by_the_article_it_names() -> None:
    if not DEFAULT_CORPORA.is_dir():
        pytest.skip("旁边没有法规全文目录 ../shared/corpora")
    texts: dict[str, str] = {}
    for report in read_sources(DEFAULT_CORPORA).values():
        for law in report.laws:
            for article in law.articles:
                key = f"{folded(law.version.law)}/{article.number}"
                texts[key] = texts.get(key, "") + (article.text or "")
    told = 0
    for law, repeal in load_repeals().items():
        if not repeal.basis:
            continue
        by, _, number = repeal.basis.rpartition("/")
        text = texts[f"{folded(by)}/{number}"]
        assert "废止" in text, law
        # Older texts name a decision by 〈〉 or leave its court out.
        core = folded(law).removeprefix("最高人民法院").removeprefix("、最高人民检察院")
        assert core.removeprefix("最高人民检察院") in folded(text).replace("〈", "").replace(
            "〉", ""
        ), law
        told += 1
    assert told > 150
