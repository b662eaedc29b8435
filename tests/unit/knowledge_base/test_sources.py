"""Reading statute texts, on made-up files and, where present, on the real collections."""

import datetime as dt
from pathlib import Path

import pytest

from knowledge_base.check import DEFAULT_CORPORA
from knowledge_base.models import Version
from knowledge_base.sources import SOURCES, Law, SourceReport, current


def _law(report: SourceReport, name: str) -> Law:
    return next(law for law in report.laws if law.version.law == name)


def test_lawrefbook_articles_keep_chapter_text_and_dates(corpora: Path) -> None:
    report = SOURCES["lawrefbook"](corpora / "lawrefbook")
    law = next(law for law in report.laws if law.file.endswith("(2020-01-01).md"))
    assert [a.number for a in law.articles] == ["1", "2", "3", "3-1", "4"]
    assert law.version.title == "中华人民共和国果园管理法"
    assert law.version.passed == dt.date(2020, 1, 1)
    assert law.version.in_force_from == dt.date(2020, 6, 1)
    assert law.articles[1].text == "本法所称果园，包括：\n（一）苹果园；\n（二）梨园。"
    assert law.articles[2].path == ("第二章 责任", "第一节 民事责任")
    assert law.articles[3].key == "果园管理法/3-1"


def test_cases_indexes_and_amendments_are_skipped_and_listed(corpora: Path) -> None:
    report = SOURCES["lawrefbook"](corpora / "lawrefbook")
    assert set(report.skipped) == {"社会法/_index.md", "案例/消费/烂梨案.md", "刑法/刑法修正案.md"}
    assert len(report.laws) + len(report.skipped) + 1 == report.files  # the code is in two files


def test_articles_on_one_line_are_split_but_references_are_not(corpora: Path) -> None:
    law = _law(SOURCES["lawrefbook"](corpora / "lawrefbook"), "飞行规则")
    assert [(a.number, a.text) for a in law.articles] == [
        ("1", "起飞。"),
        ("2", "降落。"),
        ("3", "依照第一条停放。"),
    ]


def test_the_code_is_one_law_in_the_order_of_its_articles(corpora: Path) -> None:
    law = _law(SOURCES["lawrefbook"](corpora / "lawrefbook"), "民法典")
    assert [a.number for a in law.articles] == ["1", "2", "3"]
    assert law.articles[2].path == ("合同编", "第一章 一般规定")


def test_texts_without_articles_and_tables_are_reported_by_line(corpora: Path) -> None:
    report = SOURCES["lawrefbook"](corpora / "lawrefbook")
    told = {(p.file, p.line): p.problem for p in report.problems}
    assert "表格" in told["司法解释/某批复(2000-01-02).md", 7]
    assert "没有第…条" in told["司法解释/某批复(2000-01-02).md", 1]
    assert "一、可以。" in _law(report, "某批复").preamble


def test_just_laws_reads_bold_articles_and_the_latest_amendment(corpora: Path) -> None:
    report = SOURCES["just-laws"](corpora / "just-laws")
    law = _law(report, "果园管理法")
    assert [a.number for a in law.articles] == ["1", "2", "3", "3-1", "4"]
    assert law.version.passed == dt.date(2025, 3, 1)
    # 自2020年6月1日起施行 is the first text's date, not that of the amendment.
    assert law.version.in_force_from is None
    assert [p.problem for p in report.problems] == ["附件从这里开始，不属于任何条"]


def test_supplementary_part_of_a_code_comes_last(corpora: Path) -> None:
    law = _law(SOURCES["just-laws"](corpora / "just-laws"), "某法典")
    assert [a.number for a in law.articles] == ["1", "2", "3"]
    assert law.articles[0].path == ("第一编　总则",)
    assert law.version.in_force_from == dt.date(2021, 1, 1)


def test_a_gap_in_the_numbering_is_reported(corpora: Path) -> None:
    path = corpora / "just-laws/social/orchard-law/README.md"
    text = path.read_text(encoding="utf-8").replace("**第二条**　", "")
    path.write_text(text, encoding="utf-8")
    report = SOURCES["just-laws"](corpora / "just-laws")
    assert any("没有第 2 条" in p.problem for p in report.problems)


def test_missing_folder_is_an_error(tmp_path: Path) -> None:
    for read in SOURCES.values():
        with pytest.raises(FileNotFoundError):
            read(tmp_path / "nowhere")


def _version(passed: int, begins: int | None = None, until: int | None = None) -> Version:
    return Version(
        law="果园法",
        title="果园法",
        level="法律",
        passed=dt.date(passed, 1, 1),
        in_force_from=dt.date(begins, 1, 1) if begins else None,
        in_force_until=dt.date(until, 1, 1) if until else None,
    )


def test_current_version_is_the_latest_in_force_on_the_day() -> None:
    old, new, coming = _version(2001), _version(2015, 2016), _version(2025, 2027)
    versions = [coming, old, new]
    assert current(versions, dt.date(2026, 11, 1)) == new
    assert current(versions, dt.date(2015, 6, 1)) == old
    assert current(versions, dt.date(2027, 1, 1)) == coming
    assert current(versions, dt.date(1999, 1, 1)) is None
    assert current([_version(2001, until=2021)], dt.date(2022, 1, 1)) is None


@pytest.mark.parametrize(
    ("source", "laws", "articles"), [("lawrefbook", 1390, 59_000), ("just-laws", 310, 24_000)]
)
def test_the_real_collections_are_read_whole(source: str, laws: int, articles: int) -> None:
    folder = DEFAULT_CORPORA / source
    if not folder.is_dir():
        pytest.skip(f"statute texts of {source} are not here")
    report = SOURCES[source](folder)
    assert len({law.version.law for law in report.laws}) >= laws
    assert report.articles >= articles
    assert len(report.laws) + len(report.skipped) <= report.files
    assert not any(article.text == "" for law in report.laws for article in law.articles)
