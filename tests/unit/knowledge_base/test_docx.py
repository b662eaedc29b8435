"""Reading .docx files in the form of the national law database."""

from __future__ import annotations

import datetime as dt
import zipfile
from pathlib import Path

import pytest
from docx import Document

from knowledge_base.sources import NotASource, docx
from knowledge_base.sources.docx import read_files

LINES = (
    "中华人民共和国果园管理法",
    "（2019年12月20日第十三届全国人民代表大会常务委员会第十五次会议通过　"
    "根据2025年3月1日第十四届全国人民代表大会常务委员会第十四次会议"
    "《关于修改〈中华人民共和国果园管理法〉的决定》修正）",
    "目　　录",
    "第一章　总　　则",
    "第二章　法律责任",
    "第一章　总　　则",
    "第一条　为了管理果园，制定本法。",
    "第二条　本法所称果园，包括：",
    "（一）苹果园；",
    "（二）梨园。",
    "第二章　法律责任",
    "第三条　卖变质果品的，处五千元以下罚款。",
    "第三条之一　拒绝退款的，由主管部门责令改正。",
    "第四条　本法自2020年6月1日起施行。",
)


def write(path: Path, lines: tuple[str, ...] = LINES) -> Path:
    document = Document()
    for line in lines:
        document.add_paragraph(line)
    document.save(str(path))
    return path


def test_title_days_chapters_articles_and_items_are_read(tmp_path: Path) -> None:
    report = read_files([write(tmp_path / "果园管理法.docx")])
    (law,) = report.laws
    assert law.version.law == "果园管理法"
    assert law.version.level == "法律"
    assert law.version.passed == dt.date(2025, 3, 1)
    # 2020年6月1日 is the day of the first text, not of the amendment.
    assert law.version.in_force_from is None
    assert [a.number for a in law.articles] == ["1", "2", "3", "3-1", "4"]
    assert law.articles[1].text == "本法所称果园，包括：\n（一）苹果园；\n（二）梨园。"
    assert law.articles[2].path == ("第二章　法律责任",)
    assert report.problems == ()


def test_the_day_of_entry_into_force_in_the_bracket_counts(tmp_path: Path) -> None:
    lines = list(LINES)
    lines[0] = "最高人民法院关于审理果园纠纷案件适用法律若干问题的解释"
    lines[1] = "（2025年3月1日最高人民法院审判委员会第1900次会议通过，自2025年5月1日起施行）"
    (law,) = read_files([write(tmp_path / "a.docx", tuple(lines))]).laws
    assert law.version.level == "司法解释"
    assert law.version.in_force_from == dt.date(2025, 5, 1)


def test_a_law_without_contents_or_chapters_is_read(tmp_path: Path) -> None:
    lines = ("果园办法", "（2021年1月5日公布）", "第一条　甲乙丙丁。", "第二条　戊己庚辛。")
    (law,) = read_files([write(tmp_path / "a.docx", lines)]).laws
    assert [a.number for a in law.articles] == ["1", "2"]


def test_a_file_that_is_no_docx_is_reported_and_the_others_are_kept(tmp_path: Path) -> None:
    fake = tmp_path / "假的.docx"
    fake.write_text("不是压缩包", encoding="utf-8")
    report = read_files([fake, write(tmp_path / "真的.docx"), tmp_path / "没有.docx"])
    assert len(report.laws) == 1
    assert {(p.file, p.problem) for p in report.problems} == {
        ("假的.docx", "不是 .docx 文件，或文件不完整"),
        ("没有.docx", "没有这个文件"),
    }


def test_a_truncated_docx_is_refused_in_words(tmp_path: Path) -> None:
    path = write(tmp_path / "a.docx")
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(NotASource, match="文件不完整"):
        read_files([path])


def test_a_document_that_is_no_statute_is_refused_in_words(tmp_path: Path) -> None:
    path = write(tmp_path / "信.docx", ("你好，" * 20, "这是一封信。" * 20))
    with pytest.raises(NotASource, match="没有认得的法规标题和条文"):
        read_files([path])


def test_an_archive_that_unpacks_to_too_much_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docx, "LARGEST", 1000)
    with pytest.raises(NotASource, match="太大"):
        read_files([write(tmp_path / "a.docx")])


def test_a_zip_without_a_document_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.docx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.txt", "甲")
    with pytest.raises(NotASource, match=r"不是 \.docx"):
        read_files([path])


def test_a_law_without_articles_is_reported(tmp_path: Path) -> None:
    lines = ("某批复", "（2021年1月5日公布）", "一、可以。", "二、不可以。")
    report = read_files([write(tmp_path / "a.docx", lines)])
    assert any("没有第…条" in p.problem for p in report.problems)


@pytest.mark.parametrize(
    ("title", "dates", "said"),
    [
        ("", "", "没有找到法规标题"),
        ("果园管理法（草案）", "（2021年1月5日公布）", "草案"),
        ("果园管理法", "", "不能确定是哪个版本"),
        ("江苏省果园条例", "（2021年1月5日公布）", "地方性法规"),
    ],
)
def test_what_is_no_dated_national_law_is_refused(
    tmp_path: Path, title: str, dates: str, said: str
) -> None:
    lines = tuple(filter(None, (title, dates, "第一条　甲乙丙丁。", "第二条　戊己庚辛。")))
    with pytest.raises(NotASource, match=said):
        read_files([write(tmp_path / "a.docx", lines)])


def test_the_day_of_entry_into_force_is_no_day_of_passing(tmp_path: Path) -> None:
    lines = list(LINES)
    lines[1] = "（2025年9月18日某会通过，自2026年1月1日起施行）"
    (law,) = read_files([write(tmp_path / "a.docx", tuple(lines))]).laws
    assert law.version.passed == dt.date(2025, 9, 18)
    assert law.version.in_force_from == dt.date(2026, 1, 1)


def test_a_damaged_document_beside_good_ones_is_one_problem(tmp_path: Path) -> None:
    good, bad = write(tmp_path / "好.docx"), tmp_path / "坏.docx"
    with zipfile.ZipFile(good) as source, zipfile.ZipFile(bad, "w") as target:
        for member in source.infolist():
            body = source.read(member)
            cut = body[: len(body) // 2] if member.filename.endswith("document.xml") else body
            target.writestr(member, cut)
    report = read_files([bad, good])
    assert len(report.laws) == 1
    assert [p.file for p in report.problems] == ["坏.docx"]
