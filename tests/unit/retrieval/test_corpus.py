"""Imported statutes are merged onto the curated passages of the same article."""

from __future__ import annotations

import datetime as dt

from knowledge_base.models import Article, Passage, Version
from knowledge_base.sources import Law
from retrieval.corpus import articles_in_force, merge

_OLD = Version("某某法", "某某法", "法律", None, dt.date(2010, 1, 1), dt.date(2020, 1, 1))
_NEW = Version("某某法", "某某法", "法律", None, dt.date(2020, 1, 1))
_OURS = Passage("article", "某某法/2", "某某法第二条", "我们的话", "劳动", ("大白话怎么问",))


def _law(version: Version, *numbers: str) -> Law:
    articles = tuple(Article(n, version, text=f"{version.in_force_from}文本") for n in numbers)
    return Law(version, articles, "file.md")


def test_only_the_version_in_force_is_taken() -> None:
    laws = [_law(_OLD, "1", "2"), _law(_NEW, "1")]
    now = articles_in_force(laws, dt.date(2026, 1, 1))
    then = articles_in_force(laws, dt.date(2015, 1, 1))
    assert [(a.key, a.text) for a in now] == [("某某法/1", "2020-01-01文本")]
    assert [a.key for a in then] == ["某某法/1", "某某法/2"]


def test_a_statute_article_keeps_its_text_and_gains_our_words_and_questions() -> None:
    merged = merge([_OURS], _law(_NEW, "2").articles, {})
    assert [p.key for p in merged] == ["某某法/2"]
    assert merged[0].body == "2020-01-01文本"
    assert merged[0].questions == ("大白话怎么问", "我们的话")


def test_curated_passages_without_a_statute_stay() -> None:
    case = Passage("case", "some-case", "标题", "事实")
    merged = merge([_OURS, case], _law(_NEW, "7").articles, {})
    assert {p.key for p in merged} == {"某某法/7", "某某法/2", "some-case"}


def test_an_uncurated_article_takes_the_topic_of_its_curated_neighbour() -> None:
    merged = merge([_OURS], _law(_NEW, "3").articles, {})
    assert next(p for p in merged if p.key == "某某法/3").topic == "劳动"


def test_a_repealed_law_ends_on_the_day_of_its_repeal() -> None:
    version = Version("环境保护法", "环境保护法", "法律", dt.date(2014, 4, 24), dt.date(2015, 1, 1))
    (article,) = articles_in_force([_law(version, "1")], dt.date(2026, 11, 1))
    assert article.version.in_force_until == dt.date(2026, 8, 15)


def test_an_uncurated_article_brings_its_own_questions() -> None:
    asked = {"某某法/7": ("第七条怎么问",)}
    merged = merge([_OURS], _law(_NEW, "7").articles, asked)
    assert next(p for p in merged if p.key == "某某法/7").questions == ("第七条怎么问",)
