"""The letters: what stands in them, that no words break them, and templates of the office's own."""

from __future__ import annotations

import datetime as dt
import re
import runpy
import shutil
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from docx import Document

from bot.aid.form import load_form
from bot.aid.paperwork import PaperItem, PaperState
from bot.domain.aid import AidState, Application
from bot.errors import BrokenTemplate
from bot.letters.service import TEMPLATES, Letter, LetterKind, Letters, load_words
from knowledge_base.rules.aid_periods import TERMINATION_HEADS

ROOT = Path(__file__).resolve().parents[3]
AT = dt.datetime(2026, 11, 23, 1, tzinfo=dt.UTC)
ON, DUE = dt.date(2026, 11, 30), dt.date(2026, 12, 8)
IDENTITY, PHONE = "11010519491231002X", "13800138000"
FIELDS = {
    "for_whom": "我自己",
    "matter": "讨要工资",
    "name": "张小明",
    "id_number": IDENTITY,
    "phone": PHONE,
    "place": "云南省昆明市官渡区",
    "address": "官渡区某小区3栋502",
    "opponent": "城东建筑公司",
    "facts": "去年三月到六月在城东工地干活，老板拖欠工资两万元。",
    "request": "要回工资两万元",
    "evidence": "暂时没有",
    "deadline": "2026-12-01",
    "group": "农民工",
    "pledge": "同意",
}
ITEMS = (
    PaperItem(1, "identity", "身份证明", "拍照就行。", False, PaperState.OPEN, DUE, None),
    PaperItem(2, "own.1", "工头的电话", "", False, PaperState.OPEN, DUE, None),
)
AGENT = {"for_whom": "我的未成年孩子", "agent_name": "张大明", "agent_relation": "父亲或母亲"}


def application(urgent: str = "", **fields: str) -> Application:
    return Application(
        "FY20261123-0001-7",
        None,
        AidState.SUBMITTED,
        "讨要工资",
        {**FIELDS, **fields},
        AT,
        AT,
        ON,
        urgent=urgent,
    )


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "letters"
    folder.mkdir()
    return folder


@pytest.fixture
def letters(own: Path) -> Letters:
    return Letters(TEMPLATES, own, "示范县司法局")


def write(letters: Letters, kind: LetterKind, **other: Any) -> Letter:
    given: dict[str, Any] = {
        "reasons": "对方没有欠您工资，劳动监察大队已经查清。",
        "items": ITEMS,
        "due_on": DUE,
        "ground": "48(4)" if kind is LetterKind.TERMINATION else "",
        "office": "示范县法律援助中心",
        "lawyer": "李律师",
    }
    subject = other.pop("subject", application())
    return letters.write(kind, subject, on=ON, **{**given, **other})


def text_of(letter: Letter) -> str:
    """Return what a reader sees, paragraph by paragraph, tables in their place."""
    document = Document(BytesIO(letter.body))
    shown = []
    for block in document.iter_inner_content():
        if hasattr(block, "rows"):
            for row in block.rows:
                cells = dict.fromkeys(cell.text for cell in row.cells)
                shown.append(" | ".join(cells))
        else:
            shown.append(block.text)
    return "\n".join(shown)


def make_own(own: Path, kind: LetterKind, *paragraphs: str) -> None:
    document = Document()
    for words in paragraphs:
        document.add_paragraph(words)
    document.save(str(own / kind.file))


# --- what stands in them ----------------------------------------------------------------------


@pytest.mark.parametrize("kind", list(LetterKind))
def test_every_letter_opens_in_word_and_is_filled(letters: Letters, kind: LetterKind) -> None:
    letter = write(letters, kind)
    shown = text_of(letter)
    assert shown.startswith(letters.title(kind))
    assert "FY20261123-0001-7" in shown
    assert "张小明" in shown
    assert not re.search(r"{{|}}|{%|%}", shown)
    assert letter.name == f"{letters.title(kind)}-FY20261123-0001-7.docx"
    assert letter.mime.endswith("wordprocessingml.document")


@pytest.mark.parametrize("kind", list(LetterKind))
def test_a_letter_is_on_a4_in_chinese_fonts(letters: Letters, kind: LetterKind) -> None:
    body = write(letters, kind).body
    section = Document(BytesIO(body)).sections[0]
    assert (round(section.page_width.cm, 1), round(section.page_height.cm, 1)) == (21.0, 29.7)
    with zipfile.ZipFile(BytesIO(body)) as package:
        document = package.read("word/document.xml").decode()
        fonts = package.read("word/fontTable.xml").decode()
    assert 'w:eastAsia="仿宋"' in document
    assert 'w:eastAsia="宋体"' in document
    assert "FangSong" in fonts
    assert "SimSun" in fonts


@pytest.mark.parametrize("kind", list(LetterKind))
def test_the_law_names_whole_names_and_numbers(letters: Letters, kind: LetterKind) -> None:
    shown = text_of(write(letters, kind))
    assert "*" not in shown
    if kind is not LetterKind.NOTICE:
        assert IDENTITY in shown


def test_the_form_holds_every_answer_and_says_where_it_comes_from(letters: Letters) -> None:
    shown = text_of(write(letters, LetterKind.APPLICATION))
    told = {k: v for k, v in FIELDS.items() if k not in ("for_whom", "deadline")}
    assert [value for value in told.values() if value not in shown] == []
    assert "2026年12月1日" in shown
    assert "申请日期：2026年11月23日" in shown
    assert "本表由申请人填写的内容自动生成" in shown
    assert "AI" not in shown
    assert "1．身份证明：拍照就行。" in shown
    assert "需要的材料" not in text_of(write(letters, LetterKind.APPLICATION, items=()))


def test_the_form_shows_only_what_was_asked(letters: Letters) -> None:
    alone = text_of(write(letters, LetterKind.APPLICATION))
    assert "与申请人关系" not in alone
    assert "关押地点" not in alone
    other = write(letters, LetterKind.APPLICATION, subject=application(**AGENT))
    assert "代办人 | 张大明 | 与申请人关系 | 父亲或母亲" in text_of(other)


def test_every_question_of_the_form_can_be_written_in_a_template() -> None:
    named = load_words().get("fields")
    assert list(named) == [field.key for field in load_form().fields]
    assert len(set(named.values())) == len(named)


def test_the_notice_lists_everything_with_the_day(letters: Letters) -> None:
    shown = text_of(write(letters, LetterKind.NOTICE, reasons=""))
    assert "1．身份证明：拍照就行。" in shown
    assert "2．工头的电话\n" in shown
    assert "2026年12月8日前" in shown
    assert "视为撤回申请" in shown
    assert "不予" not in shown


def test_a_refusal_gives_reasons_and_says_how_to_object(letters: Letters) -> None:
    shown = text_of(write(letters, LetterKind.REFUSAL))
    assert "劳动监察大队已经查清" in shown
    for words in ("司法行政部门（示范县司法局）", "五日内", "行政复议", "行政诉讼", "第四十九条"):
        assert words in shown


@pytest.mark.parametrize("head", list(TERMINATION_HEADS))
def test_an_end_names_its_head(letters: Letters, head: str) -> None:
    shown = text_of(write(letters, LetterKind.TERMINATION, ground=head))
    number = "一二三四五六七八"[int(head[3]) - 1]
    assert f"第四十八条第一款第{number}项：{TERMINATION_HEADS[head]}。" in shown
    by_words = write(letters, LetterKind.TERMINATION, ground=TERMINATION_HEADS[head])
    assert text_of(by_words) == shown
    assert "第四十九条" in shown


def test_urgent_aid_comes_before_its_papers(letters: Letters) -> None:
    urgent = application("44(1)")
    shown = text_of(write(letters, LetterKind.GRANT, subject=urgent))
    assert "《法律援助法》第四十四条第一款第一项，决定先行提供法律援助" in shown
    assert "请在2026年12月8日前补交" in shown
    complete = text_of(write(letters, LetterKind.GRANT, subject=urgent, items=()))
    assert "先行提供" not in complete
    assert "补交" not in complete


def test_without_an_office_the_bureau_stands_for_it(letters: Letters) -> None:
    shown = text_of(write(letters, LetterKind.GRANT, office=""))
    assert "示范县司法局法律援助机构（印章）" in shown


# --- words that could break them --------------------------------------------------------------

HOSTILE = (
    "{{ 7 * 7 }} {% for x in y %} {# 注 #}",
    "<w:p>甲&乙</w:p> ]]> <!-- -->",
    "引号\"'“”‘’",
    "\x00\x07\x0b\x0c\x1b乙\ufffe\ud800丙",
    "𠮷\U000e0001\u202e反",
    "长" * 20000,
)


@pytest.mark.parametrize("kind", list(LetterKind))
@pytest.mark.parametrize("words", HOSTILE, ids=lambda words: ascii(words[:8]))
def test_no_words_break_a_letter(letters: Letters, kind: LetterKind, words: str) -> None:
    hostile = application(name=words[:20], facts=words, opponent=words, address=words)
    shown = text_of(write(letters, kind, subject=hostile, reasons=words, lawyer=words))
    assert shown.startswith(letters.title(kind))
    assert "49" not in re.sub(r"1949|第四十九条", "", shown.replace(IDENTITY, ""))
    # All that can stand in a document stands there as it was written.
    visible = re.sub(r"[\x00-\x1f\ufffe\ud800\U000e0001\u202e]+", "\n", words).strip().split("\n")
    places = {LetterKind.APPLICATION, LetterKind.ASSIGNMENT}
    if kind in places | {LetterKind.REFUSAL, LetterKind.TERMINATION}:
        assert [part for part in visible if part.strip() not in shown] == []


def test_each_line_is_a_paragraph_of_its_own(letters: Letters) -> None:
    reasons = "第一，没有证据。\r\n\n　　第二，期限已过。\n"
    document = Document(BytesIO(write(letters, LetterKind.REFUSAL, reasons=reasons).body))
    paragraphs = [
        p for p in document.paragraphs if p.text in ("第一，没有证据。", "第二，期限已过。")
    ]
    assert len(paragraphs) == 2
    indents = {p.paragraph_format.first_line_indent for p in paragraphs}
    assert len(indents) == 1
    assert indents != {None}


def test_rare_characters_of_names_stay(letters: Letters) -> None:
    # For private use, as older systems wrote them, and newer than the Unicode of this Python.
    name = "\ue863\U00030edd\u4dae"
    shown = text_of(write(letters, LetterKind.GRANT, subject=application(name=name)))
    assert f"受援人：{name}，" in shown


# --- templates of the office's own ------------------------------------------------------------


def test_an_own_template_stands_in_for_ours_file_by_file(letters: Letters, own: Path) -> None:
    make_own(own, LetterKind.REFUSAL, "本中心：{{ 姓名 }}，{{ 理由 }}", "{{ 日期 }}")
    assert text_of(write(letters, LetterKind.REFUSAL, reasons="没有证据")) == (
        "本中心：张小明，没有证据\n2026年11月30日"
    )
    assert text_of(write(letters, LetterKind.GRANT)).startswith("给予法律援助决定书")
    assert letters.own_templates() == ("refusal.docx",)
    assert letters.problems() == ()


def test_a_copy_of_ours_works_as_an_own_one(letters: Letters, own: Path) -> None:
    for kind in LetterKind:
        shutil.copy(TEMPLATES / kind.file, own / kind.file)
    assert letters.problems() == ()
    assert len(letters.own_templates()) == len(LetterKind)


@pytest.mark.parametrize(
    ("paragraphs", "says"),
    [
        (("{{ 申请人姓名 }}",), "里面写的“申请人姓名”不是可以填的内容"),
        (("{{ 姓名",), "花括号里的写法不对"),
        (("{%p if 理由 %}", "没有结束"), "花括号里的写法不对"),
        (("{% for 材料 in 材料清单 %}{{ 材料.价格 }}{% endfor %}",), "“价格”"),
        (("{{ 姓名.__class__.__mro__ }}",), "花括号里的写法不对"),
    ],
)
def test_a_broken_template_is_named_and_said_what_to_do_with(
    letters: Letters, own: Path, paragraphs: tuple[str, ...], says: str
) -> None:
    make_own(own, LetterKind.NOTICE, *paragraphs)
    with pytest.raises(BrokenTemplate) as caught:
        write(letters, LetterKind.NOTICE)
    assert "notice.docx" in caught.value.detail
    assert says in caught.value.detail
    assert "移走" in caught.value.detail
    assert letters.problems() == (caught.value.detail,)


@pytest.mark.parametrize("body", [b"", b"not a document", b"PK\x05\x06" + bytes(18)])
def test_a_file_that_is_no_document_is_named(letters: Letters, own: Path, body: bytes) -> None:
    (own / "grant.docx").write_bytes(body)
    with pytest.raises(BrokenTemplate) as caught:
        write(letters, LetterKind.GRANT)
    assert "grant.docx" in caught.value.detail
    assert "打不开" in caught.value.detail


def test_a_condition_across_a_table_is_found_and_not_repaired_away(
    letters: Letters, own: Path
) -> None:
    document = Document()
    cell = document.add_table(rows=1, cols=1).rows[0].cells[0]
    cell.text = "{%tc if 理由 %}"
    document.add_paragraph("{{ 姓名 }}{%p endif %}")
    document.save(str(own / "grant.docx"))
    assert any("grant.docx" in problem for problem in letters.problems())


def test_a_file_with_another_name_is_pointed_out(letters: Letters, own: Path) -> None:
    (own / "不予决定书.docx").write_bytes(b"x")
    (own / "~$refusal.docx").write_bytes(b"x")
    (own / "说明.txt").write_text("x")
    (problem,) = letters.problems()
    assert "不予决定书.docx" in problem
    assert "refusal.docx" in problem


def test_without_a_directory_of_its_own_the_office_uses_ours(tmp_path: Path) -> None:
    for own in (None, tmp_path / "nowhere"):
        letters = Letters(TEMPLATES, own, "示范县司法局")
        assert letters.problems() == ()
        assert letters.own_templates() == ()
        assert text_of(write(letters, LetterKind.GRANT)).startswith("给予法律援助决定书")


# --- the committed files ----------------------------------------------------------------------


def test_the_committed_templates_are_what_the_script_makes(tmp_path: Path) -> None:
    script = runpy.run_path(str(ROOT / "scripts" / "make_letter_templates.py"))
    script["main"](tmp_path)
    made = {path.name: parts(path) for path in tmp_path.iterdir()}
    assert made == {path.name: parts(path) for path in TEMPLATES.iterdir()}
    assert set(made) == {kind.file for kind in LetterKind}


def parts(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as package:
        return {name: package.read(name) for name in package.namelist() if name.endswith(".xml")}


def test_the_document_names_everything_that_can_be_written() -> None:
    words = load_words()
    text = (ROOT / "docs" / "letters.md").read_text(encoding="utf-8")
    names = [*words.get("placeholders").values(), *words.get("fields").values()]
    assert [name for name in names if f"`{name}`" not in text] == []
    assert len(names) == len(set(names))
    assert [kind.file for kind in LetterKind if f"`{kind.file}`" not in text] == []
