"""The tables of further questions: one article a line, or several that answer together."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from knowledge_base.check import check
from knowledge_base.loader import KnowledgeError, load
from knowledge_base.passages import passages

Write = Callable[[str], Path]


@pytest.fixture
def table(base: Path) -> Write:
    def written(text: str) -> Path:
        folder = base / "questions"
        folder.mkdir()
        (folder / "orchard.tsv").write_text(text, encoding="utf-8")
        return base

    return written


def test_a_question_stands_with_every_article_that_answers_it(table: Write) -> None:
    base = table(
        "果园管理法/3\t卖烂梨要退钱吗\t枣里有虫退不退\n"
        "果园管理法/3,果园管理法/3-1\t不给退烂果的店会怎样\n"
    )
    found = {p.key: p.questions for p in passages(load(base)) if p.kind == "article"}
    assert found["果园管理法/3"][-3:] == (
        "卖烂梨要退钱吗",
        "枣里有虫退不退",
        "不给退烂果的店会怎样",
    )
    assert found["果园管理法/3-1"][-1] == "不给退烂果的店会怎样"


def test_answers_cases_and_services_have_further_questions_too(table: Write) -> None:
    base = table(
        "answer:bad-fruit\t果子烂了咋整\n"
        "case:rotten-apples\t网上买的苹果都烂了\n"
        "service:9\t第九项在哪儿办\n"
    )
    found = {(p.kind, p.key): p.questions for p in passages(load(base))}
    assert "果子烂了咋整" in found["answer", "bad-fruit"]
    assert "网上买的苹果都烂了" in found["case", "rotten-apples"]
    assert "第九项在哪儿办" in found["service", "9"]
    assert check(base) == []


def test_an_entry_that_is_not_held_is_an_error(table: Write) -> None:
    (finding,) = check(table("answer:pears\t梨子烂了咋整\n"))
    assert (finding.level, finding.entry) == ("error", "answer:pears")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("果园管理法\t烂梨退不退", "果园管理法 不是条文编号"),
        ("果园管理法/3,梨\t烂梨退不退", "梨 不是条文编号"),
        ("果园管理法/3", "没有问法"),
        ("果园管理法/3\t退\t烂梨退不退", "问法要有 4 到 120 个字"),
    ],
)
def test_a_line_that_cannot_be_read_is_named(table: Write, line: str, told: str) -> None:
    with pytest.raises(KnowledgeError, match=f"questions/orchard.tsv，第 1 行：.*{told}"):
        load(table(line + "\n"))


def test_a_question_on_two_lines_is_a_warning(table: Write) -> None:
    base = table("劳动法/44\t加班给多少钱一小时\n劳动法/36,劳动法/44\t加班给多少钱一小时\n")
    (finding,) = check(base)
    assert finding.level == "warning"
    assert "问法也写在 劳动法/44：加班给多少钱一小时" in finding.problem


def test_an_article_that_is_not_in_force_is_an_error(table: Write) -> None:
    (finding,) = check(table("劳动法/44,劳动法/999\t加班给多少钱一小时\n"))
    assert (finding.level, finding.entry) == ("error", "劳动法/999")
