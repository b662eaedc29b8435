"""The register as it is derived from statute sources."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from knowledge_base.history import derive, main, read_known, read_sources
from knowledge_base.models import Article, Version
from knowledge_base.numbers import Numbers
from knowledge_base.sources.text import Law, events_in
from knowledge_base.versions import Dated, read_rows

D = dt.date


def law(passed: D, source: str, numbers: str, begins: D | None = None, level: str = "法律") -> Law:
    version = Version("甲法", "甲法", level, passed, begins, source=source)
    articles = tuple(Article(n, version, text="文") for n in numbers.split())
    return Law(version, articles, f"{source}.md")


def test_headers_tell_of_versions_that_no_source_holds(corpora: Path) -> None:
    laws = [one for report in read_sources(corpora).values() for one in report.laws]
    rows = [r for r in derive(laws, []) if r.version.law == "果园管理法"]
    told = [(r.version.passed, r.numbers is not None, r.version.source) for r in rows]
    assert told == [
        (D(2010, 1, 1), True, "lawrefbook"),
        (D(2020, 1, 1), True, "lawrefbook"),
        (D(2025, 3, 1), True, "just-laws"),
    ]


def test_one_version_in_two_sources_is_one_row_with_the_fuller_numbers() -> None:
    rows = derive([law(D(2022, 4, 4), "a", "1 2"), law(D(2022, 4, 24), "b", "1 2 3")], [])
    assert [(str(r.numbers), r.version.source) for r in rows] == [("1..3", "a,b")]


def test_interpretations_revised_for_the_code_hold_from_its_first_day() -> None:
    rows = derive([law(D(2020, 12, 29), "a", "1", level="司法解释")], [])
    assert rows[0].version.in_force_from == D(2021, 1, 1)


def test_known_facts_fill_what_the_text_does_not_say_and_never_replace_it() -> None:
    fact = Dated(Version("甲法", "甲法", "法律", D(2022, 4, 1), D(2022, 9, 1)), Numbers.of(["1"]))
    (row,) = derive([law(D(2022, 4, 4), "a", "1 2")], [fact])
    assert (row.version.in_force_from, str(row.numbers)) == (D(2022, 9, 1), "1..2")


def test_amendments_and_revisions_of_a_header_are_told_apart() -> None:
    header = [
        "1994年8月31日某会通过",
        "根据2009年8月27日某会《关于修改〈2008年某法〉的决定》第一次修正",
        "2025年9月12日某会修订",
        "第十四届会议",
    ]
    assert [(e.on.year, e.kind) for e in events_in(header)] == [
        (1994, "enacted"),
        (2009, "amended"),
        (2025, "revised"),
    ]


def test_passing_and_publication_of_one_text_are_one_event() -> None:
    header = ["2019年12月20日 某会通过", "2020年1月1日 公布"]
    assert [e.on for e in events_in(header)] == [D(2020, 1, 1)]


def test_known_facts_are_readable_and_dated() -> None:
    known = read_known()
    assert len(known) > 80
    assert all(k.version.passed and k.version.in_force_from for k in known)
    assert all(k.version.passed <= k.version.in_force_from for k in known)


def test_the_command_writes_the_register_and_refuses_a_missing_folder(
    corpora: Path, tmp_path: Path
) -> None:
    out = tmp_path / "laws.tsv"
    assert main(["--corpora", str(corpora), "--out", str(out)]) == 0
    assert any(r.version.law == "果园管理法" for r in read_rows(out))
    assert main(["--corpora", str(tmp_path / "none"), "--out", str(out)]) == 2
