"""The ledger of freshness: how far the base reaches and what in it is stale."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest

from knowledge_base.freshness import Coverage, coverage, draw
from knowledge_base.loader import ROOT, load
from knowledge_base.models import KnowledgeBase, Version
from knowledge_base.numbers import Numbers
from knowledge_base.renumbering import load_renumbering
from knowledge_base.verifier import Verifier, load_verifier
from knowledge_base.versions import Dated, Register, load_register

TODAY = dt.date(2026, 11, 26)


@pytest.fixture(scope="module")
def kb() -> KnowledgeBase:
    return load(ROOT)


def row(law: str, level: str, passed: dt.date, source: str) -> Dated:
    return Dated(Version(law, law, level, passed, None, source=source), Numbers.read("1..3"))


def test_a_source_reaches_to_its_newest_text_for_every_level_it_holds() -> None:
    register = Register(
        [
            row("甲法", "法律", dt.date(2026, 6, 1), "just-laws"),
            row("乙法", "法律", dt.date(2024, 1, 1), "lawrefbook"),
            row("丙条例", "行政法规", dt.date(2025, 4, 5), "lawrefbook"),
            row("丁规定", "司法解释", dt.date(2023, 1, 1), "lawrefbook"),
            row("戊规定", "司法解释", dt.date(2026, 9, 1), "docx"),
        ]
    )
    assert coverage(register).days == {
        "法律": dt.date(2026, 6, 1),
        "行政法规": dt.date(2025, 4, 5),
        "司法解释": dt.date(2025, 4, 5),
    }


def test_several_levels_reach_as_far_as_the_shortest() -> None:
    covered = Coverage({"法律": dt.date(2026, 6, 1), "司法解释": dt.date(2025, 4, 5)})
    assert covered.of({"法律", "司法解释"}) == dt.date(2025, 4, 5)
    assert covered.of({"法律"}) == dt.date(2026, 6, 1)
    assert covered.of({"法律", "部门规章"}) is None
    assert covered.of(set()) is None


def test_nothing_of_ours_is_stale_and_the_known_gaps_are_stated(kb: KnowledgeBase) -> None:
    lines = draw(kb, ROOT, load_verifier(), TODAY)
    assert {line.kind for line in lines} <= {"source", "coming", "gap"}
    gaps = " ".join(line.note for line in lines if line.kind == "gap")
    assert "法释〔2025〕12号" in gaps
    assert "司法部令第148号" in gaps


def test_a_law_changed_elsewhere_makes_what_cites_it_stale(kb: KnowledgeBase) -> None:
    newer = Dated(
        Version("劳动合同法", "劳动合同法", "法律", dt.date(2026, 10, 1), dt.date(2026, 11, 1)),
        Numbers.read("1..80"),
    )
    register = load_register().with_versions([newer])
    lines = draw(kb, ROOT, Verifier(register, load_renumbering()), TODAY)
    kinds = {line.kind for line in lines if "劳动合同法" in line.subject + line.note}
    assert {"law", "answer", "calculator"} <= kinds
    (law,) = [line for line in lines if line.kind == "law"]
    assert "现行是 2026-10-01" in law.note


def test_a_text_still_to_come_is_announced(kb: KnowledgeBase) -> None:
    coming = Dated(
        Version("劳动法", "劳动法", "法律", dt.date(2026, 11, 1), dt.date(2027, 5, 1)),
        Numbers.read("1..107"),
    )
    register = load_register().with_versions([coming])
    lines = draw(kb, ROOT, Verifier(register, load_renumbering()), TODAY)
    assert [(line.kind, line.note) for line in lines if line.subject == "劳动法"] == [
        ("coming", "2026-11-01 的文本 2027-05-01 起施行")
    ]


def test_an_answer_that_cites_repealed_law_is_listed(kb: KnowledgeBase) -> None:
    answer = next(iter(kb.answers.values()))
    wrong = replace(answer, conclusion="按《合同法》第一百零七条办。")
    stale = replace(kb, answers={**kb.answers, answer.id: wrong})
    lines = draw(stale, ROOT, load_verifier(), TODAY)
    assert [(line.subject, line.note) for line in lines if line.kind == "answer"] == [
        (answer.id, "合同法/107 已变动，现为 民法典/577")
    ]


def test_tests_that_cite_changed_law_are_listed(kb: KnowledgeBase, tmp_path: Path) -> None:
    (tmp_path / "test_x.py").write_text('assert key == "合同法/107"\n', encoding="utf-8")
    lines = draw(kb, ROOT, load_verifier(), TODAY, tmp_path)
    assert [line.subject for line in lines if line.kind == "test"] == ["test_x.py"]
