"""The commands around the law base as an operator types them."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from docx import Document

from tests.integration.lawbase.conftest import write_law
from tests.integration.test_cli import bot


def lines(data_dir: Path, command: str, rows: list[Any], **settings: str) -> list[dict[str, Any]]:
    file = data_dir / "in.jsonl"
    written = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
    file.write_text("\n".join(written) + "\n", encoding="utf-8")
    done = bot(data_dir, command, str(file), **settings)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_cite_judges_each_line_and_explains_the_wrong_ones(tmp_path: Path) -> None:
    found = lines(
        tmp_path,
        "cite",
        [
            {"id": "a", "text": "《合同法》第一百零七条", "on": "2026-11-23", "extra": 1},
            {"id": "b", "text": "《合同法》第一百零七条", "on": "2019-05-01"},
            {"id": 3, "text": "没有引用"},
            {"id": "d", "text": "民法典第1条", "on": "明天"},
            {"id": "e"},
            "不是 JSON",
            "[]",
            {"id": "h", "text": "字" * 20_001},
            {"id": "i", "text": "民法典第一条", "on": "2999-01-01"},
        ],
    )
    assert found[0] == {
        "id": "a",
        "citations": [{"key": "合同法/107", "status": "changed", "now": "民法典/577"}],
    }
    assert found[1]["citations"][0]["status"] == "in_force"
    assert found[2] == {"id": 3, "citations": []}
    assert [row["id"] for row in found[3:8]] == ["d", "e", None, None, "h"]
    assert all(row["error"] for row in found[3:8])
    assert found[8]["citations"] == [{"key": "民法典/1", "status": "in_force", "now": None}]


def test_law_gives_the_text_of_the_day(tmp_path: Path) -> None:
    found = lines(
        tmp_path,
        "law",
        [
            {"id": 1, "key": "治安管理处罚法/43", "on": "2025-12-31"},
            {"id": 2, "key": "民诉法/264", "on": "2026-02-01"},
            {"id": 3, "key": "合同法/107", "on": "2026-02-01"},
            {"id": 4, "key": "合同法/107", "on": "2019-02-01"},
            {"id": 5, "key": "不是编号"},
            {"id": 6},
            {"id": 7, "question": "2026年2月在网上骂人会被拘留吗", "on": "2026-02-10"},
            {"id": 8, "question": "在网上骂人会被拘留吗", "on": "2025-02-10"},
            {"id": 9, "question": "2025年3月在网上骂人会被拘留吗"},
            {"id": 10, "question": "旧治安管理处罚法第43条", "on": "2026-02-10"},
            {"id": 11, "question": "原合同法第107条怎么说", "on": "2026-02-10"},
        ],
    )
    first = found[0]["articles"][0]
    assert (first["version"], first["in_force_from"], first["in_force_until"]) == (
        "2012-10-26", "2013-01-01", "2026-01-01",
    )  # fmt: skip
    assert "二百元" in first["text"]
    assert found[1]["articles"][0]["law"] == "民事诉讼法"
    assert found[2]["articles"][0]["key"] == "民法典/577"
    lost = found[3]["articles"][0]
    assert (lost["key"], lost["text"]) == ("合同法/107", "")
    assert "没有收录" in lost["note"]
    assert "error" in found[4]
    assert "error" in found[5]
    for row, version in ((found[6], "2025-06-27"), (found[7], "2012-10-26")):
        best = row["articles"][0]
        assert (best["law"], best["version"]) == ("治安管理处罚法", version)
        assert len(row["articles"]) <= 5
    assert found[8]["articles"][0]["version"] == "2012-10-26"
    # Who names the edition means that text, whatever holds on the day.
    named = [row["articles"][0] for row in found[9:]]
    assert [(row["key"], row["version"]) for row in named] == [
        ("治安管理处罚法/43", "2012-10-26"),
        ("合同法/107", "1999-03-15"),
    ]


def test_texts_are_imported_compared_and_used(tmp_path: Path) -> None:
    book, just = tmp_path / "book", tmp_path / "just" / "social" / "orchard-law"
    write_law(book, "果园法")
    just.mkdir(parents=True)
    (just / "README.md").write_text(
        "---\n---\n\n# 中华人民共和国果园法\n\n2020年1月2日某会通过\n\n**第一条**　另有说法。\n\n"
        "**第二条**　略。\n\n**第三条**　处六百元以下罚款。\n\n"
        "**第四条**　本法自2020年6月1日起施行。\n",
        encoding="utf-8",
    )
    first = bot(tmp_path, "kb", "import", "lawrefbook", str(book))
    assert first.returncode == 0, first.stderr
    assert "1 个版本，4 条（新增 1，没变 0，撤下 0" in first.stderr
    assert bot(tmp_path, "kb", "import", "just-laws", str(tmp_path / "just")).returncode == 0
    again = bot(tmp_path, "kb", "import", "lawrefbook", str(book))
    assert "新增 0，没变 1" in again.stderr
    compared = bot(tmp_path, "kb", "differences")
    assert "果园法\t2020-01-02\t第3条" in compared.stdout
    found = lines(tmp_path, "law", [{"id": 1, "key": "果园法/3", "on": "2024-01-01"}])
    assert "六百元" in found[0]["articles"][0]["text"]
    assert lines(tmp_path, "cite", [{"id": 1, "text": "果园法第四条、第五条"}])[0]["citations"] == [
        {"key": "果园法/4", "status": "in_force", "now": None},
        {"key": "果园法/5", "status": "unknown", "now": None},
    ]


@pytest.mark.parametrize(
    ("source", "what"),
    [("lawrefbook", "没有的目录"), ("just-laws", "."), ("docx", "没有的.docx")],
)
def test_what_cannot_be_imported_is_said_in_one_line(
    tmp_path: Path, source: str, what: str
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    refused = bot(tmp_path, "kb", "import", source, str(empty / what))
    assert refused.returncode == 1
    assert "✗" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_problems_are_told_by_file_and_line(tmp_path: Path) -> None:
    book = tmp_path / "book"
    write_law(book, "果园法")
    write_law(book, "茶园法", encoding="gbk")
    done = bot(tmp_path, "kb", "import", "lawrefbook", str(book))
    assert "社会法/茶园法(2020-01-02).md:1" in done.stderr
    report = (tmp_path / "imports" / "lawrefbook.problems.tsv").read_text(encoding="utf-8")
    assert "社会法/茶园法(2020-01-02).md\t1\t不是 UTF-8 编码" in report


def test_the_ledger_is_printed_and_stored_and_nothing_of_ours_is_stale(tmp_path: Path) -> None:
    drawn = bot(tmp_path, "kb", "freshness")
    assert drawn.returncode == 0, drawn.stdout
    assert "法律库截至 2026-06-26：法律" in drawn.stdout
    assert "法释〔2025〕12号" in drawn.stdout
    assert "办理法律援助案件程序规定" in drawn.stdout
    assert "已存入数据库" in drawn.stderr
    looked = bot(tmp_path, "doctor", BOT_PORT="1", BOT_RASA_PORT="2")
    assert "核对过新旧" in looked.stderr


def test_odd_lines_are_explained_and_the_others_are_answered(tmp_path: Path) -> None:
    rows = [
        "\ufeff" + json.dumps({"id": 1, "text": "民法典第一条"}, ensure_ascii=False),
        '{"id": "\\ud800", "text": "民法典第一条"}',
        "[" * 100_000,
        {"id": True, "text": "民法典第一条"},
        {"id": 5, "text": "民法典第一条", "on": "20260101"},
        {"id": 6, "text": "甲\u2028民法典第一条"},
    ]
    found = lines(tmp_path, "cite", rows)
    assert [row.get("error") for row in found] == [
        None,
        "这一行不是 JSON，或含有不成字的编码",
        "这一行不是 JSON，或含有不成字的编码",
        "id 要是字符串或整数",
        "on 要写成 2026-11-23",
        None,
    ]


def test_a_key_that_is_none_and_one_that_did_not_hold_are_told_apart(tmp_path: Path) -> None:
    found = lines(
        tmp_path,
        "law",
        [
            {"id": 1, "key": "民法典577"},
            {"id": 2, "key": "民法典/" + "9" * 5000},
            {"id": 3, "key": "民法典/1300"},
            {"id": 4, "question": "公司法第71条", "on": "2024-06-30"},
        ],
    )
    assert found[0]["error"] == found[1]["error"] == "key 要写成 劳动合同法/82"
    assert found[2]["note"]
    assert found[3]["articles"][0]["key"] == "公司法/71"
    assert found[3]["articles"][0]["version"] == "2018-10-26"


@pytest.mark.parametrize("place", ["file", "read-only"])
def test_a_data_folder_that_cannot_be_used_is_said_in_one_line(tmp_path: Path, place: str) -> None:
    bad = tmp_path / "bad"
    if place == "file":
        bad.write_text("x")
    else:
        bad = Path("/proc/none")
    (tmp_path / "in.jsonl").write_text('{"id": 1, "text": "民法典第一条"}\n', encoding="utf-8")
    for command in (["cite", str(tmp_path / "in.jsonl")], ["kb", "freshness"]):
        refused = bot(bad, *command)
        assert refused.returncode == 1
        assert "✗" in refused.stderr
        assert "Traceback" not in refused.stderr


def test_a_locked_database_does_not_hinder_reading(tmp_path: Path) -> None:
    bot(tmp_path, "kb", "freshness")
    blocker = sqlite3.connect(tmp_path / "lawbridge.db", isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    found = lines(tmp_path, "cite", [{"id": 1, "text": "民法典第一条"}])
    assert found[0]["citations"][0]["status"] == "in_force"
    blocker.execute("ROLLBACK")
    blocker.close()


def test_a_bad_file_among_good_ones_is_no_success(tmp_path: Path) -> None:
    bad = tmp_path / "坏.docx"
    bad.write_text("不是", encoding="utf-8")
    good = Document()
    for line in ("果园法", "（2021年1月5日通过）", "第一条　甲乙丙丁。"):
        good.add_paragraph(line)
    good.save(str(tmp_path / "好.docx"))
    done = bot(tmp_path, "kb", "import", "docx", str(bad), str(tmp_path / "好.docx"))
    assert done.returncode == 1
    assert "有 1 个文件没有导入" in done.stderr
    found = lines(tmp_path, "law", [{"id": 1, "key": "果园法/1"}])
    assert found[0]["articles"][0]["text"] == "甲乙丙丁。"
