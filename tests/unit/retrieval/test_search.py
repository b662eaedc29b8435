"""What a visitor's question finds in a small base."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from knowledge_base.models import TOPICS, Kind
from retrieval.building import build
from retrieval.search import ALL, NOTHING, Searcher


@pytest.mark.parametrize(
    ("question", "kind", "key"),
    [
        ("上班三个月老板不跟我签合同", "article", "劳动合同法/82"),
        ("彩礼要二十万合理不", "article", "民法典/1042"),
        ("遛彎被一條狗咬傷", "article", "民法典/1245"),
        ("拖着工资不给去哪里投诉", "answer", "wage-arrears"),
        ("没钱请律师", "service", "9"),
    ],
)
def test_a_lay_question_finds_its_passage(
    searcher: Searcher, question: str, kind: Kind, key: str
) -> None:
    assert searcher.search(question, kinds={kind}).hits[0].key == key


def test_hits_come_best_first_and_no_more_than_asked(searcher: Searcher) -> None:
    hits = searcher.search("狗咬人", limit=2).hits
    assert len(hits) == 2
    assert hits[0].score >= hits[1].score
    assert 0 < hits[0].score <= 1


def test_only_the_kinds_asked_for_are_found(searcher: Searcher) -> None:
    hits = searcher.search("狗咬人要赔吗", kinds={"case", "service"}).hits
    assert {hit.kind for hit in hits} <= {"case", "service"}
    assert hits[0].key == "dog-bite"


def test_a_repealed_article_is_found_for_its_time_only(searcher: Searcher) -> None:
    def keys(day: dt.date) -> set[str]:
        return {hit.key for hit in searcher.search("借婚姻要钱要物", on=day).hits}

    assert "婚姻法/3" in keys(dt.date(2020, 12, 31))
    assert "民法典/1042" not in keys(dt.date(2020, 12, 31))
    assert "婚姻法/3" not in keys(dt.date(2021, 1, 1))
    assert "民法典/1042" in keys(dt.date(2021, 1, 1))


def test_topics_are_voted_by_the_best_passages(searcher: Searcher) -> None:
    result = searcher.search("狗咬伤人谁赔医药费")
    assert result.topic == "人身损害"
    assert sum(result.topic_scores.values()) == pytest.approx(1.0, abs=1e-4)
    assert set(result.topic_scores) <= set(TOPICS)


def test_confidence_is_higher_for_a_known_question_than_for_small_talk(searcher: Searcher) -> None:
    known = searcher.search("没签劳动合同能要双倍工资吗").confidence
    talk = searcher.search("今天天气真好呀").confidence
    assert 0 <= talk < known <= 1


@pytest.mark.parametrize("query", ["", "   ", "😀😀", "？！……", "\u0000", "\ud83d", "的了吗"])
def test_a_query_without_words_finds_nothing(searcher: Searcher, query: str) -> None:
    found = searcher.search(query)
    assert replace(found, reason=None) == NOTHING
    assert found.reason == ("no_words" if query.strip() else "empty")


def test_a_very_long_query_is_cut_to_512_characters(searcher: Searcher) -> None:
    start = "没签劳动合同" * 90
    assert searcher.search(start + "狗咬人" * 3000).hits == searcher.search(start[:512]).hits


def test_an_index_without_passages_finds_nothing(tmp_path: Path) -> None:
    build((), tmp_path)
    found = Searcher.load(tmp_path).search("没签劳动合同")
    assert (found.hits, found.reason) == ((), "no_match")


def test_threads_find_what_one_thread_finds(searcher: Searcher) -> None:
    questions = ["没签合同", "狗咬人", "彩礼", "拖欠工资", "请不起律师"] * 8
    alone = [searcher.search(question) for question in questions]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(searcher.search, questions))
    assert together == alone


def test_serving_imports_no_torch(tiny_index: Path) -> None:
    code = (
        "import sys, pathlib; from retrieval.search import Searcher;"
        f"r = Searcher.load(pathlib.Path({str(tiny_index)!r})).search('没签合同');"
        "assert r.hits;"
        "print([m for m in ('torch', 'sentence_transformers', 'transformers', 'gensim')"
        " if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_all_kinds_are_searched_by_default(searcher: Searcher) -> None:
    found = {hit.kind for hit in searcher.search("狗咬人 工资 律师 合同", limit=20).hits}
    assert found == ALL


@pytest.mark.parametrize(
    "query", ["狗", "2024", "12345678", "abc def", "狗dog犬イヌ개", "合同\u200b没签", "‮狗咬人"]
)
def test_odd_queries_give_a_result_or_a_reason(searcher: Searcher, query: str) -> None:
    found = searcher.search(query)
    assert bool(found.hits) != (found.reason is not None)


def test_a_hundred_thousand_characters_are_answered(searcher: Searcher) -> None:
    assert searcher.search("没签劳动合同，" * 15_000).hits[0].key == "劳动合同法/82"
